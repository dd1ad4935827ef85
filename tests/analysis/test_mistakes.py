from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from engine.analysis.files.places import analysed_splits
from engine.analysis.mistakes import MistakesView, means, normalised
from engine.analysis.store.store import AnalysisStore, open_store
from engine.errors import UnknownNameError

VIEWS = {
    "mistakes": (MistakesView(), lambda row: not row["correct"]),
    "cell": (
        MistakesView(labels=("fear",), predicted=("sad",)),
        lambda row: (row["label"], row["predicted"]) == ("fear", "sad") and not row["correct"],
    ),
    "right": (MistakesView(labels=("happy", "sad"), answered="right"),
              lambda row: row["label"] in {"happy", "sad"} and row["correct"]),
    "range": (
        MistakesView(answered="all", ranges=(("confidence", 0.4, None), ("margin", None, 0.2))),
        lambda row: row["confidence"] >= 0.4 and row["margin"] <= 0.2,
    ),
    "text": (MistakesView(answered="all", text="TEST_1"), lambda row: "test_1" in row["id"].lower()),
    "suspect": (MistakesView(answered="all", suspicious=True), lambda row: row["suspicion"] > 0),
}  # fmt: skip


@pytest.fixture(scope="module")
def store(analysed_store: Path) -> AnalysisStore:
    return open_store(("cbam", "baseline"), "fer2013", "private", folder=analysed_store)


@pytest.fixture(scope="module")
def rows(analysed_store: Path) -> list[dict]:  # type: ignore[type-arg]
    return pq.read_table(analysed_store / "cbam/analysis/fer2013-private/predictions.parquet").to_pylist()


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_asks_for_what_it_says(name: str, store: AnalysisStore, rows: list[dict]) -> None:  # type: ignore[type-arg]
    view, holds = VIEWS[name]
    found = store.rows(view.gallery(), sort=view.order(), limit=None).table.to_pylist()
    assert [row["id"] for row in found] == [row["id"] for row in rows if holds(row)]


@pytest.mark.parametrize("descending", [True, False])
def test_the_order_is_the_columns(store: AnalysisStore, descending: bool) -> None:
    view = MistakesView(answered="all", sort="loss", descending=descending)
    losses = store.rows(view.gallery(), sort=view.order(), limit=None).table["loss"].to_pylist()
    assert losses == sorted(losses, reverse=descending)
    assert len(losses) == 14


def test_every_cell_of_the_matrix_counts_its_gallery(store: AnalysisStore) -> None:
    view = MistakesView(labels=("angry",), ranges=(("confidence", 0.3, None),))
    matrix = store.confusion(view.matrix())
    assert matrix.sum() == store.count(MistakesView(answered="all", ranges=view.ranges).gallery())
    for row, label in enumerate(store.classes):
        for column, answer in enumerate(store.classes):
            cell = MistakesView(
                labels=(label,), predicted=(answer,), answered="right" if row == column else "wrong", ranges=view.ranges
            )
            assert store.count(cell.gallery()) == matrix[row, column]
            assert cell.cell == (label, answer)


def test_means_are_over_the_pictures(store: AnalysisStore, rows: list[dict]) -> None:  # type: ignore[type-arg]
    found = means(store, ("confidence", "gradcam.predicted.mass.mouth"), MistakesView(answered="all").gallery())
    assert found.pictures == 14
    assert found.means["confidence"] == pytest.approx(np.mean([row["confidence"] for row in rows]))
    masses = [row["gradcam.predicted.mass.mouth"] for row in rows]
    assert found.means["gradcam.predicted.mass.mouth"] == pytest.approx(np.mean([m for m in masses if m is not None]))
    nothing = means(store, ("loss",), MistakesView(text="no such id").gallery())
    assert nothing.pictures == 0
    assert np.isnan(nothing.means["loss"])


def test_shares_are_of_rows_or_columns() -> None:
    counts = np.array([[3, 1], [0, 0]], np.int64)
    np.testing.assert_array_equal(normalised(counts, "counts"), counts)
    np.testing.assert_array_equal(normalised(counts, "of true"), [[0.75, 0.25], [np.nan, np.nan]])
    np.testing.assert_array_equal(normalised(counts, "of answers"), [[1, 1], [0, 0]])
    with pytest.raises(UnknownNameError, match="of rows"):
        normalised(counts, "of rows")


def test_wrong_choices_are_sentences() -> None:
    with pytest.raises(UnknownNameError, match="wrong, right, all"):
        MistakesView(answered="maybe").gallery()
    with pytest.raises(UnknownNameError, match="confidence, loss"):
        MistakesView(sort="colour").order()


def test_what_is_analysed_is_listed(analysed: Path) -> None:
    (found,) = analysed_splits(analysed, ("cbam", "baseline"))
    assert (found.name, found.dataset, found.models) == ("fer2013-private", "fer2013", ("baseline", "cbam"))
    # A folder that lacks one file of three is listed: opening it says which. One with other results is none.
    (analysed / "cbam/analysis/fer2013-private/predictions.parquet").unlink()
    (analysed / "baseline/analysis/synthetic-test").mkdir()
    (analysed / "baseline/analysis/synthetic-test/evidence-plain.json").write_text("{}")
    assert analysed_splits(analysed, ("cbam", "baseline")) == (found,)
    assert analysed_splits(analysed, ()) == ()


def test_true_may_be_what_most_people_saw() -> None:
    view = MistakesView(labels=("sad",), predicted=("fear",), truth="majority", agreement=("clear",), side=("model",))
    asked = view.gallery()
    assert (asked.majority, asked.labels, asked.predicted) == (("sad",), (), ("fear",))
    assert (asked.as_people, asked.correct) == (False, None)
    assert (asked.agreement, asked.side) == (("clear",), ("model",))
    assert view.matrix().majority == ()
    assert (view.pictures().agreement, view.pictures().side) == ((), ())
    label = MistakesView(labels=("sad",), answered="right").gallery()
    assert (label.labels, label.correct, label.majority, label.as_people) == (("sad",), True, (), None)
    order = MistakesView(sort="voters_entropy").order()
    assert order is not None
    assert order.column.name == "voters_entropy"

"""Every answer is compared with pandas over the same files."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.analysis.comparison import compare_stored
from engine.analysis.files.places import FORMAT
from engine.analysis.files.predictions import PredictionSource, look_at, write_rows
from engine.analysis.store.query import Column, Filter, Range, Sort
from engine.analysis.store.store import AnalysisStore
from engine.benchmarks.store import generate_store
from engine.errors import DataError, UnknownNameError, UsageError
from engine.labels import EMOTIONS

ROWS = 2_500


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnalysisStore]:
    opened = generate_store(tmp_path_factory.mktemp("store"), ROWS, seed=3)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def frame(store: AnalysisStore) -> pd.DataFrame:
    """Both models' columns beside each other: ``<column>|one`` and ``<column>|two``."""
    one, two = (pq.read_table(source.file).to_pandas() for source in store.sources)
    for table in (one, two):
        for name in ("label", "predicted", "suggested", "source"):
            table[name] = table[name].astype(object)
    return one.add_suffix("|one").join(two.add_suffix("|two"))


def f32(value: float) -> np.float32:
    return np.float32(value)


def alike(d: pd.DataFrame) -> pd.Series:
    """Whether a picture of other pixels has the same near group."""
    found: pd.Series = d.groupby("near_group|one")["duplicate_group|one"].transform("nunique") > 1
    assert 0 < found.sum() < 0.5 * len(d)
    return found


FILTERS: dict[str, tuple[Filter, Callable[[pd.DataFrame], pd.Series]]] = {
    "everything": (Filter(), lambda d: d["id|one"].notna()),
    "labels": (Filter(labels=("fear", "sad")), lambda d: d["label|one"].isin(["fear", "sad"])),
    "predicted": (Filter(predicted=("happy",)), lambda d: d["predicted|one"] == "happy"),
    "predicted by the second": (Filter(predicted=("happy",), model="two"), lambda d: d["predicted|two"] == "happy"),
    "a cell": (
        Filter(labels=("fear",), predicted=("sad",)),
        lambda d: (d["label|one"] == "fear") & (d["predicted|one"] == "sad"),
    ),
    "wrong": (Filter(correct=False), lambda d: ~d["correct|one"]),
    "right, second": (Filter(correct=True, model="two"), lambda d: d["correct|two"]),
    "confidence": (
        Filter(ranges=(Range(Column("confidence"), 0.4, 0.9),)),
        lambda d: d["confidence|one"].between(f32(0.4), f32(0.9)),
    ),
    "loss from": (Filter(ranges=(Range(Column("loss", "two"), low=1.5),)), lambda d: d["loss|two"] >= f32(1.5)),
    "margin to": (Filter(ranges=(Range(Column("margin"), high=-0.2),)), lambda d: d["margin|one"] <= f32(-0.2)),
    "two ranges": (
        Filter(ranges=(Range(Column("p_sad"), 0.2), Range(Column("p_fear", "two"), high=0.1))),
        lambda d: (d["p_sad|one"] >= f32(0.2)) & (d["p_fear|two"] <= f32(0.1)),
    ),
    "a gate": (
        Filter(ranges=(Range(Column("block4.spatial.mass.mouth", "two"), 0.25, 0.5),)),
        lambda d: d["block4.spatial.mass.mouth|two"].between(f32(0.25), f32(0.5)),
    ),
    "agree": (Filter(agree=True), lambda d: d["predicted|one"] == d["predicted|two"]),
    "disagree": (Filter(agree=False), lambda d: d["predicted|one"] != d["predicted|two"]),
    "copies": (Filter(copies="only"), lambda d: d["duplicate_group|one"].duplicated(keep=False)),
    "near copies": (Filter(near="only"), alike),
    "one of each that look alike": (Filter(near="first"), lambda d: ~d["near_group|one"].duplicated()),
    "one of each": (Filter(copies="first"), lambda d: ~d["duplicate_group|one"].duplicated()),
    "in train": (Filter(in_train=True), lambda d: d["in_train|one"].astype(bool)),
    "suspicious": (Filter(suspicious=True, model="two"), lambda d: d["suspicion|two"] > 0),
    "unsuspicious": (Filter(suspicious=False), lambda d: d["suspicion|one"] == 0),
    "text": (Filter(text="SAD/0000012"), lambda d: d["id|one"].str.lower().str.contains("sad/0000012", regex=False)),
    "text is no pattern": (Filter(text="%_.*"), lambda d: d["id|one"].isna()),
    "all at once": (
        Filter(
            labels=("happy", "neutral"), correct=True, agree=False, in_train=False, suspicious=False, text="1",
            copies="first", ranges=(Range(Column("confidence"), 0.3),),
        ),
        lambda d: d["label|one"].isin(["happy", "neutral"]) & d["correct|one"]
        & (d["predicted|one"] != d["predicted|two"]) & ~d["in_train|one"].astype(bool) & (d["suspicion|one"] == 0)
        & d["id|one"].str.contains("1") & ~d["duplicate_group|one"].duplicated() & (d["confidence|one"] >= f32(0.3)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILTERS)
def test_filters_equal_brute_force(store: AnalysisStore, frame: pd.DataFrame, name: str) -> None:
    asked, brute = FILTERS[name]
    expected = frame[brute(frame)]
    assert bool(len(expected)) is (name != "text is no pattern")
    assert store.count(asked) == len(expected)
    page = store.rows(asked, columns=[Column("id")], limit=None)
    assert page.table["id"].to_pylist() == expected["id|one"].tolist()
    assert page.total == len(expected)
    for model in ("one", "two"):
        confusion = np.zeros((7, 7), int)
        for label, answer in zip(expected["label|one"], expected[f"predicted|{model}"], strict=True):
            confusion[EMOTIONS.index(label), EMOTIONS.index(answer)] += 1
        assert (store.confusion(asked, model=model) == confusion).all()


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("column", [Column("loss"), Column("predicted", "two"), Column("block1.channel.peak")])
def test_sorting_and_paging(store: AnalysisStore, frame: pd.DataFrame, column: Column, *, descending: bool) -> None:
    key = f"{column.name}|{column.model or 'one'}"
    expected = frame.sort_values(key, ascending=not descending, kind="stable")["id|one"].tolist()
    if descending:  # pandas turns equal ones round, too
        order = frame[key].rank(method="dense", ascending=False).to_numpy()
        expected = frame["id|one"].iloc[np.argsort(order, kind="stable")].tolist()
    found: list[str] = []
    for offset in range(0, ROWS, 700):
        page = store.rows(sort=Sort(column, descending), columns=[Column("id")], offset=offset, limit=700)
        assert page.total == ROWS
        assert page.offset == offset
        found += page.table["id"].to_pylist()
    assert found == expected


def test_missing_values_come_last_and_are_in_no_range(tmp_path: Path, store: AnalysisStore) -> None:
    table = pq.read_table(store.sources[0].file).slice(0, 4)
    name = "gradcam.true.entropy"
    place = table.schema.get_field_index(name)
    table = table.set_column(place, name, pa.array([0.5, None, 0.1, None], pa.float32()))
    small = AnalysisStore([written(tmp_path, "one", table)])
    ids = table["id"].to_pylist()
    for descending, order in ((False, [2, 0, 1, 3]), (True, [0, 2, 1, 3])):
        page = small.rows(sort=Sort(Column(name), descending), columns=[Column("id")])
        assert page.table["id"].to_pylist() == [ids[k] for k in order]
    assert small.count(Filter(ranges=(Range(Column(name)),))) == 2
    means = small.class_means([Column(name)])[0]
    assert means.count.sum() == 2


def test_the_columns_of_a_page(store: AnalysisStore, frame: pd.DataFrame) -> None:
    wanted = [Column("id"), Column("predicted"), Column("predicted", "two"), Column("block2.spatial.entropy", "two")]
    table = store.rows(columns=wanted, limit=3).table
    assert table.column_names == ["id", "predicted", "predicted|two", "block2.spatial.entropy|two"]
    assert table["predicted|two"].to_pylist() == frame["predicted|two"].head(3).tolist()
    entropies = frame["block2.spatial.entropy|two"].head(3).tolist()
    assert table["block2.spatial.entropy|two"].to_pylist() == pytest.approx(entropies)
    assert set(store.rows(limit=1).table.column_names) == set(store.sources[0].core)


@pytest.mark.parametrize("by", ["label", "predicted"])
def test_class_means(store: AnalysisStore, frame: pd.DataFrame, by: str) -> None:
    columns = [Column("loss"), Column("block3.spatial.mass.eyes", "two")]
    found = store.class_means(columns, Filter(correct=False), by=by, model="two")  # type: ignore[arg-type]
    own = frame[~frame["correct|one"]]
    for means, key in zip(found, ("loss|one", "block3.spatial.mass.eyes|two"), strict=True):
        groups = own.groupby(f"{by}|two" if by == "predicted" else "label|one")[key]
        for k, name in enumerate(EMOTIONS):
            values = groups.get_group(name).astype(float)
            assert means.count[k] == len(values)
            assert means.mean[k] == pytest.approx(values.mean())
            assert means.deviation[k] == pytest.approx(values.std())


def test_classes_without_pictures_have_no_mean(store: AnalysisStore) -> None:
    means = store.class_means([Column("loss")], Filter(labels=("sad",)))[0]
    sad = EMOTIONS.index("sad")
    assert means.count[sad] > 0
    assert means.count.sum() == means.count[sad]
    assert math.isnan(means.mean[0])


def test_one_picture_with_everything(store: AnalysisStore, frame: pd.DataFrame) -> None:
    row = frame.iloc[1234]
    for model in ("one", "two"):
        found = store.picture(row["id|one"], model)
        assert set(found) == set(store.columns(model))
        assert found["loss"] == pytest.approx(row[f"loss|{model}"])
        assert found["block4.spatial.entropy"] == pytest.approx(row[f"block4.spatial.entropy|{model}"])
    with pytest.raises(UnknownNameError, match="picture 'nothing'"):
        store.picture("nothing")


def written(
    folder: Path, model: str, table: pa.Table, classes: tuple[str, ...] = EMOTIONS, **change: pa.Array
) -> PredictionSource:
    for name, values in change.items():
        table = table.set_column(table.schema.get_field_index(name), name, values)
    write_rows(folder / f"{model}.parquet", [table], {"format": FORMAT, "classes": classes, "pictures": len(table)})
    return look_at(model, folder / f"{model}.parquet", f"make {model}")


def test_models_are_joined_by_id_not_by_place(tmp_path: Path, store: AnalysisStore) -> None:
    table = pq.read_table(store.sources[0].file)
    part = table.slice(100, 50).take(pa.array(range(49, -1, -1)))
    loss = pa.array(np.arange(50, dtype=np.float32))
    joined = AnalysisStore([written(tmp_path, "a", table), written(tmp_path, "b", part, loss=loss)])
    assert joined.count() == 50
    page = joined.rows(columns=[Column("id"), Column("loss", "b"), Column("block1.spatial.entropy", "b")]).table
    assert page["id"].to_pylist() == table["id"].slice(100, 50).to_pylist()
    assert page["loss|b"].to_pylist() == list(range(49, -1, -1))
    own = table["block1.spatial.entropy"].slice(100, 50).to_pylist()
    assert page["block1.spatial.entropy|b"].to_pylist() == own
    assert joined.picture(page["id"][0].as_py(), "b")["loss"] == 49.0


def test_models_whose_classes_have_another_order_are_compared_by_their_words(
    tmp_path: Path, store: AnalysisStore
) -> None:
    table = pq.read_table(store.sources[0].file).slice(0, 60)
    loss = pa.array(np.zeros(60, dtype=np.float32))
    answers = pa.array([EMOTIONS[number % 7] for number in range(60)])
    first = written(tmp_path, "a", table)
    as_first = AnalysisStore([first, written(tmp_path, "b", table, predicted=answers, loss=loss)])
    turned = AnalysisStore([first, written(tmp_path, "c", table, EMOTIONS[::-1], predicted=answers, loss=loss)])
    assert turned.classes == EMOTIONS
    plain, other = (compare_stored(both).comparison for both in (as_first, turned))
    names = {"models": None, "verdict": None}
    assert {**other.as_dict(), **names} == {**plain.as_dict(), **names}
    assert 0 < other.accuracy.second < 1


def test_models_that_cannot_be_compared_are_refused(tmp_path: Path, store: AnalysisStore) -> None:
    table = pq.read_table(store.sources[0].file).slice(0, 10)
    first = written(tmp_path, "a", table)
    two, angry = tuple(EMOTIONS[:6]), pa.array(["angry"] * 10)
    with pytest.raises(DataError, match=r"'a' knows angry, .* 'b' knows .* compare models of the same classes"):
        AnalysisStore(
            [
                first,
                written(
                    tmp_path,
                    "b",
                    table,
                    two,
                    **dict.fromkeys(("label", "predicted"), angry),
                    suggested=pa.nulls(10, pa.string()),
                ),
            ]
        )
    moved = pa.array(["x" + name for name in table["id"].to_pylist()])
    with pytest.raises(DataError, match="a, c have no picture in common"):
        AnalysisStore([first, written(tmp_path, "c", table, id=moved)])
    labels = table["label"].to_pylist()
    labels[2:4] = ["happy" if label != "happy" else "sad" for label in labels[2:4]]
    with pytest.raises(DataError, match=r"different data: 2 pictures have different labels.*make d"):
        AnalysisStore([first, written(tmp_path, "d", table, label=pa.array(labels).dictionary_encode())])
    with pytest.raises(UsageError, match="distinct"):
        AnalysisStore([first, first])
    with pytest.raises(UsageError, match="none"):
        AnalysisStore([])


def test_wrong_questions(store: AnalysisStore) -> None:
    with pytest.raises(UsageError, match="limit of 1"):
        store.rows(limit=0)
    with pytest.raises(UnknownNameError, match="column 'colour'"):
        store.rows(sort=Sort(Column("colour")))
    with pytest.raises(UsageError, match="average, got 'label'"):
        store.class_means([Column("label")])
    with pytest.raises(UnknownNameError, match="valid: label, predicted"):
        store.class_means([Column("loss")], by="id; DROP TABLE joined")  # type: ignore[arg-type]


def test_threads_may_share_it(tmp_path: Path) -> None:
    shared = generate_store(tmp_path, 2_000)
    failures: list[BaseException] = []

    def ask(number: int) -> None:
        try:
            for k in range(6):
                column = Column(f"block{1 + (number + k) % 4}.spatial.mass.eyes", ("one", "two")[k % 2])
                assert shared.class_means([column])[0].count.sum() == 2_000
                assert shared.rows(sort=Sort(column), limit=5).total == 2_000
        except BaseException as error:  # noqa: BLE001 - told to the main thread
            failures.append(error)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def _written(folder: Path, model: str, near: list[int | None] | None, dataset: str = "made") -> PredictionSource:
    """Eight pictures, 0 and 1 of equal pixels; ``near`` None is a file of before near copies were looked for."""
    (folder / model).mkdir()
    generate_store(folder / model, 8, seed=1).close()
    table = pq.read_table(folder / model / "one.parquet")
    at = table.column_names.index("duplicate_group")
    table = table.set_column(at, "duplicate_group", pa.array([0, 0, 2, 3, 4, 5, 6, 7]))
    table = table.drop_columns(["near_group"])
    if near is not None:
        table = table.append_column("near_group", pa.array(near, pa.int64()))
    file = folder / f"{model}.parquet"
    write_rows(file, [table], {"format": FORMAT, "classes": list(EMOTIONS), "pictures": 8, "dataset": dataset})
    return look_at(model, file, f"python -m engine analyze --model {model}")


def _ids(store: AnalysisStore, where: Filter) -> list[int]:
    return [int(name[-8:-4]) for name in store.rows(where).table["id"].to_pylist()]


def test_near_copies_are_no_exact_ones(tmp_path: Path) -> None:
    store = AnalysisStore([_written(tmp_path, "new", [0, 0, 1, 1, 1, 2, 3, 4])])
    assert store.no_near == ""
    assert _ids(store, Filter(near="only")) == [2, 3, 4]  # 0 and 1 look alike because they are the same
    assert _ids(store, Filter(near="first")) == [0, 2, 5, 6, 7]
    assert _ids(store, Filter(copies="only")) == [0, 1]
    assert "near_group" in store.rows(limit=1).table.column_names


def test_an_exact_copy_of_a_near_one_is_near_too(tmp_path: Path) -> None:
    store = AnalysisStore([_written(tmp_path, "new", [0, 0, 0, 1, 2, 3, 4, 5])])
    assert _ids(store, Filter(near="only")) == [0, 1, 2]


def test_files_of_before_work_and_say_how_to_get_them(tmp_path: Path) -> None:
    old = AnalysisStore([_written(tmp_path, "old", None)])
    assert old.count() == 8
    assert _ids(old, Filter(copies="only")) == [0, 1]
    assert "near_group" not in old.rows(limit=1).table.column_names
    with pytest.raises(UsageError, match=r"'old' is older .* make it again with: python -m engine analyze --model old"):
        old.count(Filter(near="only"))
    assert old.no_near.endswith("--model old")
    # A newer analysis of the same pictures beside it knows for both.
    both = AnalysisStore([old.sources[0], _written(tmp_path, "new", [0, 0, 1, 1, 2, 3, 4, 5])])
    assert _ids(both, Filter(near="only")) == [2, 3]


def test_where_they_are_not_looked_for_it_is_said(tmp_path: Path) -> None:
    store = AnalysisStore([_written(tmp_path, "drawn", [None] * 8)])
    with pytest.raises(UsageError, match="each was drawn by itself"):
        store.count(Filter(near="first"))
    assert store.count() == 8
    older = AnalysisStore([_written(tmp_path, "older", None, "synthetic")])
    assert "each was drawn by itself" in older.no_near  # making it again would not change that

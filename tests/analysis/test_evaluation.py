from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

from engine.analysis.evaluation import evaluation, no_temperature, stored_answers
from engine.analysis.files.places import PREDICTIONS
from engine.analysis.files.sums import tell_sum
from engine.analysis.store.store import open_store
from engine.statistics.calibration import fit_temperature


def file_of(folder: Path, split: str = "private") -> Path:
    return folder / "cbam" / "analysis" / f"fer2013-{split}" / PREDICTIONS


def edit(file: Path, **columns: object) -> None:
    table = pq.read_table(file)
    for name, values in columns.items():
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, pa.array(values, table.schema.field(name).type))
    pq.write_table(table, file)
    tell_sum(file)


def test_answers_come_as_they_were_stored(analysed: Path) -> None:
    table = pq.read_table(file_of(analysed))
    answers = stored_answers(open_store(["cbam"], "fer2013", "private", folder=analysed))
    assert (answers.model, answers.dataset, answers.split) == ("cbam", "fer2013", "private")
    assert list(answers.ids) == table["id"].to_pylist()
    assert [answers.classes[k] for k in answers.labels] == table["label"].to_pylist()
    assert [answers.classes[k] for k in answers.predicted] == table["predicted"].to_pylist()
    np.testing.assert_allclose(answers.probabilities.sum(1), 1, atol=1e-5)
    np.testing.assert_array_equal(answers.places[:, 1], table["y"].to_numpy())


def test_the_figures_are_those_of_the_stored_answers(analysed: Path) -> None:
    found = evaluation(open_store(["cbam"], "fer2013", "private", folder=analysed))
    answers = found.answers
    assert found.figures.accuracy.mean == pytest.approx(accuracy_score(answers.labels, answers.predicted))
    assert found.figures.macro_f1.mean == pytest.approx(
        f1_score(answers.labels, answers.predicted, average="macro", zero_division=0, labels=range(7))
    )
    assert found.roc.macro.area == pytest.approx(
        roc_auc_score(answers.labels, answers.probabilities, multi_class="ovr", average="macro"), abs=1e-6
    )
    assert (found.temperature, found.after) == (None, None)
    document = found.as_dict()
    json.dumps(document, allow_nan=False)
    assert document["calibration"]["before"]["n"] == 14
    assert set(document["auc"]) == {*answers.classes, "macro", "micro"}


def test_subsets_leave_out_copies(analysed: Path) -> None:
    edit(
        file_of(analysed),
        duplicate_group=[0, 0, 0, *range(3, 14)],
        in_train=[False, True, False, *[False] * 11],
    )
    store = open_store(["cbam"], "fer2013", "private", folder=analysed)
    whole, distinct, clean = evaluation(store).subsets
    right = [bool(value) for value in pq.read_table(file_of(analysed))["correct"].to_pylist()]
    assert whole.figures is not None
    assert distinct.figures is not None
    assert clean.figures is not None
    assert (whole.left_out, distinct.left_out, clean.left_out) == (0, 2, 1)
    assert distinct.figures.accuracy.mean == pytest.approx((right[0] + sum(right[3:])) / 12)
    assert clean.figures.accuracy.mean == pytest.approx((sum(right) - right[1]) / 13)


def test_unknown_training_copies_have_no_figures(analysed: Path) -> None:
    edit(file_of(analysed), in_train=[None] * 14)
    clean = evaluation(open_store(["cbam"], "fer2013", "private", folder=analysed)).subsets[2]
    assert (clean.figures, clean.left_out) == (None, 0)


def as_val(folder: Path) -> None:
    """Let a second analysis stand for val, its answers made too sure."""
    place = file_of(folder, "val").parent
    shutil.copytree(file_of(folder).parent, place)
    table = pq.read_table(place / PREDICTIONS)
    metadata = {**json.loads(table.schema.metadata[b"ferlens"]), "split": "val"}
    pq.write_table(table.replace_schema_metadata({b"ferlens": json.dumps(metadata).encode()}), place / PREDICTIONS)
    tell_sum(place / PREDICTIONS)


def test_the_temperature_is_fitted_on_val_and_never_shown_on_it(analysed: Path) -> None:
    as_val(analysed)
    val = open_store(["cbam"], "fer2013", "val", folder=analysed)
    found = evaluation(open_store(["cbam"], "fer2013", "private", folder=analysed), val)
    answers = stored_answers(val)
    assert found.temperature == fit_temperature(answers.probabilities, answers.labels)
    assert found.after is not None
    assert found.after.nll_nats == pytest.approx(found.temperature.nll_after)  # here val has the same answers
    assert found.after.accuracy == found.before.accuracy
    assert evaluation(val, val).temperature is None


def test_why_there_is_no_temperature() -> None:
    said, command = no_temperature("cbam", "fer2013", "private")
    assert "fitted on val alone" in said
    assert command == "python -m engine analyze --model cbam --dataset fer2013 --split val --no-gradcam"
    assert no_temperature("cbam", "fer2013", "val")[1] == ""

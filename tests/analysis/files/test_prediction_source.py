from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.analysis.files.places import PREDICTIONS
from engine.analysis.files.predictions import find_predictions
from engine.analysis.files.sums import tell_sum
from engine.analysis.store.query import Column
from engine.analysis.store.store import AnalysisStore, open_store
from engine.errors import DataError, UnknownNameError

AGAIN = "python -m engine analyze --model cbam --dataset fer2013 --split private --force"
GATE = Column("block4.spatial.entropy", "cbam")


def file_of(folder: Path, model: str = "cbam") -> Path:
    return folder / model / "analysis" / "fer2013-private" / PREDICTIONS


def test_what_it_says(analysed: Path) -> None:
    baseline, cbam = find_predictions(["baseline", "cbam"], "fer2013", "private", folder=analysed)
    assert (baseline.model, cbam.model) == ("baseline", "cbam")
    assert cbam.rows == 14
    assert cbam.classes[0] == "angry"
    assert cbam.kinds["block4.spatial.entropy"] == "number"
    assert (cbam.kinds["label"], cbam.kinds["correct"]) == ("text", "flag")
    assert "block4.spatial.entropy" not in baseline.kinds
    assert not any("." in name for name in cbam.core)
    row = cbam.row(13)
    assert row["id"] == pq.read_table(cbam.file)["id"][13].as_py()
    assert set(row) == set(cbam.kinds)


def test_rows_are_found_in_later_row_groups(analysed: Path) -> None:
    file = file_of(analysed)
    table = pq.read_table(file)
    pq.write_table(table, file, row_group_size=5)
    tell_sum(file)
    source = find_predictions(["cbam"], "fer2013", "private", folder=analysed)[0]
    assert [source.row(k)["id"] for k in (0, 4, 5, 13)] == [table["id"][k].as_py() for k in (0, 4, 5, 13)]


def rewrite(file: Path, **change: object) -> None:
    table = pq.read_table(file)
    metadata = {**json.loads(table.schema.metadata[b"ferlens"]), **change}
    pq.write_table(table.replace_schema_metadata({b"ferlens": json.dumps(metadata).encode()}), file)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("missing", "There is no 'fer2013-private/predictions.parquet' of 'cbam'; make it with: "),
        ("empty", "'fer2013-private/predictions.parquet' of 'cbam' is damaged"),
        ("cut", "is damaged"),
        ("text", "is damaged"),
        ("column", "is damaged"),
        ("rows", "is damaged"),
        ("foreign", "is damaged"),
        ("older", "of 'cbam' was made by an older FERLens (this one reads format 1); make it again with: "),
        (
            "newer",
            "of 'cbam' was made by a newer FERLens (format 2; this one reads 1); get a newer FERLens, or make it",
        ),
        ("no format", "was made by an older FERLens"),
        ("weights", "was made with other weights than the checkpoint has now"),
        ("pages", "is damaged"),
        ("gate", "is damaged"),
    ],
)
def test_what_cannot_be_used_says_which_and_how_to_make_it_again(analysed: Path, how: str, says: str) -> None:
    file = file_of(analysed)
    whole = file.read_bytes()
    table = pq.read_table(file)
    if how == "missing":
        file.unlink()
    elif how in {"empty", "cut", "text"}:
        file.write_bytes({"empty": b"", "cut": whole[: len(whole) // 2], "text": b"id,label\n" * 99}[how])
    elif how == "column":
        pq.write_table(table.drop_columns(["loss"]), file)
    elif how == "rows":
        pq.write_table(table.slice(1), file)
    elif how == "foreign":
        pq.write_table(table.replace_schema_metadata({}), file)
    elif how in {"older", "newer", "no format"}:
        rewrite(file, format={"older": 0, "newer": 2, "no format": None}[how])
    elif how == "weights":
        rewrite(file, weights_sha256="0" * 64)
    else:
        name = "confidence" if how == "pages" else "block4.spatial.entropy"
        with pq.ParquetFile(file) as opened:
            column = opened.metadata.row_group(0).column(opened.schema_arrow.get_field_index(name))
            start, length = column.data_page_offset, column.total_compressed_size
        file.write_bytes(whole[:start] + b"\xff" * length + whole[start + length :])
    if how != "missing":
        tell_sum(file)  # so that what is in it is asked
    with pytest.raises(DataError) as raised:
        open_store(["baseline", "cbam"], "fer2013", "private", folder=analysed).class_means([GATE])
    assert says in str(raised.value)
    assert str(raised.value).endswith(AGAIN)
    assert str(analysed) not in str(raised.value)


def changed(file: Path, name: str, values: pa.Array) -> None:
    table = pq.read_table(file)
    pq.write_table(table.set_column(table.schema.get_field_index(name), name, values), file)
    tell_sum(file)


@pytest.mark.parametrize(
    ("name", "values", "says"),
    [
        ("label", pa.array([None, *["happy"] * 13]), "'label' has values that are missing"),
        ("predicted", pa.array([*["happy"] * 13, "foreign\n"]), r"'predicted' holds 'foreign\n', which is none of its"),
        ("suggested", pa.array([*[None] * 13, "joy"]), "'suggested' holds 'joy', which is none of its classes"),
        ("label", pa.array(np.arange(14)), "expected a text in 'label', got int64"),
        ("correct", pa.array(["yes"] * 14), "expected a flag in 'correct', got string"),
        ("confidence", pa.array(["much"] * 14), "expected a number in 'confidence', got string"),
        ("loss", pa.array([None, *[1.0] * 13]), "'loss' has values that are missing"),
        ("p_happy", pa.array([np.nan, *[0.1] * 13]), "'p_happy' holds what is no number"),
        ("id", pa.array(["a"] * 14), "a picture is in it twice"),
        ("source", pa.array([b"\xff"] * 14).view(pa.string()), "it cannot be read: ArrowInvalid"),
    ],
)
def test_values_that_nothing_of_ours_wrote(analysed: Path, name: str, values: pa.Array, says: str) -> None:
    changed(file_of(analysed), name, values)
    with pytest.raises(DataError) as raised:
        find_predictions(["cbam"], "fer2013", "private", folder=analysed)
    assert f"is damaged ({says}" in str(raised.value)
    assert str(raised.value).endswith(AGAIN)


def test_a_picture_in_a_damaged_row_group(analysed: Path) -> None:
    store = AnalysisStore(find_predictions(["cbam"], "fer2013", "private", folder=analysed))
    first = store.rows(limit=1).table["id"][0].as_py()
    file_of(analysed).write_bytes(b"gone")
    with pytest.raises(DataError, match="is damaged"):
        store.picture(first)


def test_an_unknown_model(analysed: Path) -> None:
    with pytest.raises(UnknownNameError, match="valid: baseline, cbam"):
        find_predictions(["vgg"], "fer2013", "private", folder=analysed)

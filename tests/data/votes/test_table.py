from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.data.votes.table import ANY_CLASS, TABLE, FileTable, read_table, write_table
from engine.errors import DataError
from engine.labels import EMOTIONS

HAPPY, SAD = EMOTIONS.index("happy"), EMOTIONS.index("sad")


def small() -> FileTable:
    """Two files of one name in two classes, a file of three rows and one without any; in no order."""
    return FileTable(
        part=np.array([2, 0, 0, 0], np.uint8),
        number=np.array([7, 99_999_999, 5, 5], np.int64),
        word=np.array([ANY_CLASS, ANY_CLASS, SAD, HAPPY], np.uint8),
        copies=np.array([3, 0, 1, 1], np.uint8),
        rows=np.array([9, 10, 11, 2, 1], np.int64),
        total=12,
    )


def test_the_rows_of_a_file() -> None:
    table = small()
    assert table.rows_of("test/fear/PrivateTest_7.jpg").tolist() == [9, 10, 11]  # type: ignore[union-attr]
    assert table.rows_of("PrivateTest_7.png").tolist() == [9, 10, 11]  # type: ignore[union-attr]
    assert table.rows_of("train/happy/Training_5.jpg").tolist() == [1]  # type: ignore[union-attr]
    assert table.rows_of("Training_99999999.jpg").tolist() == []  # type: ignore[union-attr]
    assert table.rows_of("deep/train/3_Sadness/Training_5.jpg").tolist() == [2]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "name", ["Training_5.jpg", "PublicTest_7.jpg", "test/fear/S010_004.png", "Training_5_mixed.jpg"]
)
def test_another_file_has_no_rows(name: str) -> None:
    assert small().rows_of(name) is None


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_table(tmp_path / "t.npz", small())
    read = read_table(tmp_path / "t.npz")
    assert read.total == 12
    for name in (
        "PrivateTest_7.jpg",
        "train/happy/Training_5.jpg",
        "train/sad/Training_5.jpg",
        "Training_99999999.jpg",
    ):
        assert read.rows_of(name).tolist() == small().rows_of(name).tolist()  # type: ignore[union-attr]


def test_the_table_that_comes_along() -> None:
    table = read_table()
    assert (len(table.number), table.total) == (35_887, 35_887)
    assert np.bincount(table.part).tolist() == [28_709, 3_589, 3_589]
    assert int((table.copies == 0).sum()) == 175
    assert TABLE.stat().st_size < 200_000
    # The two names that are there twice.
    assert table.rows_of("train/angry/Training_8475486.jpg").tolist() == [24_067]  # type: ignore[union-attr]
    assert table.rows_of("train/surprise/Training_8475486.jpg").tolist() == [27_820]  # type: ignore[union-attr]
    assert table.rows_of("test/sad/PrivateTest_11904014.jpg").tolist() == [32_818, 33_743]  # type: ignore[union-attr]


def test_a_damaged_table(tmp_path: Path) -> None:
    (tmp_path / "t.npz").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"'t.npz' cannot be read"):
        read_table(tmp_path / "t.npz")


def test_columns_must_fit() -> None:
    with pytest.raises(ValueError, match="columns of one length"):
        FileTable(*(np.zeros(2, np.uint8),) * 4, np.zeros(1, np.int64), 3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="rows from 0 to 2"):
        FileTable(*(np.ones(1, np.uint8),) * 4, np.array([3]), 3)  # type: ignore[arg-type]

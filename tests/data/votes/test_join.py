from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.data import load_dataset
from engine.data.votes.file import read_votes
from engine.data.votes.join import votes_of, with_votes
from engine.data.votes.table import ANY_CLASS, FileTable
from engine.errors import DataError, UsageError
from engine.labels import EMOTIONS, FER2013_CSV_ORDER
from tests.made import make_dataset
from tests.made_votes import order_of, pattern_votes, votes, write_votes

# Rows 0 and 2 are exact copies, row 4 is nobody's picture.
TABLE = FileTable(
    part=np.array([0, 0, 0, 2], np.uint8),
    number=np.array([3, 4, 8, 1], np.int64),
    word=np.full(4, ANY_CLASS, np.uint8),
    copies=np.array([2, 1, 0, 1], np.uint8),
    rows=np.array([0, 2, 1, 3], np.int64),
    total=5,
)
ROWS = [
    ("Training", votes(happy=6, sad=4)),
    ("Training", votes(fear=9, unknown=1)),
    ("Training", votes(happy=7, sad=3)),
    ("PrivateTest", votes(angry=10)),
    ("PrivateTest", votes(no_face=10)),
]
IDS = (
    "train/happy/Training_3.jpg",
    "train/fear/Training_4.jpg",
    "train/sad/Training_8.jpg",
    "test/angry/PrivateTest_1.jpg",
)


def test_by_the_table_for_a_folder(tmp_path: Path) -> None:
    file = read_votes(write_votes(tmp_path / "v.csv", ROWS))
    found = votes_of(IDS, file, TABLE)
    # Copies add up; a file without a row has no votes, and none is guessed.
    assert found.tolist() == [votes(happy=13, sad=7), votes(fear=9, unknown=1), votes(), votes(angry=10)]
    assert found.dtype == np.int64
    assert votes_of(IDS[::-1], file, TABLE).tolist() == found[::-1].tolist()
    assert votes_of((IDS[0], "train/happy/Training_77.jpg"), file, TABLE)[1].tolist() == votes()


def test_by_row_for_a_csv(tmp_path: Path) -> None:
    file = read_votes(write_votes(tmp_path / "v.csv", ROWS))
    ids = ("PrivateTest/angry/4", "Training/happy/2", "all/sad/0")
    assert votes_of(ids, file, TABLE).tolist() == [votes(no_face=10), votes(happy=7, sad=3), votes(happy=6, sad=4)]


def test_a_row_too_few(tmp_path: Path) -> None:
    file = read_votes(write_votes(tmp_path / "v.csv", ROWS[:-1]))
    with pytest.raises(DataError, match=r"Expected 5 rows in 'v.csv', one for each row of fer2013.csv, got 4"):
        votes_of(IDS, file, TABLE)


@pytest.mark.parametrize("ids", [IDS, ("Training/happy/0", "Training/angry/3")])
def test_rows_in_another_order_are_refused(tmp_path: Path, ids: tuple[str, ...]) -> None:
    """The rows of PrivateTest stand first here: then a row is of another part than its picture."""
    file = read_votes(write_votes(tmp_path / "v.csv", ROWS[::-1]))
    with pytest.raises(DataError, match="do not belong together"):
        votes_of(ids, file, TABLE)


def test_other_pictures_are_refused(tmp_path: Path) -> None:
    file = read_votes(write_votes(tmp_path / "v.csv", ROWS))
    with pytest.raises(DataError, match="belong to FER2013 alone"):
        votes_of(("test/happy/S010_1.png",), file, TABLE)
    with pytest.raises(UsageError, match="'ckplus' has none"):
        with_votes(replace(make_dataset(1), name="ckplus"), tmp_path / "v.csv")


def test_a_row_beyond_the_file(tmp_path: Path) -> None:
    file = read_votes(write_votes(tmp_path / "v.csv", ROWS))
    with pytest.raises(DataError, match="it is of nothing"):
        votes_of(("PrivateTest/angry/5",), file, TABLE)


def test_a_folder_and_its_csv_have_the_same_votes(tmp_path: Path, patterns: Path, pattern_table: None) -> None:
    """The CSV holds the folder's pictures in the order of the votes; the folder is read in another."""
    given = {("PrivateTest", word, 0): votes(surprise=index, unknown=10 - index) for index, word in enumerate(EMOTIONS)}
    path = write_votes(tmp_path / "v.csv", pattern_votes(given))
    lines = [f"{FER2013_CSV_ORDER.index(word)},{' '.join(['7'] * 64)},{usage}" for usage, word, _ in order_of()]
    (tmp_path / "fer2013.csv").write_text("\n".join(["emotion,pixels,Usage", *lines]) + "\n")
    by_file = with_votes(load_dataset("fer2013", "private", data=patterns), path)
    by_row = with_votes(load_dataset("fer2013", "private", data=tmp_path / "fer2013.csv"), path)
    assert by_file.votes is not None
    assert by_row.votes is not None
    assert sorted(by_file.votes.tolist()) == sorted(by_row.votes.tolist())
    first = {
        name: row for name, row in zip(by_file.ids, by_file.votes.tolist(), strict=True) if name.endswith("_0.png")
    }
    assert first == {
        f"test/{word}/PrivateTest_0.png": votes(surprise=index, unknown=10 - index)
        for index, word in enumerate(EMOTIONS)
    }


def test_a_part_of_the_pictures_keeps_its_votes(tmp_path: Path, patterns: Path, pattern_table: None) -> None:
    whole = with_votes(
        load_dataset("fer2013", "private", data=patterns), write_votes(tmp_path / "v.csv", pattern_votes())
    )
    assert whole.votes is not None
    part = whole.subset([5, 0])
    assert part.votes is not None
    assert part.votes.tolist() == whole.votes[[5, 0]].tolist()
    assert whole.fingerprint == replace(whole, votes=None).fingerprint  # the pictures are the same

from __future__ import annotations

import gzip
import lzma
from pathlib import Path

import numpy as np
import pytest

from engine.data.votes.file import (
    VOTE_COLUMNS,
    VOTES_VARIABLE,
    WHERE,
    find_votes,
    read_votes,
    require_votes,
)
from engine.errors import DataError
from tests.made_votes import HEADER, votes, write_votes

ROWS = [
    ("Training", votes(neutral=4, surprise=1, sad=3, fear=2)),
    ("PublicTest", votes(happy=10)),
    ("PrivateTest", votes(no_face=10)),
]


def test_what_stands_in_the_file(tmp_path: Path) -> None:
    read = read_votes(write_votes(tmp_path / "votes.csv", ROWS))
    assert read.usage.tolist() == [0, 1, 2]
    assert read.counts.dtype == np.int64
    assert read.counts.tolist() == [[4, 0, 1, 3, 0, 0, 2, 0, 0, 0], [0, 10, *[0] * 8], [*[0] * 9, 10]]
    assert VOTE_COLUMNS[:2] == ("neutral", "happy")
    assert VOTE_COLUMNS[-2:] == ("unknown", "no face")


def test_a_compressed_file_is_the_same_file(tmp_path: Path) -> None:
    plain = write_votes(tmp_path / "votes.csv", ROWS)
    (tmp_path / "votes.csv.xz").write_bytes(lzma.compress(plain.read_bytes()))
    (tmp_path / "votes.csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
    for name in ("votes.csv.xz", "votes.csv.gz"):
        read = read_votes(tmp_path / name)
        assert read.sha256 == read_votes(plain).sha256
        assert read.counts.tolist() == read_votes(plain).counts.tolist()


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    path = tmp_path / "votes.csv"
    path.write_text(
        "\ufeffNF,unknown,contempt,fear,disgust,anger,sadness,surprise,happiness,neutral,usage\n0,0,0,0,0,0,0,1,9,0,Training\n"
    )
    assert read_votes(path).counts.tolist() == [votes(happy=9, surprise=1)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("emotion,pixels,Usage\n0,1 2,Training\n", "it has none for neutral, happy, surprise"),
        (HEADER + "\n", "it has none; get it again"),
        (HEADER + "\nTraining,a.png,1,2,3\n", "Expected 12 columns in row 0"),
        (
            HEADER + "\nTraining,a.png,9,1,0,0,0,0,0,0,0,0\nTest,a.png,9,1,0,0,0,0,0,0,0,0\n",
            "in row 1 of 'v.csv', got 'Test'",
        ),
        (HEADER + "\nTraining,a.png,9,x,0,0,0,0,0,0,0,0\n", "votes for happy in row 0 of 'v.csv', got 'x'"),
        (HEADER + "\nTraining,a.png,9,1,0,0,0,0,0,0,0,-1\n", "votes for no face in row 0 of 'v.csv', got '-1'"),
        (HEADER + "\nTraining,a.png,9,1,0,0,0,0,0,0,0,1000\n", "votes for no face in row 0 of 'v.csv', got '1000'"),
    ],
)
def test_a_file_that_is_no_file_of_votes(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "v.csv"
    path.write_text(text)
    with pytest.raises(DataError) as raised:
        read_votes(path)
    assert said in str(raised.value)
    assert str(tmp_path) not in str(raised.value)


def test_a_damaged_file(tmp_path: Path) -> None:
    (tmp_path / "v.csv.xz").write_bytes(b"no xz")
    with pytest.raises(DataError, match=r"'v.csv.xz' cannot be read"):
        read_votes(tmp_path / "v.csv.xz")


def test_where_votes_are_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VOTES_VARIABLE, raising=False)
    data = tmp_path / "data"
    (data / "fer2013").mkdir(parents=True)
    assert find_votes(None, data) is None
    with pytest.raises(DataError) as raised:
        require_votes(None, data)
    assert WHERE in str(raised.value)
    beside = write_votes(data / "fer2013new.csv", ROWS)
    # In the folder, beside it, and beside an archive.
    assert find_votes(None, data) == find_votes(None, data / "fer2013") == find_votes(None, data / "x.tar.xz") == beside
    monkeypatch.setenv("FERLENS_DATA", str(data))
    assert find_votes() == beside
    named = write_votes(tmp_path / "mine.csv", ROWS)
    monkeypatch.setenv(VOTES_VARIABLE, str(named))
    assert find_votes(None, data) == named
    assert require_votes(beside, data) == beside


def test_a_file_that_was_named_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match=r"'gone.csv' \(--votes\)") as raised:
        find_votes(tmp_path / "gone.csv")
    assert WHERE in str(raised.value)
    monkeypatch.setenv(VOTES_VARIABLE, str(tmp_path / "away.csv"))
    with pytest.raises(DataError, match=r"'away.csv' \(FERLENS_VOTES\)"):
        find_votes()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(("encoding", "ends"), [("utf-8", "\r"), ("utf-8-sig", "\r\n"), ("utf-16", "\n")])
def test_a_file_as_programs_save_it_again(tmp_path: Path, delimiter: str, encoding: str, ends: str) -> None:
    lines = write_votes(tmp_path / "votes.csv", ROWS).read_text().splitlines()
    data = (ends.join(lines) + 3 * ends + 11 * "," + ends).replace(",", delimiter).encode(encoding)
    (tmp_path / "again.csv").write_bytes(data)
    assert read_votes(tmp_path / "again.csv").counts.tolist() == read_votes(tmp_path / "votes.csv").counts.tolist()


def test_sorted_rows_are_refused_and_four_astray_are_not(tmp_path: Path) -> None:
    rows = [("Training", votes(happy=10))] * 40
    lines = write_votes(tmp_path / "votes.csv", rows).read_text().splitlines()
    (tmp_path / "sorted.csv").write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    with pytest.raises(DataError, match="numbers go back 39 times; undo the sorting"):
        read_votes(tmp_path / "sorted.csv")
    lines[3] = lines[3].replace("fer0000002", "fer0000030")
    (tmp_path / "astray.csv").write_text("\n".join(lines) + "\n")
    assert len(read_votes(tmp_path / "astray.csv")) == 40


@pytest.mark.parametrize("text", [HEADER + "\n" + "x" * 200_000, "\0\r" * 9, HEADER + "\nTraining,\r\r"])
def test_lines_that_are_no_table(tmp_path: Path, text: str) -> None:
    path = tmp_path / "fer2013new.csv"
    path.write_bytes(text.encode())
    with pytest.raises(DataError, match=r"fer2013new\.csv"):
        read_votes(path)


def test_a_gzip_with_a_broken_stream(tmp_path: Path) -> None:
    path = tmp_path / "fer2013new.csv.gz"
    data = bytearray(gzip.compress(b"Usage,Image name\n" * 900))
    data[12:30] = b"\xff" * 18
    path.write_bytes(data)
    with pytest.raises(DataError, match="cannot be read"):
        read_votes(path)

"""Small tables that a person fills."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.data import kept_rows
from engine.data.kept_rows import change_rows, checked_words, read_rows
from engine.errors import DataError, UsageError

HEAD = ("a", "b")


def test_rows_are_written_whole_and_read_again(tmp_path: Path) -> None:
    file = tmp_path / "new" / "table.csv"
    assert read_rows(file, HEAD, "an a and a b") == []
    change_rows(file, HEAD, lambda: [("1, 2", 'say "so"'), ("é", "")])
    assert read_rows(file, HEAD, "an a and a b") == [("1, 2", 'say "so"'), ("é", "")]
    assert [one.name for one in file.parent.iterdir()] == ["table.csv"]


def test_what_cannot_be_changed_stays(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    change_rows(file, HEAD, lambda: [("1", "2")])

    def refuse() -> list[tuple[str, ...]]:
        raise UsageError("no")

    with pytest.raises(UsageError, match="no"):
        change_rows(file, HEAD, refuse)
    assert read_rows(file, HEAD, "") == [("1", "2")]


def test_a_table_too_large_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "table.csv"
    change_rows(file, HEAD, lambda: [("1", "2")])
    monkeypatch.setattr(kept_rows, "BYTES_MOST", 4)
    with pytest.raises(DataError, match=r"'table\.csv' to be of"):
        read_rows(file, HEAD, "an a and a b")


def test_a_name_loses_the_spaces_around_it() -> None:
    assert checked_words("  one \n two ", 7, "a name") == "one two"
    with pytest.raises(UsageError, match="Expected a name of 1 to 7 letters, got 8"):
        checked_words("12345678", 7, "a name")

"""Tags on pictures in a small file."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from engine.data.tags import LONGEST, MOST, read_tags, set_tags
from engine.errors import DataError, UsageError


def test_tags_are_set_read_changed_and_taken_off(tmp_path: Path) -> None:
    file = tmp_path / "new" / "tags.csv"
    assert read_tags(file) == {}
    set_tags(file, "synthetic:test/sad/1", ["  blurry  face ", "a,b", "a,b"])
    assert set_tags(file, "sha256:00", ["=1+1"]) == {
        "synthetic:test/sad/1": ("a,b", "blurry face"),
        "sha256:00": ("=1+1",),
    }
    assert read_tags(file) == {"sha256:00": ("=1+1",), "synthetic:test/sad/1": ("a,b", "blurry face")}
    assert file.read_text(encoding="utf-8").splitlines()[:2] == ["picture,tag", "sha256:00,=1+1"]
    set_tags(file, "sha256:00", [])
    assert list(read_tags(file)) == ["synthetic:test/sad/1"]
    assert [one.name for one in file.parent.iterdir()] == ["tags.csv"]  # nothing is left beside it


@pytest.mark.parametrize("tag", ["", "  ", "x" * (LONGEST + 1), "a\x00b", "a\u202eb"])
def test_what_is_no_tag_is_refused(tmp_path: Path, tag: str) -> None:
    with pytest.raises(UsageError, match="Expected a tag"):
        set_tags(tmp_path / "tags.csv", "a", [tag])


def test_too_many_are_refused_and_nothing_changes(tmp_path: Path) -> None:
    file = tmp_path / "tags.csv"
    set_tags(file, "a", ["one"])
    with pytest.raises(UsageError, match=f"Expected {MOST} tags at most, got {MOST + 1}"):
        set_tags(file, "a", [str(number) for number in range(MOST + 1)])
    assert read_tags(file) == {"a": ("one",)}


@pytest.mark.parametrize("text", ["", "a,b\n", "picture,tag\nonly\n", "picture,tag\na,b,c\n", "picture,tag\na,\n"])
def test_a_damaged_file_is_a_sentence_and_stays(tmp_path: Path, text: str) -> None:
    file = tmp_path / "tags.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"'tags\.csv'"):
        set_tags(file, "a", ["one"])
    assert file.read_text(encoding="utf-8") == text


def test_two_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "tags.csv"
    threads = [threading.Thread(target=set_tags, args=(file, f"p{number}", ["one"])) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_tags(file)) == 12

"""Views saved by name in a small file."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from engine.data.saved_views import ADDRESS_LONGEST, LONGEST, MOST, read_views, remove_view, rename_view, save_view
from engine.errors import DataError, UsageError

AT = "Misclassifications?true=fear&answer=sad"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "views.csv"


def test_views_are_saved_renamed_and_removed_in_their_order(file: Path) -> None:
    assert read_views(file) == {}
    save_view(file, "  fear,  <b>sad</b> ", AT)
    save_view(file, "second", "Explain")
    assert list(rename_view(file, "fear, <b>sad</b>", "first").items()) == [("first", AT), ("second", "Explain")]
    assert rename_view(file, "gone", "third") == read_views(file) == {"first": AT, "second": "Explain"}
    assert remove_view(file, "first") == read_views(file) == {"second": "Explain"}


def test_a_name_that_is_taken_is_refused_and_nothing_changes(file: Path) -> None:
    save_view(file, "one", AT)
    save_view(file, "two", "Explain")
    with pytest.raises(UsageError, match="not taken, got 'one'"):
        save_view(file, "one", "Explain")
    with pytest.raises(UsageError, match="not taken, got 'one'"):
        rename_view(file, "two", "one")
    assert rename_view(file, "two", "two") == {"one": AT, "two": "Explain"}


@pytest.mark.parametrize("name", ["", "x" * (LONGEST + 1), "a\x00b", "a\u202eb"])
def test_what_is_no_name_is_refused(file: Path, name: str) -> None:
    with pytest.raises(UsageError, match="Expected a name"):
        save_view(file, name, AT)
    assert not file.exists()


def test_number_and_length_are_bounded(file: Path) -> None:
    with pytest.raises(UsageError, match="Expected an address of 1 to 64,000 letters, got 64,001"):
        save_view(file, "one", "x" * (ADDRESS_LONGEST + 1))
    file.write_text("name,address\n" + "".join(f"v{number},Explain\n" for number in range(MOST)), encoding="utf-8")
    with pytest.raises(UsageError, match=f"Expected {MOST} views at most"):
        save_view(file, "one", AT)
    with file.open("a", encoding="utf-8") as more:
        more.write("more,Explain\n")
    with pytest.raises(DataError, match=r"100 views at most in 'views\.csv', got 101"):
        read_views(file)


@pytest.mark.parametrize(
    "text", ["", "a,b\n", "name,address\nonly\n", "name,address\n,Explain\n", "name,address\na,\n"]
)
def test_a_damaged_file_is_a_sentence_and_stays(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"'views\.csv'"):
        save_view(file, "one", AT)
    assert file.read_text(encoding="utf-8") == text


def test_two_at_the_same_time_lose_nothing(file: Path) -> None:
    threads = [threading.Thread(target=save_view, args=(file, f"v{number}", AT)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_views(file)) == 12

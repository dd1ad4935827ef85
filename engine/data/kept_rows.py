"""Small tables that a person fills on this machine: CSV files with a head, changed by one at a time."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from engine.errors import DataError, UsageError
from engine.writing.lock import taken
from engine.writing.whole import whole_file

Row = tuple[str, ...]
BYTES_MOST: Final = 16 * 1024 * 1024
"""Of a file; a larger one is none that was written here."""


def checked_words(text: str, longest: int, what: str) -> str:
    """Return a name that a person gave, without spaces around it.

    Args:
        text: the name. longest: characters. what: it is, for the sentence, such as ``a tag``.

    Raises:
        UsageError: it is empty, too long or holds control codes.
    """
    words = " ".join(text.split())
    if not words or len(words) > longest or any(unicodedata.category(letter).startswith("C") for letter in words):
        raise UsageError(f"Expected {what} of 1 to {longest} letters, got {len(words)}; choose another.")
    return words


def read_rows(file: Path, head: Row, what: str) -> list[Row]:
    """Return all rows; none where there is no file yet.

    Args:
        file: the table. head: its first row. what: a row holds, for the sentence, such as ``a picture and a tag``.

    Raises:
        DataError: it is no such table.
    """
    if not file.is_file():
        return []
    damaged = DataError(f"Expected {what} in each row of '{file.name}'; mend or remove it.")
    if file.stat().st_size > BYTES_MOST:
        raise DataError(f"Expected '{file.name}' to be of {BYTES_MOST >> 20} MB at most; mend or remove it.")
    try:
        with file.open(encoding="utf-8", newline="") as source:
            rows = csv.reader(source)
            if tuple(next(rows, ())) != head:
                raise DataError(f"Expected '{file.name}' to begin with {','.join(head)}; mend or remove it.")
            found = [tuple(row) for row in rows]
    except (UnicodeDecodeError, csv.Error) as error:
        raise damaged from error
    if any(len(row) != len(head) for row in found):
        raise damaged
    return found


def change_rows(file: Path, head: Row, change: Callable[[], Sequence[Row]]) -> None:
    """Write the rows that ``change`` returns; two who change a table at the same time wait for each other.

    Args:
        file: the table. head: its first row. change: reads it anew and returns all its rows; what it raises changes
            nothing.

    Raises:
        StorageError: the disk is full.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with taken(file.with_name(f".{file.name}.change"), wait=True):
        rows = change()
        with whole_file(file) as part, part.open("w", encoding="utf-8", newline="") as sink:
            writer = csv.writer(sink, lineterminator="\n")
            writer.writerow(head)
            writer.writerows(rows)

"""Tags that a person sets on pictures: a small CSV file on this machine, a row for each picture and tag."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from engine.data.kept_rows import Row, change_rows, checked_words, read_rows
from engine.errors import DataError, UsageError

HEAD: Final = ("picture", "tag")
LONGEST: Final = 40
"""Characters of a tag."""
MOST: Final = 20
"""Tags of a picture."""
_ROW: Final = "a picture and a tag"

Tags = dict[str, tuple[str, ...]]
"""Picture → its tags in alphabetical order. A picture is ``DATASET:ID``, or ``sha256:DIGEST`` of one handed in."""


def check_tag(text: str) -> str:
    """Return a tag without spaces around it. Raises UsageError where it is empty, too long or holds control codes."""
    return checked_words(text, LONGEST, "a tag")


def read_tags(file: Path) -> Tags:
    """Return all tags; none where there is no file yet. Raises DataError where it is no such file."""
    found: dict[str, set[str]] = {}
    try:
        for picture, tag in read_rows(file, HEAD, _ROW):
            found.setdefault(picture, set()).add(check_tag(tag))
    except UsageError as error:
        raise DataError(f"Expected {_ROW} in each row of '{file.name}'; mend or remove it.") from error
    return {picture: tuple(sorted(tags)) for picture, tags in sorted(found.items())}


def set_tags(file: Path, picture: str, tags: Iterable[str]) -> Tags:
    """Give a picture these tags in place of those that it had, and return all; other pictures keep theirs.

    Two who set tags at the same time wait for each other.

    Raises:
        UsageError: a tag is none, or there are too many. DataError: the file is damaged; it stays as it is.
        StorageError: the disk is full.
    """
    wanted = tuple(sorted({check_tag(tag) for tag in tags}))
    if len(wanted) > MOST:
        raise UsageError(f"Expected {MOST} tags at most, got {len(wanted)}; take some off.")
    found: Tags = {}

    def change() -> list[Row]:
        found.update(read_tags(file))
        found.pop(picture, None)
        if wanted:
            found[picture] = wanted
        return [(name, tag) for name in sorted(found) for tag in found[name]]

    change_rows(file, HEAD, change)
    return found

"""Tags that a person sets on pictures: a small CSV file on this machine, a row for each picture and tag."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from engine.errors import DataError, UsageError
from engine.writing.lock import taken
from engine.writing.whole import whole_file

HEAD: Final = ("picture", "tag")
LONGEST: Final = 40
"""Characters of a tag."""
MOST: Final = 20
"""Tags of a picture."""

Tags = dict[str, tuple[str, ...]]
"""Picture → its tags in alphabetical order. A picture is ``DATASET:ID``, or ``sha256:DIGEST`` of one handed in."""


def check_tag(text: str) -> str:
    """Return a tag without spaces around it. Raises UsageError where it is empty, too long or holds control codes."""
    tag = " ".join(text.split())
    if not tag or len(tag) > LONGEST or any(unicodedata.category(letter).startswith("C") for letter in tag):
        raise UsageError(f"Expected a tag of 1 to {LONGEST} letters, got {len(tag)}; choose another.")
    return tag


def read_tags(file: Path) -> Tags:
    """Return all tags; none where there is no file yet. Raises DataError where it is no such file."""
    if not file.is_file():
        return {}
    found: dict[str, set[str]] = {}
    try:
        with file.open(encoding="utf-8", newline="") as source:
            rows = csv.reader(source)
            if tuple(next(rows, ())) != HEAD:
                raise DataError(f"Expected '{file.name}' to begin with {','.join(HEAD)}; mend or remove it.")
            for picture, tag in rows:
                found.setdefault(picture, set()).add(check_tag(tag))
    except (UnicodeDecodeError, ValueError, csv.Error, UsageError) as error:
        raise DataError(f"Expected a picture and a tag in each row of '{file.name}'; mend or remove it.") from error
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
    file.parent.mkdir(parents=True, exist_ok=True)
    with taken(file.with_name(f".{file.name}.change"), wait=True):
        found = read_tags(file)
        found.pop(picture, None)
        if wanted:
            found[picture] = wanted
        with whole_file(file) as part, part.open("w", encoding="utf-8", newline="") as sink:
            writer = csv.writer(sink, lineterminator="\n")
            writer.writerow(HEAD)
            writer.writerows((name, tag) for name in sorted(found) for tag in found[name])
    return found

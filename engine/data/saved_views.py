"""Views of the dashboard that a person saved by name: a small CSV file on this machine, beside that of the tags.

The address of a page is its view, so a saved view is a name and an address: ``Misclassifications?true=fear``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from engine.data.kept_rows import Row, change_rows, checked_words, read_rows
from engine.errors import DataError, UsageError

HEAD: Final = ("name", "address")
LONGEST: Final = 60
"""Characters of a name."""
ADDRESS_LONGEST: Final = 64_000
"""Characters of an address: a selection of ten thousand pictures fits."""
MOST: Final = 100
"""Views."""
_ROW: Final = "a name and an address"

Views = dict[str, str]
"""Name → address, in the order in which they were saved."""


def read_views(file: Path) -> Views:
    """Return all saved views; none where there is no file yet. Raises DataError where it is no such file."""
    try:
        rows = [(checked_words(name, LONGEST, "a name"), _checked(at)) for name, at in read_rows(file, HEAD, _ROW)]
    except UsageError as error:
        raise DataError(f"Expected {_ROW} in each row of '{file.name}'; mend or remove it.") from error
    if len(rows) > MOST:
        raise DataError(f"Expected {MOST} views at most in '{file.name}', got {len(rows):,}; take some out.")
    return dict(rows)


def save_view(file: Path, name: str, address: str) -> Views:
    """Keep an address under a name that is not taken, and return all.

    Raises:
        UsageError: it is no name or is taken, the address is too long, or there are too many views.
        DataError: the file is damaged; it stays as it is. StorageError: the disk is full.
    """
    named, at = checked_words(name, LONGEST, "a name"), _checked(address)

    def saved(views: Views) -> Views:
        _free(views, named)
        if len(views) >= MOST:
            raise UsageError(f"Expected {MOST} views at most, and there are that many; remove one first.")
        return {**views, named: at}

    return _changed(file, saved)


def rename_view(file: Path, name: str, new: str) -> Views:
    """Give a view another name, at its place, and return all; one that is not there is left out of it.

    Raises: as :func:`save_view`.
    """
    named = checked_words(new, LONGEST, "a name")

    def renamed(views: Views) -> Views:
        if named != name and name in views:
            _free(views, named)
        return {named if one == name else one: at for one, at in views.items()}

    return _changed(file, renamed)


def remove_view(file: Path, name: str) -> Views:
    """Forget a view, and return all others. Raises DataError, StorageError as :func:`save_view`."""
    return _changed(file, lambda views: {one: at for one, at in views.items() if one != name})


def _changed(file: Path, change: Callable[[Views], Views]) -> Views:
    found: Views = {}

    def rows() -> list[Row]:
        found.update(change(read_views(file)))
        return list(found.items())

    change_rows(file, HEAD, rows)
    return found


def _checked(address: str) -> str:
    if not address or len(address) > ADDRESS_LONGEST or not address.isprintable():
        raise UsageError(
            f"Expected an address of 1 to {ADDRESS_LONGEST:,} letters, got {len(address):,}; select fewer pictures."
        )
    return address


def _free(views: Views, name: str) -> None:
    if name in views:
        raise UsageError(f"Expected a name that is not taken, got '{name}'; choose another, or remove that view first.")

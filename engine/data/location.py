"""Where a dataset lies on this machine: the argument, else the variable FERLENS_DATA, else ``data/``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from engine.data.read.sources import SPLIT_FOLDERS
from engine.errors import DataError

DATA_VARIABLE: Final = "FERLENS_DATA"
DEFAULT_PLACE: Final = "data"


def _named_child(place: Path, usual_names: Sequence[str]) -> Path | None:
    """Return the child of ``place`` that has one of the usual names in any case, or None."""
    children = {child.name.lower(): child for child in sorted(place.iterdir())}
    return next((children[name.lower()] for name in usual_names if name.lower() in children), None)


def find_data(name: str, usual_names: Sequence[str], data: str | Path | None = None) -> Path:
    """Find the folder, archive or CSV that holds dataset ``name``.

    The place given may be the dataset itself, or a folder that holds it under one of its usual names (``fer2013/``,
    ``fer2013.csv``, ``fer2013.tar.xz`` ...); train and test folders right there count as the dataset itself.

    Raises:
        DataError: when there is nothing, saying where it was looked for and how to give it.
    """
    variable = os.environ.get(DATA_VARIABLE)
    place = Path(data) if data is not None else Path(variable) if variable else Path(DEFAULT_PLACE)
    said = "--data" if data is not None else DATA_VARIABLE if variable else "the default place"
    cure = f"give a folder, an archive or a CSV with --data PATH or the variable {DATA_VARIABLE}"
    shown = place.name or "the folder given"
    if not place.exists():
        raise DataError(f"Expected {name} at '{shown}' ({said}), but there is no such file or folder; {cure}.")
    while place.is_dir():
        try:
            children = {child.name.lower() for child in place.iterdir()}
            child = None if children & SPLIT_FOLDERS.keys() else _named_child(place, usual_names)
        except OSError as error:
            raise DataError(f"Expected {name} at '{shown}' ({said}), but it cannot be read; {cure}.") from error
        if not children:
            looked = ", ".join(["train/<class>/*", *usual_names[:3]])
            raise DataError(f"Expected {name} at '{shown}' ({said}), but it is empty (looked for {looked}); {cure}.")
        if child is None:
            break
        place = child
    return place

"""How a folder that was written by ``balance`` is known, and what is not to be had from it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from engine.errors import DataError

MANIFEST: Final = "balance.csv"
"""Says of each picture what it was made of; its presence says that the folder was balanced."""


def is_balanced(place: Path) -> bool:
    """Say whether ``place`` is a training set that ``balance`` wrote."""
    return (place / MANIFEST).is_file()


def refuse_drawing(place: Path, split: str) -> None:
    """Refuse any split but ``train`` of a balanced folder.

    Raises:
        DataError: its pictures are relatives of each other, so one held out has its parents in training.
    """
    if split != "train":
        raise DataError(
            f"'{place.name}' holds balanced training pictures only, and '{split}' drawn from them would have relatives "
            "in training; take it from the data that it was made of (train --data BALANCED --val-data ORIGINAL)."
        )

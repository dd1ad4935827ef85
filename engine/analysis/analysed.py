"""Which analyses lie in a checkpoints folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.analysis.files.places import ATTENTION, PREDICTIONS, REPORT


@dataclass(frozen=True, order=True)
class AnalysedSplit:
    """A split of a dataset that one or more models were analysed on.

    Attributes:
        dataset, split: their promised names.
        models: the checkpoints with an analysis of it, sorted.
    """

    dataset: str
    split: str
    models: tuple[str, ...]

    @property
    def name(self) -> str:
        """``<dataset>-<split>``, as the folder is called."""
        return f"{self.dataset}-{self.split}"


def analysed_splits(checkpoints: Path, models: Sequence[str]) -> tuple[AnalysedSplit, ...]:
    """List what ``models`` were analysed on, sorted by dataset and split.

    A folder in which one file of the three is missing counts: opening it says which and how to make it again.

    Args:
        checkpoints: the folder that holds the checkpoints.
        models: names of checkpoints in it.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for model in sorted(models):
        place = checkpoints / model / "analysis"
        for folder in sorted(place.iterdir()) if place.is_dir() else ():
            dataset, dash, split = folder.name.partition("-")
            there = any((folder / file).is_file() for file in (PREDICTIONS, ATTENTION, REPORT))
            if dataset and dash and there:
                found.setdefault((dataset, split), []).append(model)
    return tuple(AnalysedSplit(*key, tuple(names)) for key, names in sorted(found.items()))

"""Where an analysis lies, what its files are called, and the command that makes it.

Which analyses lie in a checkpoints folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.errors import DataError
from engine.places import checkpoint_path

PREDICTIONS: Final = "predictions.parquet"
ATTENTION: Final = "attention.safetensors"
REPORT: Final = "report.json"
FORMAT: Final = 1
"""Raised when the files' contents change in a way that old readers do not understand."""


def analysis_folder(checkpoint: Path, dataset: str, split: str) -> Path:
    """Return ``<checkpoint>/analysis/<dataset>-<split>``."""
    return checkpoint / "analysis" / f"{dataset}-{split}"


def partial_folder(out: Path) -> Path:
    """Return the folder beside ``out`` that keeps an unfinished analysis."""
    return out.parent / f".{out.name}-partial"


def analyze_command(model: str, dataset: str, split: str, *, force: bool = False) -> str:
    """Return the command that makes (or, with ``force``, makes again) an analysis."""
    command = f"python -m engine analyze --model {model} --dataset {dataset} --split {split}"
    return command + " --force" if force else command


def check_format(what: str, known: object, reads: int, rebuild: str) -> None:
    """Refuse a file that another version of FERLens wrote, older or newer, and say what to do.

    Args:
        what: the file, in words, for example ``'synthetic-test/predictions.parquet' of 'cbam'``.
        known: the format that it says it has; None where it says none.
        reads: the format that this FERLens reads.
        rebuild: the command that makes it again.

    Raises:
        DataError: ``known`` is not ``reads``.
    """
    if known == reads and type(known) is int:
        return
    if type(known) is int and known > reads:
        raise DataError(
            f"{what} was made by a newer FERLens (format {known}; this one reads {reads}); get a newer FERLens, or "
            f"make it again with: {rebuild}"
        )
    raise DataError(
        f"{what} was made by an older FERLens (this one reads format {reads}); make it again with: {rebuild}"
    )


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


def analysed_splits(checkpoints: Path | None, models: Sequence[str]) -> tuple[AnalysedSplit, ...]:
    """List what ``models`` were analysed on, sorted by dataset and split.

    A folder in which one file of the three is missing counts: opening it says which and how to make it again.

    Args:
        checkpoints: the folder that holds the checkpoints; None for wherever they are looked up.
        models: their names.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for model in sorted(models):
        place = checkpoint_path(model, checkpoints) / "analysis"
        for folder in sorted(place.iterdir()) if place.is_dir() else ():
            dataset, dash, split = folder.name.partition("-")
            there = any((folder / file).is_file() for file in (PREDICTIONS, ATTENTION, REPORT))
            if dataset and dash and there:
                found.setdefault((dataset, split), []).append(model)
    return tuple(AnalysedSplit(*key, tuple(names)) for key, names in sorted(found.items()))

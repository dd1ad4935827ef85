"""The cells of an ablation, kept in one file that several processes read and add to."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from engine.errors import CheckpointError, UsageError

Bool = NDArray[np.bool_]

RESULTS: Final = "results.json"
LOCKS: Final = "locks"


@dataclass(frozen=True)
class Cell:
    """One variant trained with one seed; ``right``: (N,) bool, which pictures of the split it classified right."""

    variant: str
    seed: int
    right: Bool
    best_epoch: int
    best_val_accuracy: float
    parameters: int

    @property
    def accuracy(self) -> float:
        """In [0, 1]."""
        return float(self.right.mean())


class KeptCells:
    """The finished cells of an ablation, which several processes read and add to."""

    def __init__(self, folder: Path, signature: dict[str, Any]) -> None:
        self.path = folder / RESULTS
        self.locks = folder / LOCKS
        self.signature = signature

    def read(self) -> dict[tuple[str, int], Cell]:
        """Return what is there now, this process's cells and the others'."""
        return _read(self.path, self.signature)

    def add(self, cell: Cell) -> dict[tuple[str, int], Cell]:
        """Keep one more cell and return all."""
        with self._lock("results"):
            cells = self.read() | {(cell.variant, cell.seed): cell}
            _write(self.path, self.signature, cells)
        return cells

    @contextmanager
    def claimed(self, variant: str, seed: int) -> Iterator[bool]:
        """Yield True, with the cell to ourselves, or False where it is kept already or another process trains it.

        The operating system lets go of a killed process's cell.
        """
        if (variant, seed) in self.read():  # so that nobody touches the locks once every cell is kept
            yield False
            return
        lock = self._lock(f"{variant.replace(' ', '-')}-{seed}")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            yield False
            return
        try:
            # Looked at with the cell in hand: it may have been finished elsewhere a moment ago.
            yield (variant, seed) not in self.read()
        finally:
            lock.release()

    def forget_locks(self) -> None:
        """Remove the files of the locks, when no cell is left to claim."""
        shutil.rmtree(self.locks, ignore_errors=True)

    def _lock(self, name: str) -> FileLock:
        self.locks.mkdir(parents=True, exist_ok=True)
        return FileLock(self.locks / f"{name}.lock")


def _write(path: Path, signature: dict[str, Any], cells: dict[tuple[str, int], Cell]) -> None:
    """Write the cells beside ``path`` and rename; what was right goes as hexadecimal bits."""
    rows = [
        {
            "variant": cell.variant,
            "seed": cell.seed,
            "n": len(cell.right),
            "accuracy": cell.accuracy,
            "best_epoch": cell.best_epoch,
            "best_val_accuracy": cell.best_val_accuracy,
            "parameters": cell.parameters,
            "right": np.packbits(cell.right).tobytes().hex(),
        }
        for cell in cells.values()
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".partial")
    temporary.write_text(json.dumps({"settings": signature, "cells": rows}, indent=1) + "\n", encoding="utf-8")
    temporary.replace(path)


def _read(path: Path, signature: dict[str, Any]) -> dict[tuple[str, int], Cell]:
    if not path.exists():
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        cells = {(row["variant"], row["seed"]): _read_cell(row) for row in document["cells"]}
        settings = document["settings"]
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"The kept results of '{path.parent.name}' cannot be read; remove that folder, or give another --name."
        ) from error
    if settings != signature:
        raise UsageError(
            f"'{path.parent.name}' holds cells of another recipe, data, split or limit; repeat its options, or give "
            "another --name."
        )
    return cells


def _read_cell(row: dict[str, Any]) -> Cell:
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(row["right"]), np.uint8), count=int(row["n"]))
    numbers = (int(row["best_epoch"]), float(row["best_val_accuracy"]), int(row["parameters"]))
    return Cell(str(row["variant"]), int(row["seed"]), bits.astype(np.bool_), *numbers)

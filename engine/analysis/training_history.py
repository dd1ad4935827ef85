"""A checkpoint's ``history.csv``: loss, learning rate and validation accuracy by epoch."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.errors import CheckpointError

Float64 = NDArray[np.float64]

HISTORY: Final = "history.csv"
COLUMNS: Final = ("epoch", "learning_rate", "train_loss", "val_accuracy")
AVERAGED: Final = "val_accuracy_ema"
"""Accuracy of the running average of the weights, where one was kept."""


@dataclass(frozen=True, eq=False)
class History:
    """E epochs; every array is float64 (E,).

    Attributes:
        epochs: numbers, from 1. learning_rate: at the end of each. train_loss: nats, as the recipe's loss defines it.
        val_accuracy: in [0, 1]. averaged: that of the averaged weights, or None where none were kept.
        chosen: the epoch whose weights were kept, or None where the card does not say.
    """

    epochs: Float64
    learning_rate: Float64
    train_loss: Float64
    val_accuracy: Float64
    averaged: Float64 | None
    chosen: int | None


def read_history(checkpoint: Path, chosen: object = None) -> History | None:
    """Read a checkpoint's history; None where it has none.

    Args:
        checkpoint: its folder. chosen: the card's ``recipe["chosen_epoch"]``.

    Raises:
        CheckpointError: the file is damaged.
    """
    path = checkpoint / HISTORY
    if not path.is_file():
        return None
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        found = {name: np.array([float(row[name]) for row in rows]) for name in COLUMNS}
        averaged = np.array([float(row.get(AVERAGED) or "nan") for row in rows])
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise CheckpointError(
            f"Expected the columns {', '.join(COLUMNS)} of numbers in '{HISTORY}' of '{checkpoint.name}', got others; "
            "fetch the checkpoint again, or train it again."
        ) from error
    if not rows:
        return None
    return History(
        found["epoch"],
        found["learning_rate"],
        found["train_loss"],
        found["val_accuracy"],
        None if np.isnan(averaged).all() else averaged,
        chosen if isinstance(chosen, int) else None,
    )

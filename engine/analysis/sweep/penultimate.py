"""The features that a model's last layer takes, for a whole set of pictures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from engine.analysis.sweep.block import observe
from engine.data.transforms import normalise, to_tensor
from engine.measure.split import BATCH
from engine.records import Float32, RunCard, UInt8


def penultimate_features(
    model: nn.Module,
    card: RunCard,
    images: UInt8,
    *,
    batch_size: int = BATCH,
    progress: Callable[[int], None] | None = None,
) -> Float32:
    """Return float32 (N, D) for pictures uint8 (N, S, S) or (N, S, S, 3) as the model takes them.

    ``progress`` is told how many pictures each batch had.
    """
    device = next(model.parameters()).device
    rows: list[Float32] = []
    for start in range(0, len(images), batch_size):
        x = normalise(to_tensor(images[start : start + batch_size]).to(device), card.input)
        unused = torch.zeros(len(x), dtype=torch.int64, device=device)  # labels serve Grad-CAM alone
        rows.append(observe(model, x, unused, card.classes, None).features)
        if progress is not None:
            progress(len(x))
    return np.concatenate(rows)

"""What an augmentation makes of pictures: each one several times, as training sees it."""

from __future__ import annotations

import numpy as np
import torch

from engine.data.transforms import Augmentation, augment, to_tensor
from engine.errors import UsageError
from engine.records import UInt8


def augmentation_sheet(images: UInt8, how: Augmentation, draws: int, *, seed: int = 0) -> UInt8:
    """Vary grey pictures at full strength, that is after the ramp of the first epochs.

    Args:
        images: uint8 (B, S, S). how: the variation.
        draws: how often each picture is varied.
        seed: of the random numbers; the same seed gives the same sheet.

    Returns:
        uint8 (B, draws, S, S).
    """
    if draws < 1:
        raise UsageError(f"Expected one or more draws of each picture, got {draws}.")
    generator = torch.Generator().manual_seed(seed)
    whole = how.at(how.ramp_epochs)
    batch = to_tensor(images)
    sheet = [augment(batch, whole, generator)[:, 0] for _ in range(draws)]
    return np.asarray((torch.stack(sheet, dim=1) * 255).round().to(torch.uint8).numpy(), dtype=np.uint8)

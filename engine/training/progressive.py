"""Progressive resizing: a run's first epochs see small pictures, the last ones the whole size.

[1] M. Tan, Q. V. Le. EfficientNetV2: Smaller Models and Faster Training. ICML 2021, arXiv:2104.00298, section 4.

Departure from [1]: two sizes, and the augmentation's strength does not follow them (the recipe's ``ramp_epochs`` does).
"""

from __future__ import annotations

from typing import Final

import torch.nn.functional as F
from torch import Tensor

from engine.training.sections import Schedule

ANY_SIZE: Final[tuple[str, ...]] = ("cmaen",)
"""Architectures whose weights fit pictures of any size; the others' dense layers or positions belong to one."""


def as_shown(x: Tensor, schedule: Schedule, epoch: int) -> Tensor:
    """Return the pictures as the model sees them in this epoch.

    Args:
        x: (B, C, S, S), normalised.
        schedule: of the recipe.
        epoch: from 0.

    Returns:
        ``x``, or (B, C, small_side, small_side), bilinear and antialiased, in the run's first ``small_until``.
    """
    if epoch >= schedule.small_until * schedule.epochs:
        return x
    return F.interpolate(x, size=(schedule.small_side,) * 2, mode="bilinear", align_corners=False, antialias=True)

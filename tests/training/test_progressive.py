from __future__ import annotations

import torch

from engine.training.loop import as_shown
from engine.training.sections import Schedule


def test_small_pictures_first_and_whole_ones_then() -> None:
    x = torch.randn(2, 1, 64, 64)
    half = Schedule(epochs=5, small_side=16, small_until=0.5)
    assert [as_shown(x, half, epoch).shape[-1] for epoch in range(5)] == [16, 16, 16, 64, 64]
    assert as_shown(x, half, 3) is x
    assert as_shown(x, Schedule(), 0) is x


def test_shrinking_averages() -> None:
    stripes = torch.tensor([0.0, 1.0]).repeat(32).expand(1, 1, 64, 64)
    small = as_shown(stripes, Schedule(epochs=1, small_side=16, small_until=1.0), 0)
    assert float(small[..., 1:-1].std()) < 0.05  # four stripes fall into each pixel

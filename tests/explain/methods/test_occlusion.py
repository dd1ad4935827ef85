from __future__ import annotations

import pytest
import torch

from engine.explain.methods.method import Setup
from engine.explain.methods.pixels import occlusion
from engine.records import InputSpec


@pytest.mark.parametrize("side", [16, 21])
def test_by_hand_also_where_the_cells_do_not_divide_the_picture(side: int) -> None:
    # f = the sum of all pixels: a cell's figure is its sum less what the baseline has there.
    spec = InputSpec(size=side, channels=3, mean=(0.0,) * 3, std=(1.0,) * 3)
    x = torch.rand((2, 3, side, side), generator=torch.Generator().manual_seed(0))
    found = occlusion(lambda p, *_: p.sum(dim=(1, 2, 3)), x, Setup(spec, baseline=0.25, cells=4))
    assert found.shape == (2, 4, 4)
    at = torch.arange(side) * 4 // side
    for row in range(4):
        for column in range(4):
            cell = x[:, :, at == row][..., at == column]
            torch.testing.assert_close(found[:, row, column], (cell - 0.25).sum(dim=(1, 2, 3)), rtol=0, atol=1e-3)

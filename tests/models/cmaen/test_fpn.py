from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.models.cmaen.attention import FeaturePyramid


def test_top_down_by_hand() -> None:
    pyramid = FeaturePyramid((1, 1), 1)
    with torch.no_grad():
        for conv in (*pyramid.lateral, *pyramid.smooth):
            assert isinstance(conv, nn.Conv2d)
            conv.weight.zero_()
            conv.weight[0, 0, conv.kernel_size[0] // 2, conv.kernel_size[1] // 2] = 1.0
            conv.bias.zero_()  # type: ignore[union-attr]
    fine, coarse = torch.arange(9.0).view(1, 1, 3, 3), torch.tensor([[[[10.0, 20.0], [30.0, 40.0]]]])
    levels = pyramid.levels([fine, coarse])
    # Nearest: rows 0 and 1 of three lie in row 0 of two, row 2 in row 1.
    above = torch.tensor([[10.0, 10, 20], [10, 10, 20], [30, 30, 40]])
    torch.testing.assert_close(levels[0][0, 0], fine[0, 0] + above)
    torch.testing.assert_close(levels[1], coarse)
    torch.testing.assert_close(pyramid([fine, coarse]), torch.tensor([[(float((fine + above).mean()) + 25.0) / 2]]))


@pytest.mark.parametrize("sides", [(32, 16, 8, 8), (56, 28, 14, 7), (9, 5, 3), (3, 2, 1), (1, 1), (4,)])
def test_the_vector_is_the_mean_of_the_levels_averages(sides: tuple[int, ...]) -> None:
    torch.manual_seed(1)
    widths = (4, 6, 8, 5)[: len(sides)]
    pyramid = FeaturePyramid(widths, 3).double()
    # Not square: rows and columns must not be taken for each other.
    features = [
        torch.randn(2, c, s, s + index % 2, dtype=torch.float64, requires_grad=True)
        for index, (c, s) in enumerate(zip(widths, sides, strict=True))
    ]
    slow = torch.stack([level.mean(dim=(2, 3)) for level in pyramid.levels(features)]).mean(dim=0)
    fast = pyramid(features)
    torch.testing.assert_close(fast, slow)
    wanted = [*features, *pyramid.parameters()]
    for a, b in zip(
        torch.autograd.grad(fast.sin().sum(), wanted), torch.autograd.grad(slow.sin().sum(), wanted), strict=True
    ):
        torch.testing.assert_close(a, b)


def test_every_level_feeds_the_vector_and_gets_gradient() -> None:
    torch.manual_seed(0)
    pyramid = FeaturePyramid((4, 8, 8), 6)
    features = [torch.randn(2, c, s, s, requires_grad=True) for c, s in ((4, 9), (8, 5), (8, 3))]
    out = pyramid(features)
    assert out.shape == (2, 6)
    out.square().sum().backward()
    assert all(x.grad is not None and bool((x.grad.abs().sum(dim=(0, 1)) > 0).all()) for x in features)
    assert all(p.grad is not None and float(p.grad.abs().sum()) > 0 for p in pyramid.parameters())

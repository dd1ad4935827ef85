from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from engine.explain.quick_gates import QuickChannelGate, QuickGate, QuickSpatialGate
from engine.models.attention import ChannelGate, SpatialGate


def _pairs() -> list[tuple[nn.Module, QuickGate]]:
    torch.manual_seed(5)
    channel, spatial = ChannelGate(6, 2, "channel").eval(), SpatialGate(3, "spatial").eval()
    nn.init.normal_(spatial.norm.running_mean)  # type: ignore[arg-type]
    return [(channel, QuickChannelGate(channel)), (spatial, QuickSpatialGate(spatial))]


def _slope(gate: nn.Module, x: Tensor, upon: Tensor) -> Tensor:
    given = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad((gate(given.clone()) * upon).sum(), given)
    return slope


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("size", [(12, 12), (6, 6), (5, 9)])
@pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last])
def test_answers_and_slopes_are_the_gates_own(number: int, size: tuple[int, int], order: torch.memory_format) -> None:
    gate, quick = _pairs()[number]
    generator = torch.Generator().manual_seed(6)
    x = torch.randn((3, 6, *size), generator=generator).contiguous(memory_format=order)
    upon = torch.randn((3, 6, *size), generator=generator)
    with torch.no_grad():
        torch.testing.assert_close(quick(x.clone()), gate(x))
    torch.testing.assert_close(quick(x.clone().requires_grad_()).detach(), gate(x).detach())
    torch.testing.assert_close(_slope(quick, x, upon), _slope(gate, x, upon), rtol=1e-4, atol=1e-6)


def test_equal_places_share_the_slope_of_their_maximum_as_in_the_gate() -> None:
    # One cell of each of the nine 4x4 windows stands out, all nine alike: each has a ninth of the maximum's slope.
    gate, quick = _pairs()[0]
    x = torch.rand(1, 6, 12, 12) * 0.5
    x[:, :, 1::4, 2::4] = 2.0
    torch.testing.assert_close(_slope(quick, x, torch.ones_like(x)), _slope(gate, x, torch.ones_like(x)))


def test_without_derivatives_it_works_in_place() -> None:
    for gate, quick in _pairs():
        x = torch.rand(2, 6, 8, 8)
        with torch.no_grad():
            expected = gate(x)
            assert quick(x) is x
        torch.testing.assert_close(x, expected)

from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.models import depthwise
from engine.models.depthwise import SameConv2d, same_padding


@pytest.mark.parametrize(
    ("side", "kernel", "stride", "expected"),
    [
        (96, 3, 2, (0, 1)),  # 48 cells, the last of which needs a row more than there is
        (97, 3, 2, (1, 1)),
        (12, 5, 2, (1, 2)),
        (7, 5, 2, (2, 2)),
        (6, 5, 1, (2, 2)),
        (4, 1, 2, (0, 0)),  # never less than nothing
    ],
)
def test_padding_by_hand(side: int, kernel: int, stride: int, expected: tuple[int, int]) -> None:
    assert same_padding(side, kernel, stride) == expected


@pytest.mark.parametrize(("side", "stride"), [(8, 1), (8, 2), (9, 2), (5, 2)])
def test_the_grid_is_the_side_over_the_stride_rounded_up(side: int, stride: int) -> None:
    conv = SameConv2d(2, 3, 5, stride)
    assert conv(torch.zeros(1, 2, side, side + 1)).shape == (1, 3, -(-side // stride), -(-(side + 1) // stride))


def test_an_even_side_is_padded_at_its_end() -> None:
    conv = SameConv2d(1, 1, 3, 2)
    nn.init.ones_(conv.weight)
    x = torch.zeros(1, 1, 4, 4)
    x[0, 0, 0, 0] = 1.0
    # The first window begins at the first cell, so only it sees that cell; padded before, nothing would change here,
    # but the last row would then be seen twice.
    torch.testing.assert_close(conv(x), torch.tensor([[[[1.0, 0.0], [0.0, 0.0]]]]))
    x = torch.zeros(1, 1, 4, 4)
    x[0, 0, 2, 2] = 1.0
    torch.testing.assert_close(conv(x), torch.ones(1, 1, 2, 2))


@pytest.mark.parametrize("side", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
def test_gradients_on_small_grids_are_those_of_pytorch(side: int, memory: torch.memory_format) -> None:
    torch.manual_seed(side)
    conv = SameConv2d(7, 7, 5, groups=7).double().train()
    x = torch.randn(3, 7, side, side, dtype=torch.double).contiguous(memory_format=memory).requires_grad_()
    wanted = torch.randn(3, 7, side, side, dtype=torch.double)

    def gradients(out: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return torch.autograd.grad((out * wanted).sum(), [x, conv.weight])

    plain = nn.functional.conv2d(x, conv.weight, padding=2, groups=7)
    for ours, theirs in zip(gradients(conv(x)), gradients(plain), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_only_training_on_small_grids_takes_the_other_way(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    apply = depthwise._OnSmallGrid.apply
    monkeypatch.setattr(depthwise._OnSmallGrid, "apply", lambda *given: taken.append(1) or apply(*given))
    conv = SameConv2d(3, 3, 5, groups=3)
    conv.train()(torch.zeros(1, 3, 6, 6))
    assert len(taken) == 1
    conv.train()(torch.zeros(1, 3, 7, 7))
    conv.eval()(torch.zeros(1, 3, 6, 6))
    SameConv2d(3, 3, 3, groups=3).train()(torch.zeros(1, 3, 6, 6))
    with torch.no_grad():
        conv.train()(torch.zeros(1, 3, 6, 6))
    assert len(taken) == 1


def test_under_autocast_it_computes_in_float32() -> None:
    torch.manual_seed(0)
    conv, x = SameConv2d(3, 3, 5, groups=3).eval(), torch.randn(1, 3, 9, 9)
    with torch.autocast("cpu", torch.bfloat16):
        given = conv(x.bfloat16())
    assert given.dtype == torch.bfloat16
    torch.testing.assert_close(given, conv(x.bfloat16().float()).bfloat16(), rtol=0, atol=0)

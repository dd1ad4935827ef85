from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from engine.explain.winograd import TILE, WinogradConvolution, convolve, fits, pays, spectrum_of, transforms


def test_a_row_of_six_outputs_by_hand() -> None:
    a, g, b = transforms()
    inputs = torch.tensor([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0], dtype=torch.float64)
    # Taps 1, 1, 1: each output is the sum of three neighbours, 1 + 2 + 4 = 7 and then twice as much each time.
    found = a @ ((g @ torch.ones(3, dtype=torch.float64)) * (b @ inputs))
    torch.testing.assert_close(found, torch.tensor([7.0, 14.0, 28.0, 56.0, 112.0, 224.0], dtype=torch.float64))
    assert (len(found), a.shape, g.shape, b.shape) == (TILE, (6, 8), (8, 3), (8, 8))


@pytest.mark.parametrize("size", [(6, 6), (12, 24), (7, 10), (3, 1)])
@pytest.mark.parametrize("with_bias", [False, True])
def test_it_is_the_convolution_with_its_border(size: tuple[int, int], with_bias: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn((3, 5, *size), generator=generator)
    weight, bias = torch.randn((4, 5, 3, 3), generator=generator), torch.randn(4, generator=generator)
    expected = F.conv2d(x, weight, bias if with_bias else None, padding=1)
    for given in (x, x.contiguous(memory_format=torch.channels_last)):
        found = convolve(given, spectrum_of(weight), bias if with_bias else None)
        torch.testing.assert_close(found, expected, rtol=0, atol=2e-5 * float(expected.abs().max()))


def test_the_derivative_by_the_input_is_the_convolutions() -> None:
    torch.manual_seed(1)
    conv = nn.Conv2d(4, 6, 3, padding=1)
    quick, x, upon = WinogradConvolution(conv), torch.randn(2, 4, 12, 12), torch.randn(2, 6, 12, 12)
    slopes = []
    for module in (conv, quick):
        given = x.clone().requires_grad_()
        (slope,) = torch.autograd.grad((module(given) * upon).sum(), given)
        slopes.append(slope)
    torch.testing.assert_close(slopes[1], slopes[0], rtol=0, atol=2e-5 * float(slopes[0].abs().max()))
    assert not list(quick.parameters())


def test_it_keeps_the_weights_of_the_moment() -> None:
    conv, x = nn.Conv2d(2, 3, 3, padding=1, bias=False), torch.randn(1, 2, 6, 6)
    quick = WinogradConvolution(conv)
    before = quick(x)
    with torch.no_grad():
        conv.weight.zero_()
    assert torch.equal(quick(x), before)
    assert before.abs().sum() > 0


@pytest.mark.parametrize(
    "conv",
    [
        nn.Conv2d(16, 16, 3),
        nn.Conv2d(16, 16, 3, padding=1, stride=2),
        nn.Conv2d(16, 16, 3, padding=1, dilation=2),
        nn.Conv2d(16, 16, 3, padding=1, groups=2),
        nn.Conv2d(16, 16, 3, padding=1, padding_mode="reflect"),
        nn.Conv2d(16, 16, 5, padding=1),
        nn.Conv2d(16, 16, 3, padding=1, dtype=torch.float64),
    ],
)
def test_what_it_is_not_made_for_is_refused(conv: nn.Conv2d) -> None:
    assert not fits(conv)
    assert not pays(conv)
    with pytest.raises(ValueError, match="expected a 3x3 convolution"):
        WinogradConvolution(conv)


def test_few_channels_do_not_pay() -> None:
    assert pays(nn.Conv2d(16, 16, 3, padding="same"))
    assert fits(nn.Conv2d(1, 64, 3, padding=1))
    assert not pays(nn.Conv2d(1, 64, 3, padding=1))

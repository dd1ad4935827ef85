from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.data.transforms import channels_last


@pytest.mark.parametrize("channels", [1, 3])
def test_the_pictures_are_the_same_and_convolutions_keep_colours_innermost(channels: int) -> None:
    x = torch.rand(2, channels, 8, 6, requires_grad=True)
    laid = channels_last(x)
    assert torch.equal(laid, x)
    assert laid.stride() == (48 * channels, 1, 6 * channels, channels)
    out = nn.Conv2d(channels, 4, 3)(laid)
    assert out.is_contiguous(memory_format=torch.channels_last)
    (gradient,) = torch.autograd.grad((laid * 3.0).sum(), x)
    assert torch.equal(gradient, torch.full_like(x, 3.0))


def test_contiguous_would_leave_grey_pictures_alone() -> None:
    # The reason for the function; should torch change this, the function may go.
    x = torch.rand(2, 1, 8, 6).contiguous(memory_format=torch.channels_last)
    assert not nn.Conv2d(1, 4, 3)(x).is_contiguous(memory_format=torch.channels_last)

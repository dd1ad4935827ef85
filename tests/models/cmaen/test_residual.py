from __future__ import annotations

import pytest
import torch

from engine.models.cmaen.pathways import ExpressionCNN, ResidualBlock, Sampling1x1, strides

WIDTHS = (4, 8, 8, 8)


@pytest.mark.parametrize(
    ("size", "grid"), [(224, 7), (160, 5), (128, 8), (112, 7), (96, 6), (80, 5), (64, 8), (48, 6), (97, 7)]
)
def test_the_final_grid_stays_about_six_wide(size: int, grid: int) -> None:
    net = ExpressionCNN(1, size, WIDTHS, 0.0).eval()
    stages = net(torch.zeros(1, 1, size, size))
    assert [stage.shape[1] for stage in stages] == list(WIDTHS)
    assert stages[-1].shape[-2:] == (grid, grid)


def test_strides() -> None:
    assert [strides(size) for size in (224, 129, 128, 112, 65, 64, 48)] == [
        *((True, 2), (True, 2), (False, 2), (False, 2), (False, 2), (False, 1), (False, 1))
    ]


@pytest.mark.parametrize("size", [49, 65, 97, 145])
def test_no_row_of_the_picture_is_lost(size: int) -> None:
    torch.manual_seed(0)
    net = ExpressionCNN(1, size, WIDTHS, 0.0).eval()
    x = torch.randn(1, 1, size, size, requires_grad=True)
    net(x)[-1].sum().backward()
    assert x.grad is not None
    seen = x.grad[0, 0].abs()
    assert bool((seen.sum(dim=0) > 0).all())
    assert bool((seen.sum(dim=1) > 0).all())


def test_a_block_by_hand() -> None:
    block = ResidualBlock(1, 1, 1, 0.0).eval()
    with torch.no_grad():
        for conv, centre in ((block.conv1, 2.0), (block.conv2, -1.0)):
            conv.weight.zero_()
            conv.weight[0, 0, 1, 1] = centre
        x = torch.tensor([[[[3.0, -1.0]]]])
        # relu(2x) = (6, 0), times -1 = (-6, 0), plus x = (-3, -1), relu = 0; with +1: (9, 0).
        torch.testing.assert_close(block(x), torch.zeros(1, 1, 1, 2))
        block.conv2.weight[0, 0, 1, 1] = 1.0
        torch.testing.assert_close(block(x), torch.tensor([[[[9.0, 0.0]]]]), rtol=1e-4, atol=1e-4)


def test_dropout_drops_whole_channels_of_the_main_branch_only() -> None:
    block = ResidualBlock(4, 4, 1, 1.0).train()  # drops everything
    x = torch.randn(2, 4, 3, 3)
    torch.testing.assert_close(block(x), x.relu())


@pytest.mark.parametrize("size", [8, 7])
def test_a_sampling_convolution_is_the_strided_one(size: int) -> None:
    torch.manual_seed(2)
    sampling = Sampling1x1(4, 8, 2)
    strided = torch.nn.Conv2d(4, 8, 1, 2, bias=False)
    strided.load_state_dict(sampling.state_dict())
    x = torch.randn(3, 4, size, size)
    torch.testing.assert_close(sampling(x), strided(x))

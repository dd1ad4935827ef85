"""What one architecture can begin with of another's weights, beyond those of the same name and shape.

``cmaen`` from a four-block net (``baseline``, ``spatial``, ``cbam``): its E-CNN has the same four widths, and at 48
pixels the same grids, so each stage can begin as a block of that net whose pooling keeps one cell of four where the
block keeps the largest. The rest of the stage begins as an identity, which a residual net can learn away from:

    stem            block 1's 3x3 kernels in the middle of the 7x7 ones
    stage 2, 3, 4   first block: convolution 1 is the net's, convolution 2 passes on, the shortcut adds nothing
    every other     residual block: its main branch adds nothing [1, the gain of the last BatchNorm begins at zero]

[1] P. Goyal et al. Accurate, Large Minibatch SGD. 2017, arXiv:1706.02677, section 5.1.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from engine.models.cmaen.net import CMAEN
from engine.models.cmaen.pathways import ExpressionCNN, ResidualBlock
from engine.models.plain import Block, FourBlockNet


def inherited(model: nn.Module, source: nn.Module) -> dict[str, Tensor]:
    """Return the entries of ``model``'s state that can begin with what ``source`` has learnt; empty: none.

    Args:
        model: whose state is asked for. It is not changed.
        source: a trained network of any architecture.

    Returns:
        Names of ``model.state_dict()`` and their tensors: where names and shapes agree the very ones of ``source``, and
        for a ``CMAEN`` with the widths of a ``FourBlockNet`` the convolutions of its E-CNN.
    """
    if isinstance(model, CMAEN) and isinstance(source, FourBlockNet):
        return {f"ecnn.{name}": value for name, value in _ecnn_of(model.ecnn, source).items()}
    own, other = model.state_dict(), source.state_dict()
    return {name: value for name, value in other.items() if name in own and own[name].shape == value.shape}


def _ecnn_of(ecnn: ExpressionCNN, source: FourBlockNet) -> dict[str, Tensor]:
    """Return the E-CNN's state (without its BatchNorms' statistics) made of the four blocks; empty if widths differ."""
    blocks = [source.get_submodule(name) for name in source.explained_layers]
    stages = [ecnn.get_submodule(f"stage{index}") for index in (1, 2, 3, 4)]
    stem = ecnn.stem[0]
    assert isinstance(stem, nn.Conv2d)  # noqa: S101 - as the constructor makes it
    made: dict[str, Tensor] = {}
    for index, (block, stage) in enumerate(zip(blocks, stages, strict=True)):
        assert isinstance(block, Block)  # noqa: S101
        assert isinstance(stage, nn.Sequential)  # noqa: S101
        first, second = stage
        assert isinstance(first, ResidualBlock)  # noqa: S101
        assert isinstance(second, ResidualBlock)  # noqa: S101
        asked = stem if index == 0 else first.conv1
        if (asked.out_channels, asked.in_channels) != (block.conv.out_channels, block.conv.in_channels):
            return {}
        name = f"stage{index + 1}"
        if index == 0:
            made["stem.0.weight"] = _in_the_middle(block.conv.weight.detach(), like=stem.weight)
            made |= {f"stem.1.{key}": getattr(block.norm, key).detach().clone() for key in ("weight", "bias")}
            made[f"{name}.0.norm2.weight"] = torch.zeros_like(first.norm2.weight)
        else:
            made |= {f"{name}.0.{key}": value for key, value in _passed_on(block).items()}
            made[f"{name}.0.shortcut.1.weight"] = torch.zeros_like(first.norm2.weight)
        made[f"{name}.1.norm2.weight"] = torch.zeros_like(second.norm2.weight)
    return made


def _in_the_middle(kernel: Tensor, *, like: Tensor) -> Tensor:
    """Return ``kernel`` (O, I, k, k) with zeros around it, of ``like``'s shape."""
    margin = (like.shape[-1] - kernel.shape[-1]) // 2
    return torch.nn.functional.pad(kernel, (margin,) * 4).to(like.dtype)


def _passed_on(block: Block) -> dict[str, Tensor]:
    """Return a residual block's main branch that gives, where its convolution stands, what ``block`` gives there."""
    gain, shift = block.norm.weight.detach(), block.norm.bias.detach()
    mean, deviation = _rectified(gain.abs(), shift)
    width = gain.numel()
    passing = torch.zeros(width, width, 3, 3)
    passing[range(width), range(width), 1, 1] = 1.0
    return {
        "conv1.weight": block.conv.weight.detach().clone(),
        "norm1.weight": gain.clone(),
        "norm1.bias": shift.clone(),
        "conv2.weight": passing,
        # This BatchNorm takes mean and deviation away; its gain and shift give them back.
        "norm2.weight": deviation,
        "norm2.bias": mean,
    }


def _rectified(deviation: Tensor, mean: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and deviation of max(0, z) where z is normal with the given ones, each (C,)."""
    deviation = deviation.clamp_min(1e-6)
    ratio = mean / deviation
    density = torch.exp(-(ratio**2) / 2) / math.sqrt(2 * math.pi)
    below = (1 + torch.erf(ratio / math.sqrt(2))) / 2
    first = mean * below + deviation * density
    second = (mean**2 + deviation**2) * below + mean * deviation * density
    return first, (second - first**2).clamp_min(1e-12).sqrt()

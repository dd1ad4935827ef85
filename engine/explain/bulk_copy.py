"""A model's private, quicker copy, for methods that run changed copies of a picture by the hundred.

Four things make it quicker, and none changes the answers but by rounding: BatchNorm is folded into the convolution
before it, the large 3x3 convolutions are computed by Winograd's filtering (:mod:`engine.explain.winograd`), gates read
their features less often (:mod:`engine.explain.quick_gates`), and where there is no gate, ReLU comes after the pooling,
on a quarter of the features (the largest, rectified, is the largest of the rectified). Nobody else sees the copy, so it
needs no lock and no hook.

Logits differ from the model's by less than 1e-5 of the largest. So do gradients, but for rare pictures where a feature
stands so near the bend of a ReLU, or two so near the same maximum, that rounding decides the side; there a gradient
jumps by a hundredth, as it does between two kinds of processor.
"""

from __future__ import annotations

import copy

import torch
from torch import nn

from engine.explain.locking import holding
from engine.explain.quick_gates import QuickChannelGate, QuickSpatialGate
from engine.explain.winograd import WinogradConvolution, pays
from engine.models.attention import ChannelGate, SpatialGate
from engine.models.plain import Block


def bulk_copy(model: nn.Module) -> nn.Module:
    """Return a frozen copy in eval mode that answers as ``model`` does at this moment; the model's lock is held.

    Its parts have other names than the model's, and its taps are to be read from the model instead: what is done to a
    part of the model, such as replacing a gate, is not done to the copy's.
    """
    with holding(model):
        copied = copy.deepcopy(model)
    copied.eval().requires_grad_(requires_grad=False)
    for module in list(copied.modules()):
        if isinstance(module, Block):
            module.conv = nn.utils.fuse_conv_bn_eval(module.conv, module.norm).requires_grad_(requires_grad=False)
            module.norm = nn.Identity()  # type: ignore[assignment]
            if isinstance(module.attention, nn.Identity):
                module.relu, module.pool = nn.Identity(), nn.Sequential(module.pool, module.relu)  # type: ignore[assignment]
    for module in list(copied.modules()):
        for name, child in list(module.named_children()):
            quicker = _quicker(child)
            if quicker is not None:
                setattr(module, name, quicker)
    return copied.to(memory_format=torch.channels_last)


def _quicker(part: nn.Module) -> nn.Module | None:
    """Return what computes the same as a part, or None where nothing does so quicker."""
    if isinstance(part, ChannelGate):
        return QuickChannelGate(part)
    if isinstance(part, SpatialGate):
        return QuickSpatialGate(part)
    return WinogradConvolution(part) if isinstance(part, nn.Conv2d) and pays(part) else None

"""Depthwise convolutions that train faster on a CPU; what they compute is what ``torch.nn.Conv2d`` computes.

PyTorch's CPU kernels leave two holes:
- in bf16, strides and small grids are slow (960 channels from 4x4 to 2x2, 64 pictures, forward and backward on two
  cores: 64 ms, against 0.5 ms in float32), so that under autocast the convolution is computed in float32;
- the weights' gradient of a 5x5 kernel on a small grid is slow (1,152 channels on 3x3, 32 pictures, float32 on one
  core: 41 ms of 43). As a product of matrices, one a channel, over the pictures, both passes take 8.

Letters: B batch, C channels, P cells of the output's grid, Q of the input's, k side of the kernel.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_LARGEST_GRID: Final = 36
"""Cells, up to which a product of matrices gives the gradient of a 5x5 kernel sooner; of 3x3 kernels it never does."""


def same_padding(side: int, kernel: int, stride: int) -> tuple[int, int]:
    """Return the rows to add before and after ``side`` so that ceil(side / stride) come out, as TensorFlow does.

    Weights from there were trained so: where the sum is odd, the end gets one more. (PyTorch's own padding would shift
    every strided layer by a cell.)
    """
    total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
    return total // 2, total - total // 2


class SameConv2d(nn.Conv2d):
    """A convolution without bias, padded by :func:`same_padding`: (B, C, s, s) to (B, outputs, ceil(s / stride), ...).

    Args:
        inputs, outputs: channels.
        kernel: an odd side.
        stride: of both axes.
        groups: 1, or ``inputs`` for a depthwise convolution.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, *, groups: int = 1) -> None:
        # At stride 1 an odd kernel needs as much on either side, which the convolution does itself, sparing a copy.
        super().__init__(inputs, outputs, kernel, stride, kernel // 2 if stride == 1 else 0, groups=groups, bias=False)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's own name
        """Convolve."""
        x = input
        if self.stride[0] > 1:
            kernel, stride = self.kernel_size[0], self.stride[0]
            rows = same_padding(x.shape[2], kernel, stride)
            columns = same_padding(x.shape[3], kernel, stride)
            x = F.pad(x, (*columns, *rows))
        if self.groups == 1 or x.device.type != "cpu":
            return super().forward(x)
        if not torch.is_autocast_enabled("cpu"):
            return self._depthwise(x)
        with torch.autocast("cpu", enabled=False):
            return self._depthwise(x.float()).to(x.dtype)

    def _depthwise(self, x: Tensor) -> Tensor:
        small = self.stride[0] == 1 and self.kernel_size[0] >= 5 and x.shape[2] * x.shape[3] <= _LARGEST_GRID
        # In eval mode an explanation may ask for gradients of gradients, which the plain convolution has.
        if self.training and small and torch.is_grad_enabled() and not torch.compiler.is_compiling():
            out: Tensor = _OnSmallGrid.apply(x, self.weight, self.stride[0], self.padding[0])
            return out
        return super().forward(x)


class _OnSmallGrid(torch.autograd.Function):
    """A depthwise convolution whose weights' gradient is a product of matrices."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.stride, ctx.padding = stride, padding
        return F.conv2d(x, weight, None, stride, padding, 1, len(weight))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        x, weight = ctx.saved_tensors
        for_x: Tensor | None = None
        for_weight: Tensor | None = None
        if ctx.needs_input_grad[0]:
            strides, paddings = [ctx.stride] * 2, [ctx.padding] * 2
            for_x = torch.ops.aten.convolution_backward(
                gradient, x, weight, None, strides, paddings, [1, 1], False, [0, 0], len(weight), [True, False, False]
            )[0]
        if ctx.needs_input_grad[1]:
            chosen = _pairs(x.shape[2], x.shape[3], weight.shape[-1], ctx.stride, ctx.padding).to(x.dtype)
            outputs = gradient.permute(1, 2, 3, 0).flatten(1, 2).contiguous()  # (C, P, B)
            inputs = x.permute(1, 0, 2, 3).flatten(2).contiguous()  # (C, B, Q)
            for_weight = (torch.bmm(outputs, inputs).flatten(1) @ chosen).view_as(weight)
        return for_x, for_weight, None, None


@lru_cache(maxsize=64)
def _pairs(height: int, width: int, kernel: int, stride: int, padding: int) -> Tensor:
    """Return which pairs of an output's and an input's cell each weight of the kernel joins: (P Q, k k), 0 or 1."""
    rows = (height + 2 * padding - kernel) // stride + 1
    columns = (width + 2 * padding - kernel) // stride + 1

    def joined(outputs: int, inputs: int) -> Tensor:
        starts = torch.arange(outputs)[:, None, None] * stride - padding
        return (starts + torch.arange(kernel) == torch.arange(inputs)[None, :, None]).float()  # (outputs, inputs, k)

    both = torch.einsum("aik,bjl->abijkl", joined(rows, height), joined(columns, width))
    return both.reshape(rows * columns * height * width, kernel * kernel)

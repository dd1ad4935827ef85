"""torchvision's EfficientNetV2-S without its classifier, the second pathway of ``cmaen``.

[1] M. Tan, Q. V. Le. EfficientNetV2: Smaller Models and Faster Training. ICML 2021, arXiv:2104.00298, table 4.

A one-channel stem *sums* the three colours' weights: a grey picture then gives exactly what the same picture gives as
three equal channels. (Their mean would shrink every response to a third, which the statistics of the BatchNorm after it
do not expect.)

The E-CNN: eight residual blocks trained from scratch, the first pathway of ``cmaen``.

[1] K. He, X. Zhang, S. Ren, J. Sun. Deep Residual Learning for Image Recognition. CVPR 2016, arXiv:1512.03385.
[2] J. Tompson et al. Efficient Object Localization Using Convolutional Networks. CVPR 2015, arXiv:1411.4280.

Departures from [1]: Dropout2d [2] follows each BatchNorm of the main branch; at small inputs the max-pool goes, then
the last stage's stride, so that the final grid has five rows or more where the input allows it (see :func:`strides`).
"""

from __future__ import annotations

import io
import logging
import socket
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_LOG = logging.getLogger(__name__)

CHANNELS: Final = 1280
"""Channels of the full-width features."""

STRIDE: Final = 32
"""The features' grid is the picture's side divided by this, rounded up."""

_SECONDS_TO_CONNECT: Final = 15.0

_STAGES: Final[tuple[tuple[str, int, int, int, int, int], ...]] = (
    # kind, expansion, stride, inputs, outputs, layers [1, table 4]
    ("fused", 1, 1, 24, 24, 2),
    ("fused", 4, 2, 24, 48, 4),
    ("fused", 4, 2, 48, 64, 4),
    ("plain", 4, 2, 64, 128, 6),
    ("plain", 6, 1, 128, 160, 9),
    ("plain", 6, 2, 160, 256, 15),
)


def one_channel(conv: nn.Conv2d) -> nn.Conv2d:
    """Return ``conv`` for one input channel in place of three: its weights are their sum over the colours."""
    made = nn.Conv2d(1, conv.out_channels, conv.kernel_size, conv.stride, conv.padding, bias=conv.bias is not None)  # type: ignore[arg-type]
    with torch.no_grad():
        made.weight.copy_(conv.weight.sum(dim=1, keepdim=True))
        if conv.bias is not None and made.bias is not None:
            made.bias.copy_(conv.bias)
    return made


class EfficientFeatures(nn.Module):
    """EfficientNetV2-S's features.

    Args:
        channels: of the picture, 1 or 3.
        pretrained: begin with the ImageNet weights. Where they cannot be had, one line says so and the start is random.
        width: share of the channels of each stage, and ``depth`` the most layers a stage has; 1.0 and 15 are
            EfficientNetV2-S itself, less is for quick tries.

    Attributes:
        outputs: channels of the features.
        imagenet: bool buffer, () : whether the run began with the ImageNet weights. It is part of the state, so that a
            resumed run and its checkpoint still know.
    """

    imagenet: Tensor

    def __init__(self, channels: int, *, pretrained: bool = False, width: float = 1.0, depth: int = 15) -> None:
        super().__init__()
        whole = width == 1.0 and depth >= max(layers for *_, layers in _STAGES)
        if pretrained and not whole:
            raise ValueError("pretrained = true needs efficientnet_width = 1.0 and efficientnet_depth = 15")
        net, self.outputs = _network(width, depth)
        weights = _imagenet_weights() if pretrained else None
        if weights is not None:
            net.load_state_dict(weights)
        self.features: nn.Sequential = net.features
        if channels == 1:
            self.features[0][0] = one_channel(self.features[0][0])
        self.register_buffer("imagenet", torch.tensor(weights is not None))

    def forward(self, x: Tensor) -> Tensor:
        """Map pictures (B, channels, S, S) to features (B, outputs, ceil(S / 32), ceil(S / 32))."""
        out: Tensor = self.features(x)
        return out


def _network(width: float, depth: int) -> tuple[Any, int]:
    from torchvision.models.efficientnet import EfficientNet, FusedMBConvConfig, MBConvConfig

    def scaled(channels: int) -> int:
        return max(8, round(channels * width / 8) * 8)

    settings = [
        (FusedMBConvConfig if kind == "fused" else MBConvConfig)(
            expansion, 3, stride, scaled(inputs), scaled(outputs), min(layers, depth)
        )
        for kind, expansion, stride, inputs, outputs, layers in _STAGES
    ]
    last = scaled(CHANNELS)
    # As torchvision's own efficientnet_v2_s: BatchNorm with eps 1e-3, stochastic depth up to .2.
    net = EfficientNet(settings, dropout=0.2, last_channel=last, norm_layer=lambda n: nn.BatchNorm2d(n, eps=1e-3))
    for module in list(net.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.Conv2d) and child.groups > 1:
                setattr(module, name, _DepthwiseConv2d(child))
    return net, last


class _DepthwiseConv2d(nn.Conv2d):
    """A depthwise convolution that computes in float32 on a CPU.

    In bf16 the CPU's kernels for strides and for grids of 2x2 are slow: measured forward and backward on two cores, 64
    pictures, 960 channels from 4x4 to 2x2: 64 ms, against 0.5 ms in float32.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__(
            conv.in_channels,
            conv.out_channels,
            conv.kernel_size,  # type: ignore[arg-type]
            conv.stride,  # type: ignore[arg-type]
            conv.padding,  # type: ignore[arg-type]
            groups=conv.groups,
            bias=conv.bias is not None,
        )
        self.weight, self.bias = conv.weight, conv.bias

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's own name
        if input.device.type != "cpu" or not torch.is_autocast_enabled("cpu"):
            return super().forward(input)
        with torch.autocast("cpu", enabled=False):
            return super().forward(input.float()).to(input.dtype)


def _imagenet_weights() -> dict[str, Tensor] | None:
    """Fetch torchvision's ImageNet weights (or take them from its cache); None, and one line, where that fails."""
    from torchvision.models import EfficientNet_V2_S_Weights

    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_SECONDS_TO_CONNECT)  # without one, an unreachable host would hang the run for ever
    try:
        # torch.hub says where on this machine it puts the file; on stdout, which --json keeps for its document.
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            weights: dict[str, Tensor] = EfficientNet_V2_S_Weights.IMAGENET1K_V1.get_state_dict(
                progress=False, check_hash=True, weights_only=True
            )
    except (OSError, RuntimeError, ValueError) as error:
        _LOG.warning(
            "The ImageNet weights of EfficientNetV2-S cannot be had (%s); it starts from random weights.",
            getattr(error, "reason", None) or type(error).__name__,
        )
        return None
    finally:
        socket.setdefaulttimeout(before)
    return weights


FEWEST_ROWS: Final = 5
"""A final grid below 5x5 has no room for a face's parts."""


def strides(size: int) -> tuple[bool, int]:
    """Return (whether the stem's max-pool stays, the last stage's stride) for pictures of ``size`` pixels.

    224: (True, 2), 7x7; 112: (False, 2), 7x7; 96: (False, 2), 6x6; 64: (False, 1), 8x8; 48: (False, 1), 6x6.
    """
    if -(-size // 32) >= FEWEST_ROWS:
        return True, 2
    return False, 2 if -(-size // 16) >= FEWEST_ROWS else 1


class Sampling1x1(nn.Conv2d):
    """A 1x1 convolution without bias at every ``stride``-th cell, which are picked first: the same numbers.

    oneDNN's own strided kernel for CPUs without AVX-512 writes past its buffer in the weights' gradient where the
    channels are no multiple of eight (PyTorch 2.14: "free(): invalid next size").
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__(inputs, outputs, 1, stride, bias=False)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's own name
        """Map (B, inputs, h, w) to (B, outputs, ceil(h / stride), ceil(w / stride))."""
        rows, columns = self.stride
        return F.conv2d(input[:, :, ::rows, ::columns], self.weight)


class ResidualBlock(nn.Module):
    """relu(drop(BN(conv(relu(drop(BN(conv(x))))))) + shortcut(x)), both convolutions 3x3 [1, fig. 2].

    Args:
        inputs, outputs: channels.
        stride: of the first convolution and of the 1x1 shortcut, which is an identity where nothing changes.
        dropout: probability of dropping a whole channel [2].
    """

    def __init__(self, inputs: int, outputs: int, stride: int, dropout: float) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.dropout = nn.Dropout2d(dropout)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(Sampling1x1(inputs, outputs, stride), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, inputs, h, w) to (B, outputs, ceil(h / stride), ceil(w / stride))."""
        main = self.dropout(self.norm1(self.conv1(x))).relu()
        main = self.dropout(self.norm2(self.conv2(main)))
        out: Tensor = (main + self.shortcut(x)).relu()
        return out


class ExpressionCNN(nn.Module):
    """7x7/2 stem, then four stages of two residual blocks.

    Args:
        channels: of the picture, 1 or 3.
        size: side of the picture, which sets the strides.
        widths: channels of the four stages.
        dropout: of the blocks' Dropout2d.
    """

    def __init__(self, channels: int, size: int, widths: Sequence[int], dropout: float) -> None:
        super().__init__()
        pooled, last = strides(size)
        self.widths = tuple(widths)
        self.stem = nn.Sequential(
            nn.Conv2d(channels, widths[0], 7, 2, padding=3, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()
        )
        self.pool = nn.MaxPool2d(3, 2, padding=1) if pooled else nn.Identity()
        inputs = widths[0]
        for index, (width, stride) in enumerate(zip(widths, (1, 2, 2, last), strict=True), start=1):
            blocks = (ResidualBlock(inputs, width, stride, dropout), ResidualBlock(width, width, 1, dropout))
            setattr(self, f"stage{index}", nn.Sequential(*blocks))
            inputs = width
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Map pictures (B, channels, size, size) to the four stages' features, finest first.

        At 224: (B, 64, 56, 56), (B, 128, 28, 28), (B, 256, 14, 14), (B, 512, 7, 7).
        """
        x = self.pool(self.stem(x))
        features: list[Tensor] = []
        for name in ("stage1", "stage2", "stage3", "stage4"):
            x = getattr(self, name)(x)
            features.append(x)
        return tuple(features)

"""The E-CNN: eight residual blocks trained from scratch, the first pathway of ``cmaen``.

[1] K. He, X. Zhang, S. Ren, J. Sun. Deep Residual Learning for Image Recognition. CVPR 2016, arXiv:1512.03385.
[2] J. Tompson et al. Efficient Object Localization Using Convolutional Networks. CVPR 2015, arXiv:1411.4280.

Departures from [1]: Dropout2d [2] follows each BatchNorm of the main branch; at small inputs the max-pool goes, then
the last stage's stride, so that the final grid has five rows or more where the input allows it (see :func:`strides`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from torch import Tensor, nn

FEWEST_ROWS: Final = 5
"""A final grid below 5x5 has no room for a face's parts."""


def strides(size: int) -> tuple[bool, int]:
    """Return (whether the stem's max-pool stays, the last stage's stride) for pictures of ``size`` pixels.

    224: (True, 2), 7x7; 112: (False, 2), 7x7; 96: (False, 2), 6x6; 64: (False, 1), 8x8; 48: (False, 1), 6x6.
    """
    if -(-size // 32) >= FEWEST_ROWS:
        return True, 2
    return False, 2 if -(-size // 16) >= FEWEST_ROWS else 1


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
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

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

"""``micro``: a small net for micro-expressions, with CBAM in the middle.

256x256 colour pictures, six classes. Four times {convolution, ReLU, 2x2 max-pool}: 3x3 to 8 channels, 1x1 to 16, CBAM
on the 64x64 grid that is left, 1x1 to 32, 3x3 to 64; then 512 hidden units. The budget is that of an earlier system of
8.41 M parameters whose attention gave back its input; here both gates multiply it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from torch import Tensor, nn

from engine.errors import UnknownNameError
from engine.models.architecture import IMAGENET_INPUT, Architecture
from engine.models.attention import CBAM

CONVOLUTIONS: Final[tuple[tuple[int, int], ...]] = ((8, 3), (16, 1), (32, 1), (64, 3))
"""Channels and kernel of each block."""
ATTENTION_AFTER: Final = "block2"
HIDDEN: Final = 512


class MicroBlock(nn.Module):
    """Convolution, ReLU, 2x2 max-pool, and what follows it (attention or nothing)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, attention: nn.Module) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
        self.relu = nn.ReLU(inplace=True)
        self.pool = nn.MaxPool2d(2)
        self.attention = attention

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, inputs, s, s) to (B, outputs, s // 2, s // 2)."""
        out: Tensor = self.attention(self.pool(self.relu(self.conv(x))))
        return out


class MicroNet(nn.Module):
    """The net; 8,411,708 parameters with six classes at 256x256 (8,411,606 without attention).

    Args:
        classes: K.
        size: side of the square input; a multiple of 16.
        channels: 1 or 3.
        attention: whether the two gates are there.
        reduction: r of the channel gate.
        kernel: odd side of the spatial gate's convolution.
        dropout: probability before the last layer.
    """

    def __init__(
        self,
        *,
        classes: int = 6,
        size: int = 256,
        channels: int = 3,
        attention: bool = True,
        reduction: int = 8,
        kernel: int = 3,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        if size % 16:
            raise ValueError(f"size must be a multiple of 16 so that no pooling drops a row, got {size}")
        before = channels
        self.explained_layers: tuple[str, ...] = tuple(f"block{n}" for n in range(1, len(CONVOLUTIONS) + 1))
        for name, (after, side) in zip(self.explained_layers, CONVOLUTIONS, strict=True):
            gates = attention and name == ATTENTION_AFTER
            gate = CBAM(after, reduction, kernel, name) if gates else nn.Identity()
            setattr(self, name, MicroBlock(before, after, side, gate))
            before = after
        self.hidden = nn.Linear(before * (size // 16) ** 2, HIDDEN)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(HIDDEN, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map normalised pictures (B, channels, size, size) to logits (B, K)."""
        for name in self.explained_layers:
            x = getattr(self, name)(x)
        out: Tensor = self.output(self.dropout(self.hidden(x.flatten(1)).relu()))
        return out

    def activation_module(self, layer: str) -> nn.Module:
        """Return the module whose output is ``layer``'s feature map: after its gates where it has some, else its ReLU.

        The gates of ``block2`` stand after the pooling, so its map is a quarter of the picture's side; those of the
        others are taken before it: 256, 64 and 32 wide at 256 pixels.
        """
        if layer not in self.explained_layers:
            raise UnknownNameError("layer", layer, self.explained_layers)
        block: MicroBlock = getattr(self, layer)
        return block.relu if isinstance(block.attention, nn.Identity) else block.attention


ARCHITECTURES: Final[dict[str, Architecture]] = {
    "micro": Architecture(
        MicroNet, "channel + spatial, after the second block", "micro", replace(IMAGENET_INPUT, size=256)
    )
}

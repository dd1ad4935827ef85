"""``activation``: a plain CNN for looking at what single filters answer to; three blocks and two hidden layers.

Three times {3x3 convolution, BatchNorm, ReLU, 2x2 max-pool, dropout} with 64, 128 and 256 channels, then 512 and 256
hidden units, each normalised over the batch (without parameters), with ReLU and dropout. It has no attention gate; its
filters and feature maps are what is shown.
"""

from __future__ import annotations

from typing import Final

from torch import Tensor, nn

from engine.errors import UnknownNameError
from engine.models.architecture import Architecture

WIDTHS: Final[tuple[int, ...]] = (64, 128, 256)
HIDDEN: Final = (512, 256)


class ActivationBlock(nn.Module):
    """3x3 convolution, BatchNorm, ReLU, 2x2 max-pool, dropout."""

    def __init__(self, inputs: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.pool = nn.MaxPool2d(2)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, inputs, s, s) to (B, outputs, s // 2, s // 2)."""
        out: Tensor = self.dropout(self.pool(self.relu(self.norm(self.conv(x)))))
        return out


class ActivationNet(nn.Module):
    """The net; 5,222,791 parameters with 7 classes at 48x48.

    Args:
        classes: K.
        size: side of the square input; a multiple of 8.
        channels: 1 or 3.
        block_dropout: probability after each block.
        dropout: probability after each hidden layer.
    """

    def __init__(
        self,
        *,
        classes: int = 7,
        size: int = 48,
        channels: int = 1,
        block_dropout: float = 0.1,
        dropout: float = 0.4,
    ) -> None:
        super().__init__()
        if size % 8:
            raise ValueError(f"size must be a multiple of 8 so that no pooling drops a row, got {size}")
        for index, (before, after) in enumerate(zip((channels, *WIDTHS[:-1]), WIDTHS, strict=True), start=1):
            setattr(self, f"block{index}", ActivationBlock(before, after, block_dropout))
        self.hidden1 = nn.Linear(WIDTHS[-1] * (size // 8) ** 2, HIDDEN[0])
        self.norm1 = nn.BatchNorm1d(HIDDEN[0], affine=False)
        self.hidden2 = nn.Linear(HIDDEN[0], HIDDEN[1])
        self.norm2 = nn.BatchNorm1d(HIDDEN[1], affine=False)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(HIDDEN[-1], classes)
        self.explained_layers: tuple[str, ...] = ("block1", "block2", "block3")
        self._initialise()

    def _initialise(self) -> None:
        """Initialise as He et al. 2015 (arXiv:1502.01852), with a small last layer: first answers are even."""
        for name in self.explained_layers:
            block: ActivationBlock = getattr(self, name)
            nn.init.kaiming_normal_(block.conv.weight, mode="fan_out", nonlinearity="relu")
            if block.conv.bias is not None:
                nn.init.zeros_(block.conv.bias)
        for layer in (self.hidden1, self.hidden2):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
        nn.init.normal_(self.output.weight, std=0.01)
        nn.init.zeros_(self.output.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map normalised pictures (B, channels, size, size) to logits (B, K)."""
        for name in self.explained_layers:
            x = getattr(self, name)(x)
        x = self.dropout(self.norm1(self.hidden1(x.flatten(1))).relu())
        out: Tensor = self.output(self.dropout(self.norm2(self.hidden2(x)).relu()))
        return out

    def activation_module(self, layer: str) -> nn.Module:
        """Return the module whose output is ``layer``'s feature map on its full grid: its ReLU, before the pooling."""
        if layer not in self.explained_layers:
            raise UnknownNameError("layer", layer, self.explained_layers)
        module: nn.Module = getattr(self, layer).relu
        return module


ARCHITECTURES: Final[dict[str, Architecture]] = {"activation": Architecture(ActivationNet, "none", "activation")}

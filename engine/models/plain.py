"""The shared four-block backbone of ``baseline``, ``spatial`` and ``cbam``.

Four blocks of {3x3 convolution, BatchNorm, ReLU, attention, 2x2 max-pool} with 64, 128, 256 and 512 channels, then
512 hidden units. Attention stands before the pooling, so on 48x48 pictures its maps are 48, 24, 12 and 6 wide.
The three models differ in nothing but the attention.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from torch import Tensor, nn

from engine.errors import UnknownNameError
from engine.models.architecture import Architecture, Part
from engine.models.attention import CBAM, SpatialGate
from engine.models.taps import taps_of

WIDTHS: Final[tuple[int, ...]] = (64, 128, 256, 512)
HIDDEN: Final = 512
LAST_GAIN: Final = 0.2
"""Where the gain of the last features starts (BatchNorm's, times the gates'); it is learnt from there."""
ATTENTION: Final[tuple[str, ...]] = ("none", "spatial", "cbam")


def _attention(kind: str, channels: int, reduction: int, kernel: int, layer: str) -> nn.Module:
    if kind == "none":
        return nn.Identity()
    if kind == "spatial":
        return SpatialGate(kernel, f"{layer}.spatial")
    if kind == "cbam":
        return CBAM(channels, reduction, kernel, layer)
    raise UnknownNameError("attention", kind, ATTENTION)


class Block(nn.Module):
    """3x3 convolution, BatchNorm, ReLU, attention, 2x2 max-pool."""

    def __init__(self, inputs: int, outputs: int, attention: nn.Module) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.attention = attention
        self.pool = nn.MaxPool2d(2)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, inputs, s, s) to (B, outputs, s // 2, s // 2)."""
        out: Tensor = self.pool(self.attention(self.relu(self.norm(self.conv(x)))))
        return out


class FourBlockNet(nn.Module):
    """The backbone with one attention kind after every block.

    Args:
        attention: ``none`` (3,915,143 parameters with 7 classes at 48x48), ``spatial`` or ``cbam``.
        classes: K.
        size: side of the square input; a multiple of 16.
        channels: 1 or 3.
        reduction: CBAM's r.
        kernel: side of the spatial gates' convolution. In the fourth block (6x6 at 48 pixels) it is still the same.
        dropout: probability before the last layer.
        hidden_norm: normalise each hidden unit over the batch before its ReLU (Ioffe & Szegedy 2015,
            arXiv:1502.03167), without learnt gain or shift, so that the number of parameters stays. Without it the
            hidden layer's thousands of inputs, none of them negative, push whole units below zero together. Off by
            default because checkpoints from before do not have it.
    """

    def __init__(
        self,
        attention: str = "none",
        *,
        classes: int = 7,
        size: int = 48,
        channels: int = 1,
        reduction: int = 16,
        kernel: int = 7,
        dropout: float = 0.5,
        hidden_norm: bool = False,
    ) -> None:
        super().__init__()
        if size % 16:
            raise ValueError(f"size must be a multiple of 16 so that no pooling drops a row, got {size}")
        inputs = (channels, *WIDTHS[:-1])
        for index, (before, after) in enumerate(zip(inputs, WIDTHS, strict=True), start=1):
            gate = _attention(attention, after, reduction, kernel, f"block{index}")
            setattr(self, f"block{index}", Block(before, after, gate))
        self.hidden = nn.Linear(WIDTHS[-1] * (size // 16) ** 2, HIDDEN)
        self.hidden_norm = nn.BatchNorm1d(HIDDEN, affine=False) if hidden_norm else nn.Identity()
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(HIDDEN, classes)
        self._initialise()
        self.explained_layers: tuple[str, ...] = ("block1", "block2", "block3", "block4")

    def _initialise(self) -> None:
        """Initialise as He et al. 2015 (arXiv:1502.01852), with a small last layer so that the first answers are even.

        The gates keep PyTorch's own: their sigmoid wants small inputs.
        """
        for name in ("block1", "block2", "block3", "block4"):
            block: Block = getattr(self, name)
            nn.init.kaiming_normal_(block.conv.weight, mode="fan_out", nonlinearity="relu")
            if block.conv.bias is not None:
                nn.init.zeros_(block.conv.bias)
        if isinstance(self.hidden_norm, nn.Identity):
            # Thousands of inputs that are never negative make the hidden layer's steps so large that most of its units
            # soon answer nothing for any picture (measured: 76 % after 5 epochs of SGD, 92 % after 16 of AdamW; with
            # this start 9 % at the same rate, but at larger rates channels of the last block go the same way).
            nn.init.constant_(block.norm.weight, LAST_GAIN * 2 ** len(taps_of(block)))  # a gate starts at about a half
        nn.init.kaiming_normal_(self.hidden.weight, nonlinearity="relu")
        nn.init.zeros_(self.hidden.bias)
        nn.init.normal_(self.output.weight, std=0.01)
        nn.init.zeros_(self.output.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map normalised pictures (B, channels, size, size) to logits (B, K)."""
        for name in self.explained_layers:
            x = getattr(self, name)(x)
        out: Tensor = self.output(self.dropout(self.hidden_norm(self.hidden(x.flatten(1))).relu()))
        return out

    def activation_module(self, layer: str) -> nn.Module:
        """Return the module whose output is ``layer``'s feature map on its full grid: after attention, before pooling.

        For a block without attention that is the output of its ReLU (an Identity follows it).
        """
        if layer not in self.explained_layers:
            raise UnknownNameError("layer", layer, self.explained_layers)
        module: nn.Module = getattr(self, layer).attention
        return module


FAMILY: Final = "four-block"

ARCHITECTURES: Final[dict[str, Architecture]] = {
    "baseline": Architecture(partial(FourBlockNet, "none"), "none", FAMILY),
    "spatial": Architecture(
        partial(FourBlockNet, "spatial"),
        "spatial, after each block",
        FAMILY,
        parts={"attention": Part("baseline", takes=("reduction", "kernel"))},
    ),
    "cbam": Architecture(
        partial(FourBlockNet, "cbam"),
        "channel + spatial, after each block",
        FAMILY,
        parts={
            "attention": Part("baseline", takes=("reduction", "kernel")),
            "channel": Part("spatial", takes=("reduction",)),
        },
    ),
}

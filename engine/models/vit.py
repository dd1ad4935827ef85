"""``vit``: a small Vision Transformer, so that self-attention can be compared with the gates of a convolutional net.

    48 x 48 ─ convolutional stem ─ 12 x 12 cells of 160 channels ─ 4 blocks ─ LayerNorm ─ mean of cells ─ logits

[1] A. Dosovitskiy et al. An Image is Worth 16x16 Words. ICLR 2021, arXiv:2010.11929 (the blocks, section 3.1).
[2] T. Xiao et al. Early Convolutions Help Transformers See Better. NeurIPS 2021, arXiv:2106.14881 (the stem).
[3] L. Beyer, X. Zhai, A. Kolesnikov. Better plain ViT baselines for ImageNet-1k. 2022, arXiv:2205.01580 (fixed sine
    positions and the mean of the cells in place of learnt ones and a class token).

Without a class token each row and column of an attention map is a place in the picture; nothing has to be cut off
before it is drawn. Departure from [2]: the stem's last convolution is 3x3, not 1x1.

Self-attention: each cell of a grid asks all cells of the same grid, several times over.

[1] A. Vaswani et al. Attention Is All You Need. NeurIPS 2017, arXiv:1706.03762, section 3.2.
"""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor, nn

from engine.errors import UnknownNameError
from engine.models.architecture import Architecture
from engine.models.taps import AttentionTap


class SelfAttention(nn.Module):
    """Multi-head attention of n cells to themselves [1, eq. 1]: softmax(Q Kᵀ / √d) V by head, then one projection.

    The tap, of kind ``cross``, carries the weights of all heads as (B, heads · n, n): every head asks once for each
    cell, so row ``head · n + cell`` is the map over the cells that this head attends to for that cell, and sums to 1.
    Whatever reads cross gates reads the mean over rows as what each cell received, over all heads.

    Args:
        width: channels of a cell, a multiple of ``heads``; a head takes d = width / heads of them.
        heads: how often each cell asks.
        layer: the tap's name.
    """

    def __init__(self, width: int, heads: int, layer: str) -> None:
        super().__init__()
        if heads < 1 or width % heads:
            raise ValueError(f"the width must be a multiple of the heads, got {width} and {heads}")
        self.heads, self.size = heads, width // heads
        self.asked = nn.Linear(width, 3 * width)  # queries, keys and values, each by head
        self.project = nn.Linear(width, width)
        self.tap = AttentionTap(layer, "cross", among_itself=True)

    def forward(self, cells: Tensor) -> Tensor:
        """Map cells (B, n, width) to what each of them has gathered, of the same shape."""
        count, shape = cells.shape[1], (3, self.heads, self.size)
        # (B, n, 3 · width) to three of (B, heads, n, d)
        queries, keys, values = self.asked(cells).unflatten(2, shape).permute(2, 0, 3, 1, 4).unbind(0)
        scores = queries @ keys.transpose(2, 3) / math.sqrt(self.size)
        weights: Tensor = self.tap(torch.softmax(scores.float(), dim=-1).flatten(1, 2))
        gathered = weights.reshape(-1, self.heads, count, count).to(values.dtype) @ values
        out: Tensor = self.project(gathered.transpose(1, 2).flatten(2))
        return out


MOST_CELLS: Final = 96**2
"""Of a picture; each cell is compared with each, for each head, in each block."""
DEEPEST: Final = 64
CELL: Final = 4
"""Side of a cell in pixels; the stem halves the picture twice."""
LONGEST_WAVE: Final = 10_000.0
"""Of the positions, as in arXiv:1706.03762, section 3.5."""


def sine_positions(side: int, width: int) -> Tensor:
    """Return what is added to tell cells apart [3]: (1, width, side, side) float32 in [-1, 1].

    The first half of the channels says the row, the second the column; in each, sines come before cosines.
    """
    if width % 4:
        raise ValueError(f"the width must be a multiple of 4 (sine and cosine, row and column), got {width}")
    rates = LONGEST_WAVE ** (-torch.arange(width // 4) / (width // 4))
    angles = torch.arange(side)[None, :] * rates[:, None]
    waves = torch.cat([angles.sin(), angles.cos()])  # (width / 2, side)
    rows, columns = waves[:, :, None].expand(-1, -1, side), waves[:, None, :].expand(-1, side, -1)
    return torch.cat([rows, columns])[None].contiguous()


class VitBlock(nn.Module):
    """Self-attention, then two linear layers with GELU, each behind a LayerNorm and added to its input [1, eq. 2-3].

    Cells come and go as a map (B, width, h, w), so that a block's output is a layer to explain at like any other.
    """

    def __init__(self, width: int, heads: int, hidden: int, dropout: float, layer: str) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads, f"{layer}.attention")
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, width, h, w) to the same shape."""
        cells = x.flatten(2).transpose(1, 2)  # (B, h · w, width), row by row
        cells = cells + self.dropout(self.attention(self.norm1(cells)))
        cells = cells + self.dropout(self.mlp(self.norm2(cells)))
        out: Tensor = cells.transpose(1, 2).reshape(x.shape)
        return out


class VisionTransformer(nn.Module):
    """The net; 1,177,887 parameters with 7 classes at 48x48.

    Args:
        classes: K.
        size: side of the square input; a multiple of 4.
        channels: 1 or 3.
        width: channels of a cell; a multiple of 4 and of ``heads``.
        depth: blocks.
        heads: of each block's self-attention.
        expansion: hidden units of a block's linear layers, in widths.
        dropout: probability on what attention and linear layers add.
    """

    def __init__(
        self,
        *,
        classes: int = 7,
        size: int = 48,
        channels: int = 1,
        width: int = 160,
        depth: int = 4,
        heads: int = 5,
        expansion: int = 3,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        if size % CELL:
            raise ValueError(f"size must be a multiple of {CELL} so that no cell is cut, got {size}")
        if (size // CELL) ** 2 > MOST_CELLS:
            raise ValueError(f"size must be at most {CELL * math.isqrt(MOST_CELLS)}, got {size}")
        if not (1 <= depth <= DEEPEST and expansion >= 1 and width >= CELL):
            raise ValueError(
                f"depth must be 1 to {DEEPEST}, expansion 1 or more and width {CELL} or more, got {depth}, {expansion} "
                f"and {width}"
            )
        self.stem = nn.Sequential(
            *(nn.Conv2d(channels, width // 4, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(width // 4)),
            nn.ReLU(inplace=True),
            *(nn.Conv2d(width // 4, width // 2, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(width // 2)),
            nn.ReLU(inplace=True),
            nn.Conv2d(width // 2, width, 3, padding=1),
        )
        self.positions: Tensor
        self.register_buffer("positions", sine_positions(size // CELL, width), persistent=False)
        self.explained_layers: tuple[str, ...] = tuple(f"block{number}" for number in range(1, depth + 1))
        for name in self.explained_layers:
            setattr(self, name, VitBlock(width, heads, expansion * width, dropout, name))
        self.norm = nn.LayerNorm(width)
        self.output = nn.Linear(width, classes)
        self._initialise()

    def _initialise(self) -> None:
        """Initialise linear layers as [1]'s code does (std 0.02), and the last one small: first answers are even."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        nn.init.normal_(self.output.weight, std=0.01)

    def forward(self, x: Tensor) -> Tensor:
        """Map normalised pictures (B, channels, size, size) to logits (B, K)."""
        x = self.stem(x) + self.positions
        for name in self.explained_layers:
            x = getattr(self, name)(x)
        cells = self.norm(x.flatten(2).transpose(1, 2))
        out: Tensor = self.output(cells.mean(dim=1))
        return out

    def activation_module(self, layer: str) -> nn.Module:
        """Return the module whose output is ``layer``'s map of cells (B, width, h, w): the block itself."""
        if layer not in self.explained_layers:
            raise UnknownNameError("layer", layer, self.explained_layers)
        module: nn.Module = getattr(self, layer)
        return module


ARCHITECTURES: Final[dict[str, Architecture]] = {
    "vit": Architecture(VisionTransformer, "self-attention, in each block", "vit")
}

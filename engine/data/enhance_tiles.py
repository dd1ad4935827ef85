"""Run a network over pictures in overlapping tiles and blend these, so that a picture of any size fits the memory.

In each overlap the outer quarter on either side counts nothing, since a tile knows least at its edge; between the
quarters one tile fades linearly into the next. Tiles begin at multiples of the network's attention windows, so the
windows lie as they would in the whole picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from torch import Tensor

from engine.errors import UsageError
from engine.records import UInt8


@dataclass(frozen=True)
class Tiling:
    """How pictures are cut; pixels of the picture before it is enlarged.

    Attributes:
        tile: side of a tile. What is no larger is taken whole.
        overlap: of neighbouring tiles.
        batch: how many tiles, or whole pictures, go through a network at once.
    """

    tile: int = 256
    overlap: int = 32
    batch: int = 16

    def __post_init__(self) -> None:
        if self.tile < 32 or self.overlap < 0 or 2 * self.overlap > self.tile:
            raise UsageError(
                "Expected tiles of 32 pixels or more that overlap by at most half, got "
                f"--tile {self.tile} --overlap {self.overlap}."
            )
        if self.batch < 1:
            raise UsageError(f"Expected a --batch of 1 or more, got {self.batch}.")

    def on_grid(self, multiple: int) -> tuple[int, int]:
        """Return tile and overlap as multiples of ``multiple``, not smaller than asked as long as tiles can advance."""
        tile = multiple * -(-self.tile // multiple)
        return tile, min(multiple * -(-self.overlap // multiple), tile - multiple)


def pad_to_multiple(images: UInt8, multiple: int) -> UInt8:
    """Mirror pictures (B, H, W, C) at the bottom and the right until both sides are multiples; 16 pixels at least."""
    _, height, width, _ = images.shape
    rows, columns = (multiple * -(-max(side, 16) // multiple) - side for side in (height, width))
    return np.pad(images, ((0, 0), (0, rows), (0, columns), (0, 0)), mode="reflect") if rows or columns else images


def tile_starts(length: int, tile: int, overlap: int) -> list[int]:
    """Return where tiles begin along a side of ``length``; the last one ends with the side."""
    if length <= tile:
        return [0]
    return [*range(0, length - tile, tile - overlap), length - tile]


def blend_weights(length: int, overlap: int, *, first: bool, last: bool) -> Tensor:
    """Return float32 (length,) in [0, 1]: how much each pixel of a tile counts; both lengths in pixels enlarged.

    A side that begins (``first``) or ends (``last``) the picture is not faded.
    """
    weights = torch.ones(length)
    if overlap:
        rising = ((torch.arange(overlap) + 0.5 - overlap / 4) / (overlap / 2)).clamp(0.0, 1.0)
        if not first:
            weights[:overlap] *= rising
        if not last:
            weights[length - overlap :] *= rising.flip(0)
    return weights


@torch.no_grad()
def run_tiled(
    network: Callable[[Tensor], Tensor], batch: Tensor, *, scale: int, tiling: Tiling, multiple: int = 1
) -> Tensor:
    """Enlarge pictures.

    Args:
        network: float32 (N, C, h, w) to (N, C, scale h, scale w).
        batch: float32 (B, C, H, W), both sides multiples of ``multiple``.
        scale: what the network enlarges by.
        tiling: how to cut; widened to multiples of ``multiple``.
        multiple: side of the network's attention windows.

    Returns:
        float32 (B, C, scale H, scale W) on the CPU.
    """
    count, channels, height, width = batch.shape
    tile, overlap = tiling.on_grid(multiple)
    rows, columns = (tile_starts(side, tile, overlap) for side in (height, width))
    size_y, size_x = min(tile, height), min(tile, width)
    pieces = list(product(range(count), rows, columns))
    total = torch.zeros(count, channels, height * scale, width * scale)
    weight = torch.zeros(height * scale, width * scale)
    for start in range(0, len(pieces), tiling.batch):
        some = pieces[start : start + tiling.batch]
        cut = torch.stack([batch[one, :, y : y + size_y, x : x + size_x] for one, y, x in some])
        enlarged = network(cut).float().cpu()
        for (one, y, x), piece in zip(some, enlarged, strict=True):
            down = blend_weights(size_y * scale, overlap * scale, first=y == 0, last=y == rows[-1])
            across = blend_weights(size_x * scale, overlap * scale, first=x == 0, last=x == columns[-1])
            share = down[:, None] * across[None]
            place = (slice(y * scale, (y + size_y) * scale), slice(x * scale, (x + size_x) * scale))
            total[one, :, *place] += piece * share
            if one == 0:
                weight[place] += share
    return total / weight

"""Colour tables for maps: perceptually uniform ones, a diverging one for signed maps, and jet with its warning.

Each table is (256, 3) uint8 RGB, interpolated from a few anchors, so that no plotting library is needed.

[1] N. Smith, S. van der Walt. A Better Default Colormap for Matplotlib. SciPy 2015 (viridis, magma; CC0).
[2] J. Nuñez, C. Anderton, R. Renslow. Optimizing colormaps with consideration for color vision deficiency. PLOS ONE
    2018 (cividis; CC0).
[3] K. Moreland. Diverging Color Maps for Scientific Visualization. ISVC 2009 (cool-warm, its middle is grey).
[4] D. Borland, R. Taylor. Rainbow Color Map (Still) Considered Harmful. IEEE CG&A 2007 (why jet is labelled).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.errors import UnknownNameError
from engine.records import UInt8


@dataclass(frozen=True, eq=False)
class ColorMap:
    """One colour table.

    Attributes:
        name: its key in :data:`COLORMAPS`.
        title: what a menu shows; a misleading table says so there.
        table: (256, 3) uint8 RGB, low values first.
        diverging: whether its middle means zero.
    """

    name: str
    title: str
    table: UInt8
    diverging: bool = False

    def __post_init__(self) -> None:
        if self.table.shape != (256, 3) or self.table.dtype != np.uint8:
            raise ValueError(f"expected a (256, 3) uint8 table, got {self.table.dtype} with shape {self.table.shape}")

    def css(self, stops: int = 12) -> str:
        """Return the table as the stops of a CSS gradient, ``#rrggbb`` low to high."""
        rows = self.table[np.linspace(0, 255, stops).round().astype(int)]
        return ", ".join("#" + bytes(row.tolist()).hex() for row in rows)


def _table(anchors: str) -> UInt8:
    """Interpolate space-separated ``rrggbb`` anchors, evenly spaced, to 256 rows."""
    colors = np.array([list(bytes.fromhex(anchor)) for anchor in anchors.split()], dtype=np.float64)
    at = np.linspace(0, len(colors) - 1, 256)
    columns = [np.interp(at, np.arange(len(colors)), colors[:, channel]) for channel in range(3)]
    return np.stack(columns, axis=1).round().astype(np.uint8)


COLORMAPS: Final[dict[str, ColorMap]] = {
    "viridis": ColorMap(
        "viridis", "viridis", _table("440154 482878 3e4989 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725")
    ),
    "magma": ColorMap(
        "magma", "magma", _table("000004 180f3d 440f76 721f81 9e2f7f cd4071 f1605d fd9668 feca8d fcfdbf")
    ),
    "cividis": ColorMap(
        "cividis", "cividis", _table("00224e 123570 3b496c 575d6d 707173 8a8678 a59c74 c3b369 e1cc55 fee838")
    ),
    "grey": ColorMap("grey", "grey", _table("000000 ffffff")),
    "jet": ColorMap(
        "jet", "jet (misleading)", _table("000080 0000ff 0080ff 00ffff 80ff80 ffff00 ff8000 ff0000 800000")
    ),
    "coolwarm": ColorMap(
        "coolwarm", "cool-warm (signed)", _table("3b4cc0 8db0fe dddddd f49a7b b40426"), diverging=True
    ),
}
"""Every table by name; the first is the default."""

SEQUENTIAL: Final[tuple[str, ...]] = tuple(name for name, entry in COLORMAPS.items() if not entry.diverging)
"""Names of the tables for maps without a sign."""

DIVERGING: Final = "coolwarm"
"""The table that every signed map is drawn with."""


def colormap(name: str) -> ColorMap:
    """Return the table called ``name``; an unknown name lists the valid ones."""
    if name not in COLORMAPS:
        raise UnknownNameError("colour map", name, COLORMAPS)
    return COLORMAPS[name]

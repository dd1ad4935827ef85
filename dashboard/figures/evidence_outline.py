"""The true evidence as an outline over a picture: exact pixel edges, drawn as SVG so that it is sharp at any size."""

from __future__ import annotations

import base64
from typing import Final

import numpy as np
from numpy.typing import NDArray

THIN: Final = 0.0055
"""Width of the light line, in sides of the picture; the dark one under it is twice as wide."""


def _runs(edges: NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """Return (line, start, length) of each run of True along the rows of ``edges``."""
    padded = np.pad(edges, ((0, 0), (1, 1))).astype(np.int8)
    change = np.diff(padded, axis=1)
    lines, starts = np.nonzero(change == 1)
    _, stops = np.nonzero(change == -1)
    return [(int(line), int(a), int(b - a)) for line, a, b in zip(lines, starts, stops, strict=True)]


def outline_path(mask: NDArray[np.bool_]) -> str:
    """Return the SVG path of the edges between ``mask`` (S, S) bool and the pixels outside it; empty for an empty mask.

    One unit is one pixel. The picture's border closes a region that reaches it.
    """
    padded = np.pad(mask, 1)
    lying = _runs(padded[1:, 1:-1] != padded[:-1, 1:-1])
    upright = _runs((padded[1:-1, 1:] != padded[1:-1, :-1]).T)
    return "".join(f"M{x} {y}h{n}" for y, x, n in lying) + "".join(f"M{x} {y}v{n}" for x, y, n in upright)


def outline_image(mask: NDArray[np.bool_]) -> str:
    """Return the outline as an ``<img>`` that fills its positioned parent; empty for an empty mask.

    A light line on a dark one, to read on any map. It is an image because Streamlit strips SVG elements from a page.
    """
    path = outline_path(mask)
    if not path:
        return ""
    side = len(mask)
    line = f'fill="none" stroke-linecap="square" d="{path}"'
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}">'
        f'<path {line} stroke="#000" stroke-opacity=".7" stroke-width="{2.2 * THIN * side:.3f}"/>'
        f'<path {line} stroke="#fff" stroke-width="{THIN * side:.3f}"/></svg>'
    )
    data = base64.b64encode(drawn.encode("ascii")).decode("ascii")
    return f'<img class="fl-outline" src="data:image/svg+xml;base64,{data}" alt="outline of the true evidence">'

"""A map over the face it belongs to, as a picture: colour map, opacity, scale.

The native grid is kept: ``smooth=False`` draws each cell as a block, ``smooth=True`` interpolates between cell centres
for the eye. The display range is decided for all maps of a row together (:func:`display_ranges`) and never silently
per map, so a gate between 0.497 and 0.502 looks as flat as it is.

A channel gate as a picture: it has no place on the face, so its ranked weights are drawn as columns.

Attention between cells as one map: how much each place of the picture is looked at.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Final, Literal, get_args

import numpy as np
from PIL import Image

from engine.draw.colormaps import DIVERGING, colormap
from engine.errors import UnknownNameError
from engine.records import NO_CELL, AttentionGate, Explanation, Float32, KeyCells, UInt8

Scale = Literal["fixed", "shared", "stretch"]
SCALES: Final[tuple[str, ...]] = get_args(Scale)
"""``fixed``: the quantity's own range (0 to 1 for a gate). ``shared``: one range over all maps shown. ``stretch``: each
map over its own range, which makes a flat map vivid and must be labelled."""

Range = tuple[float, float]
GATE_RANGE: Final[Range] = (0.0, 1.0)
"""A sigmoid gate's own range."""


def display_ranges(
    maps: Sequence[Float32], scale: str = "fixed", *, natural: Range | None = GATE_RANGE, signed: bool = False
) -> tuple[Range, ...]:
    """Return the (low, high) that each map is coloured over.

    Args:
        maps: arrays of any shape, drawn side by side.
        scale: one of :data:`SCALES`.
        natural: the quantity's own range, or None where it has none (a Grad-CAM): ``fixed`` then is ``shared``, and
            the range starts at zero, because zero is where evidence starts.
        signed: whether zero must lie in the middle: ranges are then symmetric.
    """
    if scale not in SCALES:
        raise UnknownNameError("scale", scale, SCALES)
    if not maps:
        return ()
    if scale == "fixed" and natural is not None:
        return (natural,) * len(maps)

    def span(values: Sequence[Float32]) -> Range:
        low, high = min(float(v.min()) for v in values), max(float(v.max()) for v in values)
        if signed:
            reach = max(abs(low), abs(high))
            return -reach, reach
        return (low if natural is not None else min(0.0, low)), high

    if scale == "stretch":
        return tuple(span([values]) for values in maps)
    return (span(maps),) * len(maps)


def colorize(values: Float32, limits: Range, name: str = "viridis") -> UInt8:
    """Colour ``values`` (any shape), clipped to ``limits``, with the table ``name``: uint8 (..., 3).

    Where the limits coincide every value takes the table's lowest colour (its middle for a diverging table).
    """
    chosen = colormap(name)
    low, high = limits
    if high > low:
        unit = np.clip((values.astype(np.float64) - low) / (high - low), 0.0, 1.0)
    else:
        unit = np.full(values.shape, 0.5 if chosen.diverging else 0.0)
    colored: UInt8 = chosen.table[(unit * 255).round().astype(np.intp)]
    return colored


def _interpolation(cells: int, pixels: int) -> Float32:
    """Return the (pixels, cells) matrix of linear interpolation between cell centres, constant outside them."""
    at = np.clip((np.arange(pixels) + 0.5) * cells / pixels - 0.5, 0, cells - 1)
    lower = np.floor(at).astype(int)
    upper = np.minimum(lower + 1, cells - 1)
    weight = (at - lower).astype(np.float32)
    matrix = np.zeros((pixels, cells), dtype=np.float32)
    matrix[np.arange(pixels), lower] += 1 - weight
    matrix[np.arange(pixels), upper] += weight
    return matrix


def resize_map(values: Float32, size: int | tuple[int, int], *, smooth: bool) -> Float32:
    """Bring a map (h, w) to (size, size) or (rows, columns) pixels: cells as blocks, or linear between centres."""
    height, width = values.shape
    down, across = (size, size) if isinstance(size, int) else size
    if smooth:
        return np.asarray(_interpolation(height, down) @ values @ _interpolation(width, across).T, dtype=np.float32)
    rows = np.arange(down) * height // down
    columns = np.arange(across) * width // across
    return np.asarray(values[rows[:, None], columns[None, :]], dtype=np.float32)


def fitting(shape: Sequence[int], size: int) -> tuple[int, int]:
    """Return (rows, columns) of a picture of this shape, (H, W) or (H, W, 3), whose longer side is ``size`` pixels."""
    rows, columns = (max(1, round(side * size / max(shape[:2]))) for side in shape[:2])
    return rows, columns


def resize_face(face: UInt8, size: int | tuple[int, int]) -> UInt8:
    """Bring a face (H, W) or (H, W, 3) uint8 to (rows, columns, 3) RGB; ``size`` alone is the longer side's."""
    down, across = fitting(face.shape, size) if isinstance(size, int) else size
    picture = Image.fromarray(face).convert("RGB").resize((across, down), Image.Resampling.BICUBIC)
    return np.asarray(picture, dtype=np.uint8)


def overlay(
    face: UInt8,
    values: Float32,
    *,
    limits: Range = GATE_RANGE,
    colors: str = "viridis",
    opacity: float = 0.55,
    smooth: bool = True,
    size: int = 288,
) -> UInt8:
    """Draw a map over a grey face.

    Args:
        face: (H, W) or (H, W, 3) uint8; it is turned grey so that colour means the map alone.
        values: (h, w) float32 on its native grid.
        limits: what the lowest and highest colour stand for, from :func:`display_ranges`.
        colors: a name in :data:`engine.draw.colormaps.COLORMAPS`.
        opacity: 0 (the face alone) to 1 (the map alone).
        smooth: interpolate between the cells, or show each as a block.
        size: the longer side of the result in pixels.

    Returns:
        (size, size, 3) uint8 RGB; of a picture that is no square, of its shape.
    """
    if values.ndim != 2:
        raise ValueError(f"expected a map with two axes (h, w), got shape {values.shape}")
    if not 0.0 <= opacity <= 1.0:
        raise ValueError(f"expected an opacity from 0 to 1, got {opacity}")
    rows, columns = fitting(face.shape, size)
    # Rec. 601 luma, the one PIL's "L" uses.
    grey = resize_face(face, (rows, columns)).astype(np.float32) @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    color = colorize(resize_map(values, (rows, columns), smooth=smooth), limits, colors).astype(np.float32)
    blended = (1.0 - opacity) * grey[..., None] + opacity * color
    return np.clip(blended.round(), 0, 255).astype(np.uint8)


def placed_map(gate: AttentionGate) -> Float32 | None:
    """Return a gate that passes places on or holds them back as a map (h, w); None for one of another kind.

    A ``spatial`` gate is one already. Of gates over rows (C, h), columns (C, w) and both (C, h, w) it is the mean over
    the channels: (h, 1), (1, w) and (h, w).
    """
    if gate.kind == "spatial":
        return gate.weights
    if gate.kind not in {"rows", "columns", "full"}:
        return None
    mean: Float32 = gate.weights.mean(axis=0, dtype=np.float64).astype(np.float32)
    return mean[:, None] if gate.kind == "rows" else mean[None] if gate.kind == "columns" else mean


def placed_maps(gates: Sequence[AttentionGate]) -> tuple[tuple[AttentionGate, Float32], ...]:
    """Return the gates that :func:`placed_map` has a map of, each with it, in forward order."""
    return tuple((gate, values) for gate in gates if (values := placed_map(gate)) is not None)


def placed_gates(gates: Sequence[AttentionGate]) -> tuple[AttentionGate, ...]:
    """Return the gates of :func:`placed_maps` alone."""
    return tuple(gate for gate, _ in placed_maps(gates))


def overlay_gate(
    face: UInt8, gate: AttentionGate, *, scale: str = "fixed", colors: str = "viridis", opacity: float = 0.55
) -> UInt8:
    """Draw one gate that has a place (:func:`placed_map`) over the face, cells as blocks: (288, 288, 3) uint8 RGB."""
    values = placed_map(gate)
    if values is None:
        raise ValueError(
            f"expected a spatial gate, got the {gate.kind} gate {gate.layer}: it has no place in the picture"
        )
    (limits,) = display_ranges([values], scale)
    return overlay(face, values, limits=limits, colors=colors, opacity=opacity, smooth=False)


def overlay_explanation(
    face: UInt8, explanation: Explanation, *, colors: str = "viridis", opacity: float = 0.55
) -> UInt8 | None:
    """Draw one explanation over the face: (288, 288, 3) uint8 RGB, or None where it has nothing to show.

    That is: nothing speaks for its target, and, where the map is signed, nothing against it. A signed map is drawn with
    the diverging table over a range symmetric about zero.
    """
    against = explanation.signed and explanation.raw_minimum < 0.0
    if not explanation.has_positive_evidence and not against:
        return None
    (limits,) = display_ranges([explanation.heatmap], natural=None, signed=explanation.signed)
    chosen = DIVERGING if explanation.signed else colors
    return overlay(face, explanation.heatmap, limits=limits, colors=chosen, opacity=opacity, smooth=False)


def png_bytes(picture: UInt8) -> bytes:
    """Encode an (H, W) or (H, W, 3) uint8 picture as PNG."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG", compress_level=3)
    return buffer.getvalue()


WIDTH, HEIGHT = 512, 128
INK, PAPER, GRID = (43, 58, 85), (253, 252, 250), (214, 208, 198)


def draw_channel_gate(gate: AttentionGate) -> UInt8:
    """Draw the weights from largest to smallest on a fixed 0-1 scale: (128, 512, 3) uint8 RGB.

    The floor is 0, the top 1, the thin line 0.5, where a sigmoid gate that has learnt nothing stays.

    Raises:
        ValueError: the gate is not a channel gate.
    """
    if gate.kind != "channel":
        raise ValueError(f"expected a channel gate, got the {gate.kind} gate {gate.layer}")
    ranked = np.sort(gate.weights)[::-1]
    column = ranked[np.arange(WIDTH) * len(ranked) // WIDTH]
    heights = np.clip(np.rint(column * HEIGHT), 0, HEIGHT).astype(np.intp)
    rows = HEIGHT - 1 - np.arange(HEIGHT)
    filled = rows[:, None] < heights[None, :]
    picture = np.where(filled[..., None], np.array(INK, np.uint8), np.array(PAPER, np.uint8)).astype(np.uint8)
    picture[HEIGHT // 2] = GRID
    return picture


def received_map(gate: AttentionGate) -> Float32 | None:
    """Return what each place receives of a ``cross`` gate: (h, w) float32 >= 0, mean 1.

    A row says where one cell, or one head for one cell, looks. The mean over the rows, times the number of places, is 1
    where a place is looked at as much as if all were looked at alike. What is no place, as a class token, is left out;
    a place in several windows gets the mean of them. None: the places are not known and are no square grid.
    """
    if gate.kind != "cross":
        raise ValueError(f"expected a cross gate, got the {gate.kind} gate {gate.layer}")
    if gate.keys is not None:
        return _received_by(gate.weights, gate.keys)
    received = gate.weights.mean(axis=0) * gate.weights.shape[1]
    side = math.isqrt(len(received))
    return received.reshape(side, side).astype(np.float32) if side * side == len(received) else None


def _received_by(weights: Float32, keys: KeyCells) -> Float32:
    """Return :func:`received_map` of weights (queries, keys) whose keys are known cells."""
    count = len(keys.windows)
    by_window = weights.reshape(count, -1, weights.shape[1]).mean(axis=1) * weights.shape[1]
    cells = np.array(keys.windows)
    seen = cells != NO_CELL
    size = keys.grid[0] * keys.grid[1]
    total = np.bincount(cells[seen], by_window[seen], size)
    return (total / np.maximum(np.bincount(cells[seen], minlength=size), 1)).reshape(keys.grid).astype(np.float32)

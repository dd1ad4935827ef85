"""What the class x layer grid shows: for each layer and class a map, its scale and what is to be said of it.

Gates have a unit (the share that is passed on, 0 to 1), attention between cells has another (the share of it that a
cell receives, all cells together 1), Grad-CAM has none. So these never share a scale, while all gates, or all
Grad-CAMs, of all classes and models shown may.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dashboard.report.text import layer_title
from engine.analysis.class_attention import ClassAttention
from engine.analysis.class_dependence import depends_on_class, is_gradcam, is_received
from engine.analysis.contrasts import Contrast, class_minus_all, class_minus_class, right_minus_wrong
from engine.analysis.files.attention import AttentionFile
from engine.draw.overlay import Range

Float64 = NDArray[np.float64]

MEAN: Final = "mean"
SPREAD: Final = "spread"
DIFFERENCE: Final = "difference"
FATE: Final = "right minus wrong"
SHOWS: Final[tuple[str, ...]] = (MEAN, SPREAD, DIFFERENCE, FATE)
"""What a cell shows: mean; standard deviation over pictures; mean minus another mean; right minus wrong answers."""
SIGNED: Final = (DIFFERENCE, FATE)

ALL_CLASSES: Final = "mean of all classes"

SCALES: Final[dict[str, str]] = {
    "fixed": "gates over the whole range that they can have",
    "shared": "one range for all gates shown",
    "by layer": "one range for each layer: compare down a column, not across",
}
FEW: Final = 30
"""A mean of fewer pictures is marked: one unusual face moves it visibly."""
LEAST_REACH: Final = 0.1
"""On the fixed scale differences of gates are drawn over ±.1 at least, so that what is alike looks alike."""
WIDEST_SPREAD: Final = 0.5
"""The largest standard deviation that numbers from 0 to 1 can have."""


@dataclass(frozen=True, eq=False)
class CellMap:
    """One cell of the grid.

    Attributes:
        model, layer, label: which.
        values: float64 (h, w), or None where there is no picture to average.
        n: pictures behind the mean; of a difference the smaller of the two, of one with all classes the class's own.
        contrast: of a difference, how sure it is; None for the others.
    """

    model: str
    layer: str
    label: str
    values: Float64 | None
    n: int
    contrast: Contrast | None = None


def map_layers(file: AttentionFile) -> tuple[str, ...]:
    """Return the layers of a file that have maps on a grid, in forward order: all but the channel gates."""
    return tuple(layer for layer in file.layers if file.of(layer).mean is not None)


def unit_of(layer: str) -> str:
    """Return what the numbers of a stored map are: of a gate, of attention received, or of Grad-CAM."""
    return "Grad-CAM" if is_gradcam(layer) else "attention received" if is_received(layer) else "gates"


def column_title(layer: str) -> str:
    """Return a layer's heading: ``block 2``, ``Grad-CAM``."""
    return "Grad-CAM" if is_gradcam(layer) else layer_title(layer)


def column_note(layer: str, classes: Sequence[str]) -> str:
    """Return what stands under the heading: whose class the map is taken for, if any."""
    if is_gradcam(layer):
        return {"gradcam.predicted": "of the answer", "gradcam.true": "of the true class"}.get(layer, "")
    return f"of {layer.rpartition('.')[2]}" if depends_on_class(layer, classes) else "class-agnostic"


def _contrast(file: AttentionFile, layer: str, index: int, shows: str, reference: str, group: str) -> Contrast | None:
    """Return the difference asked for, or None where a mean of it has no pictures."""
    if shows == FATE:
        right, wrong = file.of(layer, "right"), file.of(layer, "wrong")
        return right_minus_wrong(right, wrong, index) if right.count[index] and wrong.count[index] else None
    of = file.of(layer, group)
    if not of.count[index]:
        return None
    if reference == ALL_CLASSES:
        return class_minus_all(of, index)
    other = file.classes.index(reference)
    return class_minus_class(of, index, other) if of.count[other] else None


def _plain(of: ClassAttention, index: int, shows: str) -> Float64 | None:
    mean, variance = of.values
    if shows == MEAN:
        return mean[index].astype(np.float64) if of.count[index] else None
    # One picture has no spread.
    return np.sqrt(variance[index].astype(np.float64)) if of.count[index] > 1 else None


def layer_cells(
    file: AttentionFile, model: str, layer: str, shows: str, *, group: str = "all", reference: str = ALL_CLASSES
) -> tuple[CellMap, ...]:
    """Return a layer's column, a cell for each class.

    Args:
        file: of ``model``. layer: one of :func:`map_layers`. shows: one of :data:`SHOWS`.
        group: ``all``, ``right`` or ``wrong``; ``right minus wrong`` takes its own two.
        reference: of :data:`DIFFERENCE`: :data:`ALL_CLASSES` or a class's name.
    """
    if shows not in SHOWS:
        raise ValueError(f"expected one of {SHOWS}, got {shows!r}")
    cells = []
    of = file.of(layer, group)
    for index, label in enumerate(file.classes):
        n = int(of.count[index])
        if shows not in SIGNED:
            cells.append(CellMap(model, layer, label, _plain(of, index, shows), n))
            continue
        found = _contrast(file, layer, index, shows, reference, group)
        if shows == FATE or reference != ALL_CLASSES:
            n = found.count if found else 0
        cells.append(CellMap(model, layer, label, found.values if found else None, n, found))
    return tuple(cells)


def _range(cells: Sequence[CellMap], shows: str, *, natural: bool, fixed: bool) -> Range:
    """Return the range of colours of cells of one unit.

    Args:
        cells: those that share it. shows: one of :data:`SHOWS`.
        natural: whether the unit is a gate's. fixed: whether to take that unit's own range.
    """
    drawn = [cell.values for cell in cells if cell.values is not None]
    low = min((float(values.min()) for values in drawn), default=0.0)
    high = max((float(values.max()) for values in drawn), default=0.0)
    if shows in SIGNED:
        reach = max(high, -low, LEAST_REACH if natural and fixed else 0.0)
        return -reach, reach
    if natural and fixed:
        return (0.0, 1.0) if shows == MEAN else (0.0, WIDEST_SPREAD)
    # Evidence and spread start at zero; a gate may start anywhere.
    return (low if natural and shows == MEAN else 0.0), high


def cell_ranges(cells: Sequence[CellMap], shows: str, scale: str) -> dict[str, Range]:
    """Return layer → the range that its maps are coloured over, the same for all classes and models.

    Grad-CAM has no range of its own, nor has attention received, whose shares are the smaller the more cells there
    are: ``fixed`` is ``shared`` there, from zero to the largest value shown.
    """
    if scale not in SCALES:
        raise ValueError(f"expected a scale among {sorted(SCALES)}, got {scale!r}")
    found = {}
    for layer in dict.fromkeys(cell.layer for cell in cells):
        unit = unit_of(layer)
        alike = [
            cell for cell in cells if (cell.layer == layer if scale == "by layer" else unit_of(cell.layer) == unit)
        ]
        found[layer] = _range(alike, shows, natural=unit == "gates", fixed=scale == "fixed")
    return found

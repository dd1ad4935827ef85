"""Which region each pixel belongs to, and which pixels hold the evidence."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.synthetic.canvas import Bytes, Canvas, Floats, Points, ellipse
from engine.synthetic.geometry import EYE_Y, NOSE_Y, SIGNS, Shape
from engine.synthetic.identity import Identity
from engine.synthetic.units import REGIONS, Expression, regions_of

_INDEX = {name: index for index, name in enumerate(REGIONS)}


def _paint(regions: Bytes, canvas: Canvas, points: ArrayLike, name: str, only: NDArray[np.bool_] | None = None) -> None:
    shape = canvas.polygon(points)
    if shape is None:
        return
    mask, window = shape
    inside = mask > 0.5
    if only is not None:
        inside &= only[window]
    regions[window][inside] = _INDEX[name]


def region_map(canvas: Canvas, who: Identity, shape: Shape, covers: dict[str, Floats]) -> Bytes:
    """Return uint8 (S, S) indices into REGIONS at the canvas's size; every pixel has exactly one.

    ``covers`` holds the coverage of what was painted: ``head``, ``skin`` (neck and ears), ``back`` and ``hair`` (hats
    count as hair), and one entry per occluder region under ``over:<region>``. Clothes count as background, a hand over
    the face as other skin; a beard or glasses leave the region under them as it is.
    """
    regions = np.zeros((canvas.size, canvas.size), np.uint8)
    regions[covers["back"] > 0.5] = _INDEX["hair"]
    regions[covers["skin"] > 0.5] = _INDEX["other_skin"]
    head = covers["head"] > 0.5
    regions[head] = _INDEX["other_skin"]
    pose, mouth = shape.pose, shape.mouth
    low = max(mouth.corners[0][1], mouth.corners[1][1])
    nose_y = NOSE_Y * who.nose_length
    _paint(
        regions,
        canvas,
        pose([(-0.9, -1.1), (0.9, -1.1), (0.9, -0.24), (-0.9, -0.24)], depth=[0, 0, 0.1, 0.1]),
        "forehead",
        head,
    )
    for sign in SIGNS:
        cheek = [(sign * 0.05, 0.02), (sign * 0.62, 0.02), (sign * 0.66, 0.50), (sign * 0.05, 0.50)]
        _paint(regions, canvas, pose(cheek, depth=[0.55, 0.05, 0.05, 0.55]), "cheeks", head)
    chin = [(-0.75, 0.53), (-0.3, 0.50), (0.3, 0.50), (0.75, 0.53), (0.75, 1.3), (-0.75, 1.3)]
    _paint(regions, canvas, pose(chin, depth=[0.1, 0.5, 0.5, 0.1, 0.3, 0.3]), "chin", head)
    wide = who.nose_width
    nose = [
        (-0.065, -0.20),
        (0.065, -0.20),
        (0.075, 0.0),
        (0.145 * wide, nose_y - 0.10),
        (0.155 * wide, nose_y),
        (0.09, nose_y + 0.035),
    ]
    nose += [(-0.09, nose_y + 0.035), (-0.155 * wide, nose_y), (-0.145 * wide, nose_y - 0.10), (-0.075, 0.0)]
    _paint(regions, canvas, pose(nose, 0.05), "nose", head)
    left, right = mouth.corners
    top, bottom = min(mouth.upper_y - 0.055, left[1] - 0.03, right[1] - 0.03), max(mouth.bottom_y + 0.068, low + 0.085)
    lips = [
        (left[0] - 0.065, left[1]),
        (left[0] * 0.7, min(top + 0.02, left[1] - 0.05)),
        (0.0, top),
        (right[0] * 0.7, min(top + 0.02, right[1] - 0.05)),
        (right[0] + 0.065, right[1]),
    ]
    lips += [
        (right[0] + 0.05, right[1] + 0.075),
        (right[0] * 0.6, bottom),
        (left[0] * 0.6, bottom),
        (left[0] - 0.05, left[1] + 0.075),
    ]
    _paint(regions, canvas, pose(lips, 0.02), "mouth", head)
    for side, sign in enumerate(SIGNS):
        at = sign * 0.275 * who.eye_spacing
        around = ellipse((at, EYE_Y + 0.008), (0.205, 0.118))
        _paint(regions, canvas, pose(around, 0.02), "eyes", head)
        _paint(regions, canvas, pose(_brow_area(shape.brow_flat[side], sign), 0.04), "brows", head)
    inner = np.array([shape.brow_flat[0][0], shape.brow_flat[1][0]])
    y = inner[:, 1].mean()
    glabella = [
        (-0.12, y - 0.065),
        (0.12, y - 0.065),
        (0.10, y + 0.045),
        (0.05, -0.20),
        (-0.05, -0.20),
        (-0.10, y + 0.045),
    ]
    _paint(regions, canvas, pose(glabella, 0.04), "brows", head)
    regions[covers["hair"] > 0.5] = _INDEX["hair"]
    for name, cover in covers.items():
        if name.startswith("over:"):
            regions[cover > 0.5] = _INDEX[name.removeprefix("over:")]
    return regions


def _brow_area(brow: Points, sign: float) -> Points:
    """Return the outline (N, 2) of the skin that a brow slides over: the brow with a margin."""
    margin = np.array([0.055, 0.055, 0.052, 0.050, 0.045])[:, None] * (0.0, 1.0)
    ends = np.array([[-sign * 0.02, 0.0], [0, 0], [0, 0], [0, 0], [sign * 0.045, 0.0]])
    return np.concatenate([brow + ends - margin, (brow + ends + margin)[::-1]])


def reduce_regions(regions: Bytes, size: int) -> Bytes:
    """Return the region map (size, size) by taking, of each block, the pixel nearest its centre."""
    place = ((np.arange(size) + 0.5) * (len(regions) / size)).astype(int)
    return np.ascontiguousarray(regions[np.ix_(place, place)])


def evidence_mask(regions: Bytes, face: Expression) -> NDArray[np.bool_]:
    """Return bool (S, S): the regions that the label's own active units move; all False for neutral, which has none."""
    wanted = [_INDEX[name] for name in regions_of(face.evidence_units)]
    return np.isin(regions, wanted)

"""Eyes and brows: eyeball under its lids with iris, pupil and catch-light; lashes; brows of single hairs.

The inside of the mouth: the line between closed lips, or teeth and tongue in the dark of an open mouth.

Stubble, goatee, full beard and moustache, painted into the skin's colours before the light.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.synthetic.canvas import Canvas, Floats, Points, ellipse, spline
from engine.synthetic.geometry import MOUTH_Y, SIGNS, Eye, Shape
from engine.synthetic.hair import grain_textures, ragged
from engine.synthetic.identity import Colour, Identity, within
from engine.synthetic.relief import Relief
from engine.synthetic.skin import lip_colour, mixed
from engine.synthetic.units import Expression
from engine.synthetic.view import View

_HAIRS = np.linspace(0.03, 0.90, 22)
"""Where a brow's single hairs grow, along it."""
_LEANS = tuple(np.stack([sign * (0.25 + 0.75 * _HAIRS), -0.9 + 1.0 * _HAIRS], axis=1) for sign in SIGNS)
"""Where they point, for either side."""


def paint_eyes(canvas: Canvas, who: Identity, shape: Shape, view: View, relief: Relief) -> None:
    """Paint both eyes over the lit skin."""
    for side, eye in enumerate(shape.eyes):
        _paint_eye(canvas, who, eye, view, relief, SIGNS[side])


def _paint_eye(canvas: Canvas, who: Identity, eye: Eye, view: View, relief: Relief, sign: float) -> None:
    ball = canvas.polygon(np.concatenate([eye.upper, eye.lower[::-1]]))
    if ball is None:
        return
    inside = canvas.full(ball)
    mask, window = ball
    weights = mask + np.float32(1e-6)
    lit = 0.62 + 0.42 * float((relief.shade[window] * weights).sum() / weights.sum())
    white = np.array([0.92, 0.895, 0.875]) * lit
    canvas.blend(ball, np.minimum(white, 1.0))
    canvas.fill(
        ellipse(eye.upper[0], (0.030, 0.022)), (0.74 * lit, 0.46 * lit, 0.43 * lit), 0.75, soft=0.008, clip=inside
    )
    radius = eye.radius
    rim = tuple(0.38 * c * lit for c in who.iris_colour)
    bright = tuple(min(1.0, 1.25 * c * lit) for c in who.iris_colour)
    canvas.fill(ellipse(eye.iris, (radius, radius)), rim, clip=inside)
    canvas.fill(
        ellipse(eye.iris, (0.82 * radius, 0.82 * radius)),
        tuple(c * lit for c in who.iris_colour),
        soft=0.005,
        clip=inside,
    )
    canvas.fill(
        ellipse(eye.iris + np.array([0.0, 0.42 * radius]), (0.55 * radius, 0.34 * radius)),
        bright,
        0.75,
        soft=0.012,
        clip=inside,
    )
    canvas.fill(ellipse(eye.iris, (0.43 * radius, 0.43 * radius), steps=16), (0.03, 0.025, 0.03), clip=inside)
    canvas.stroke(eye.upper + np.array([0.0, 0.012]), 0.030, (0.20, 0.13, 0.13), 0.50, soft=0.010, clip=inside)
    glint = eye.iris + np.array([0.36 * radius * (1.0 if view.light[0] > 0 else -1.0), -0.34 * radius])
    canvas.fill(
        ellipse(glint, (0.24 * radius, 0.24 * radius), steps=12), (1.0, 1.0, 1.0), 0.95, soft=0.002, clip=inside
    )
    _lids(canvas, who, eye, sign)


def _lids(canvas: Canvas, who: Identity, eye: Eye, sign: float) -> None:
    lash = mixed((0.16, 0.09, 0.08), (0.03, 0.02, 0.03), 0.5 + 0.5 * max(who.makeup, who.skin))
    shadow = tuple(0.45 * c for c in who.skin_colour)
    canvas.stroke(eye.lower, 0.010, mixed(who.skin_colour, (0.45, 0.18, 0.17), 0.55), 0.60, soft=0.004)
    canvas.stroke(eye.crease, 0.010, shadow, 0.42 + 0.2 * who.lid_fold, soft=0.005)
    flick = eye.upper[-1] + np.array([sign * 0.022, -0.006 - 0.012 * who.makeup])
    line = np.concatenate([eye.upper[2:], flick[None]])
    canvas.stroke(line, 0.017 + 0.010 * who.makeup, lash, 0.88, soft=0.0025)
    if who.makeup > 0.45:
        lid = np.concatenate([eye.upper, eye.crease[::-1]])
        canvas.fill(lid, mixed(who.skin_colour, (0.35, 0.22, 0.30), 0.5), 0.45 * who.makeup, soft=0.012)


@lru_cache(maxsize=8)
def _taper(count: int) -> NDArray[np.float64]:
    """Return how thick a brow is along its length (count,), 1 for the thickest."""
    along = np.linspace(0.0, 1.0, count)
    return np.interp(along, [0.0, 0.12, 0.45, 0.75, 1.0], [0.62, 0.95, 1.0, 0.68, 0.14])


def brow_outline(curve: Points, thickness: float) -> Points:
    """Return a brow's outline (2N, 2) around its centre line (N, 2): full at the inner end, tapering outwards."""
    half = 0.5 * thickness * _taper(len(curve))
    step = np.gradient(curve, axis=0)
    normal = np.empty_like(step)
    np.negative(step[:, 1], out=normal[:, 0])
    normal[:, 1] = step[:, 0]
    normal /= np.maximum(np.sqrt(np.add.reduce(step * step, axis=1, keepdims=True)), 1e-9)
    normal *= half[:, None]
    return np.concatenate([curve + normal, (curve - normal)[::-1]])


def brow_colour(who: Identity) -> Colour:
    """Return the brows' colour: the hair's, darker, and never quite as pale as the skin."""
    dark = mixed(who.hair_colour, (0.12, 0.08, 0.07), 0.45)
    return mixed(dark, who.skin_colour, 0.08)


def paint_brows(canvas: Canvas, who: Identity, shape: Shape, view: View, head: Floats) -> None:
    """Paint both brows: a soft body and the single hairs that lean outwards over it."""
    colour = brow_colour(who)
    thickness = 0.066 * who.brow_thickness * view.scale
    rng = np.random.default_rng(who.texture_seed + 1)
    for side, curve in enumerate(shape.brows):
        canvas.fill(brow_outline(curve, thickness), colour, 0.74, soft=0.0075, clip=head)
        place, steps = _HAIRS * (len(curve) - 1), np.arange(len(curve))
        at = np.stack([np.interp(place, steps, curve[:, k]) for k in (0, 1)], axis=1)
        spread = rng.uniform(-0.34, 0.42, 22)[:, None] * thickness
        root = at + np.array([0.0, 1.0]) * spread
        tip = root + _LEANS[side] * (thickness * rng.uniform(0.45, 0.75, 22))[:, None]
        canvas.blend(canvas.line(np.stack([root, tip], axis=1), 0.007), tuple(0.70 * c for c in colour), 0.45, head)


_DARK = (0.17, 0.055, 0.06)
_BETWEEN_TEETH = (0.16, 0.27, 0.385, 0.5, 0.615, 0.73, 0.84)
"""Where teeth meet, along the row from left (0) to right (1)."""
_TEETH = np.array([0.93, 0.905, 0.86])


def paint_mouth(canvas: Canvas, who: Identity, face: Expression, shape: Shape, view: View, relief: Relief) -> None:
    """Paint what lies between the lips, and the light on the lower lip."""
    mouth = shape.mouth
    middle = len(mouth.upper_inner) // 2
    down = mouth.lower_inner[middle] - mouth.upper_inner[middle]
    inside_shape = canvas.polygon(np.concatenate([mouth.upper_inner, mouth.lower_inner[::-1]]), 0.003)
    if mouth.gap > 0.008 and inside_shape is not None:
        inside = canvas.full(inside_shape)
        canvas.blend(inside_shape, _DARK)
        _open_mouth(canvas, face, shape, inside, down)
    line = tuple(0.34 * c for c in lip_colour(who))
    thin = within(1.0 - mouth.gap / 0.05, 0.0, 1.0)
    canvas.stroke(mouth.upper_inner, 0.013 + 0.005 * thin, line, 0.55 + 0.35 * thin, soft=0.004)
    for corner, inward in ((mouth.upper_inner[0], 1), (mouth.upper_inner[-1], -1)):
        canvas.fill(
            ellipse(corner + np.array([0.006 * inward, 0.002]), (0.019, 0.013), steps=12), line, 0.55, soft=0.008
        )
    if face.mean(23) < 0.6:
        wet = 0.5 * (mouth.lower_inner + mouth.lower_outer)[middle - 9 : middle + 10]
        shine = 0.24 * (1.0 - face.mean(23)) * float(relief.shade.mean()) * (1.2 - view.ambient)
        canvas.stroke(wet, 0.018, mixed(lip_colour(who), (1.0, 0.93, 0.90), 0.75), shine, soft=0.010)


def _open_mouth(canvas: Canvas, face: Expression, shape: Shape, inside: Floats, down: np.ndarray) -> None:
    mouth, gap = shape.mouth, shape.mouth.gap
    if gap > 0.09:
        tongue = mouth.lower_inner[len(mouth.lower_inner) // 2] - 0.16 * down
        width = 0.55 * abs(mouth.corners[1][0])
        canvas.fill(ellipse(tongue, (width, 0.34 * gap)), (0.56, 0.22, 0.22), 0.85, soft=0.012, clip=inside)
    unit = down / max(float(np.linalg.norm(down)), 1e-6)
    length = min(0.072, 0.30 * gap + 0.028)
    # A dropped jaw hides the upper teeth behind the lip; a smile or a raised lip bares them.
    bared = within(
        0.30 + 1.1 * face.mean(12) + 0.5 * face.mean(9) + 0.4 * face.mean(20) - 0.15 * face.mean(26), 0.0, 1.0
    )
    upper = mouth.upper_inner[3:-3]
    edge = upper + unit * (length * bared)
    edge[:, :] += unit * 0.012 * bared * np.cos(np.linspace(-1.3, 1.3, len(upper)))[:, None]
    canvas.fill(np.concatenate([upper - unit * 0.02, edge[::-1]]), _TEETH, 0.95, soft=0.003, clip=inside)
    between = (np.array(_BETWEEN_TEETH) * (len(upper) - 1)).astype(int)
    canvas.stroke(np.stack([upper, edge], axis=1)[between], 0.005, (0.60, 0.52, 0.48), 0.45, clip=inside)
    low = within(1.1 * face.mean(16) + 0.5 * face.mean(20) - 0.2, 0.0, 1.0)
    if low > 0:
        lower = mouth.lower_inner[6:-6]
        rim = lower - unit * min(0.042, 0.42 * gap) * low
        canvas.fill(np.concatenate([lower + unit * 0.02, rim[::-1]]), _TEETH * 0.90, 0.95, soft=0.003, clip=inside)
        between = (np.array(_BETWEEN_TEETH) * (len(lower) - 1)).astype(int)
        canvas.stroke(np.stack([lower, rim], axis=1)[between], 0.005, (0.50, 0.42, 0.40), 0.4, clip=inside)
    canvas.stroke(mouth.upper_inner + unit * 0.008, 0.030, (0.10, 0.03, 0.03), 0.45, soft=0.012, clip=inside)
    canvas.stroke(mouth.upper_inner[:8], 0.06, (0.10, 0.03, 0.03), 0.55, soft=0.02, clip=inside)
    canvas.stroke(mouth.upper_inner[-8:], 0.06, (0.10, 0.03, 0.03), 0.55, soft=0.02, clip=inside)


def paint_beard(canvas: Canvas, who: Identity, shape: Shape, head: Floats) -> None:
    """Paint stubble, goatee or a full beard, and a moustache, into the skin's colours before the light."""
    if who.beard == "none" and not who.moustache:
        return
    pose, mouth, drop = shape.pose, shape.mouth, 0.12 * shape.jaw_drop
    dense = 0.34 if who.beard == "stubble" else 0.86
    colour = tuple(0.82 * c for c in who.hair_colour)
    rng = np.random.default_rng(who.texture_seed + 5)
    offset = int(rng.integers(200))
    strands, _ = grain_textures()
    grid = np.arange(canvas.size)
    grain = strands[
        (grid[:, None] * 150 // canvas.size + offset) % 256, (grid[None, :] * 240 // canvas.size + offset) % 256
    ]
    tinted = np.clip(canvas.tone(colour) * (1.0 + 0.45 * grain)[:, :, None], 0, 1)
    # The beard grows on the chin: it falls with the jaw and stays when the lips alone move over it.
    bottom = MOUTH_Y * who.face_length + 0.084 * who.lip_fullness + drop
    if who.beard in ("stubble", "full"):
        half = [
            (0.0, 0.98 + drop),
            (0.26, 0.92 + drop),
            (0.48, 0.70 + drop),
            (0.62, 0.36),
            (0.64, 0.02),
            (0.565, 0.02),
            (0.50, 0.24),
            (0.40, 0.40),
            (0.285, 0.50),
            (0.18, bottom + 0.035),
            (0.0, bottom + 0.045),
        ]
    elif who.beard == "goatee":
        half = [
            (0.0, 0.95 + drop),
            (0.17, 0.90 + drop),
            (0.20, bottom + 0.14),
            (0.15, bottom + 0.045),
            (0.0, bottom + 0.035),
        ]
    else:
        half = []
    if half:
        right = np.array(half)
        both = np.concatenate([right, right[-2:0:-1] * (-1.0, 1.0)])
        area = canvas.polygon(ragged(spline(pose(both, 0.0), closed=True, samples=3), who, 0.006, 6), 0.022)
        if area is not None:
            canvas.blend(area, tinted[area[1]], dense, head)
    if who.moustache or who.beard in ("full", "stubble"):
        top = mouth.upper_y - 0.012
        right = np.array(
            [
                (0.0, top - 0.045),
                (0.09, top - 0.060),
                (0.17, top - 0.010),
                (0.225, top + 0.075),
                (0.19, top + 0.060),
                (0.10, top + 0.008),
                (0.0, top + 0.004),
            ]
        )
        both = np.concatenate([right, right[-2:0:-1] * (-1.0, 1.0)])
        area = canvas.polygon(spline(pose(both, 0.04), closed=True, samples=3), 0.011)
        if area is not None:
            canvas.blend(area, tinted[area[1]], dense if who.beard != "none" else 0.86, head)

"""Eyes and brows: eyeball under its lids with iris, pupil and catch-light; lashes; brows of single hairs."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.synthetic.canvas import Canvas, Floats, Points, ellipse
from engine.synthetic.geometry import SIGNS, Eye, Shape
from engine.synthetic.identity import Colour, Identity
from engine.synthetic.relief import Relief
from engine.synthetic.skin import mixed
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

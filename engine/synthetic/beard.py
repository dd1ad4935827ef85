"""Stubble, goatee, full beard and moustache, painted into the skin's colours before the light."""

from __future__ import annotations

import numpy as np

from engine.synthetic.canvas import Canvas, Floats, spline
from engine.synthetic.geometry import MOUTH_Y, Shape
from engine.synthetic.hair import grain_textures, ragged
from engine.synthetic.identity import Identity


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

"""The inside of the mouth: the line between closed lips, or teeth and tongue in the dark of an open mouth."""

from __future__ import annotations

import numpy as np

from engine.synthetic.canvas import Canvas, Floats, ellipse
from engine.synthetic.geometry import Shape
from engine.synthetic.identity import Identity, within
from engine.synthetic.relief import Relief
from engine.synthetic.skin import lip_colour, mixed
from engine.synthetic.units import Expression
from engine.synthetic.view import View

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

"""A face as thin lines, to see where on it a cell of a class's mean map lies; a mean map has no face of its own.

The lines are right on average only. For crops framed as FER2013's they are the template of
:mod:`engine.edit.face_template`. Built-in faces are smaller and lower in the picture: theirs are the mean extents of
the exact regions of the first 140 test faces (standard deviations .01 to .06 of the picture).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Final

from engine.edit.face_template import OVAL, TEMPLATE

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in fractions of the picture."""


@dataclass(frozen=True)
class Outline:
    """What is drawn: the face as centre x, centre y, half width, half height; boxes of brows, eyes, nose and mouth."""

    oval: Box
    brows: tuple[Box, ...]
    eyes: tuple[Box, ...]
    nose: Box
    mouth: Box


def _boxes(name: str) -> tuple[Box, ...]:
    return tuple(box for region, box in TEMPLATE if region == name)


CROPS: Final = Outline(OVAL, _boxes("brows"), _boxes("eyes"), _boxes("nose")[-1], _boxes("mouth")[0])
BUILT_IN: Final = Outline(
    (0.5, 0.55, 0.29, 0.38),
    ((0.26, 0.30, 0.48, 0.40), (0.52, 0.30, 0.74, 0.40)),
    ((0.26, 0.39, 0.48, 0.51), (0.52, 0.39, 0.74, 0.51)),
    (0.42, 0.40, 0.58, 0.64),
    (0.37, 0.66, 0.63, 0.82),
)


def _ellipse(box: Box) -> str:
    left, top, right, bottom = (100 * part for part in box)
    return (
        f'<ellipse cx="{(left + right) / 2:.1f}" cy="{(top + bottom) / 2:.1f}" rx="{0.4 * (right - left):.1f}" '
        f'ry="{0.28 * (bottom - top):.1f}"/>'
    )


def _brow(box: Box) -> str:
    left, top, right, bottom = (100 * part for part in box)
    return f'<path d="M{left + 4:.1f} {0.4 * top + 0.6 * bottom:.1f}H{right - 4:.1f}"/>'


def _nose(box: Box) -> str:
    left, top, right, bottom = (100 * part for part in box)
    side = 0.22 * (right - left)
    return f'<path d="M50 {top:.1f}L{50 - side:.1f} {bottom - 4:.1f}H{50 + side:.1f}"/>'


def outline_svg(dataset: str) -> str:
    """Return the outline for a dataset's pictures as a transparent SVG of 100 x 100 with white lines."""
    face = BUILT_IN if dataset == "synthetic" else CROPS
    x, y, width, height = (100 * part for part in face.oval)
    inside = f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{width:.1f}" ry="{height:.1f}"/>'
    inside += "".join(_brow(box) for box in face.brows) + "".join(_ellipse(box) for box in face.eyes)
    inside += _nose(face.nose) + _ellipse(face.mouth)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><g fill="none" stroke="#fff" '
        f'stroke-opacity=".5" stroke-width="1.2">{inside}</g></svg>'
    )


def outline_style(dataset: str) -> str:
    """Return the style that gives ``.fl-outline`` inside an element the outline to draw.

    Streamlit takes ``<svg>`` out of the HTML that it is given, so the lines come as a background picture; said once,
    however many maps they lie over.
    """
    data = base64.b64encode(outline_svg(dataset).encode()).decode("ascii")
    return f"--outline:url(data:image/svg+xml;base64,{data})"


MARK: Final = '<i class="fl-outline" aria-hidden="true"></i>'
"""Where the outline is drawn: over the whole of the positioned element that it stands in."""

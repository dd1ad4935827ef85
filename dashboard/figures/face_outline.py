"""The template's face as thin lines, to see where on a face a cell of a class's mean map lies.

A mean map has no face of its own. The lines are the template of :mod:`engine.analysis.regions`: right on average only.
"""

from __future__ import annotations

from typing import Final

from engine.analysis.regions import OVAL, TEMPLATE

DRAWN: Final[tuple[str, ...]] = ("brows", "eyes", "mouth")
"""Regions that are outlined; the nose is a line between the eyes and the mouth."""


def _ellipse(left: float, top: float, right: float, bottom: float) -> str:
    x, y, width, height = 50 * (left + right), 50 * (top + bottom), 50 * (right - left), 50 * (bottom - top)
    return f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{0.8 * width:.1f}" ry="{0.55 * height:.1f}"/>'


def outline_svg() -> str:
    """Return the outline as an SVG of 100 x 100 that takes the whole of its field."""
    x, y, width, height = (100 * part for part in OVAL)
    inside = f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{width:.1f}" ry="{height:.1f}"/>'
    for name, (left, top, right, bottom) in TEMPLATE:
        if name == "brows":
            inside += f'<path d="M{100 * left + 4:.1f} {60 * bottom + 40 * top:.1f}H{100 * right - 4:.1f}"/>'
        elif name in DRAWN:
            inside += _ellipse(left, top, right, bottom)
    inside += '<path d="M50 43L46 63H54"/>'
    return f'<svg class="fl-outline" viewBox="0 0 100 100" aria-hidden="true">{inside}</svg>'

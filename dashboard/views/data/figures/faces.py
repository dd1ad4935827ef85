"""Mean face, difference from the mean of all classes, and spread of each class, as one HTML grid."""

from __future__ import annotations

from typing import Final

import numpy as np

from dashboard.report.text import escape
from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.map_card import data_uri
from engine.data.audit_faces import ClassFaces
from engine.draw.colormaps import DIVERGING, colormap
from engine.draw.overlay import colorize, resize_face
from engine.records import Float32, UInt8

SPREAD_COLORS: Final = "magma"
PIXELS: Final = 144
"""Side of a drawn face: three times 48."""


def _image(picture: UInt8, said: str) -> str:
    return f'<img src="{data_uri(resize_face(picture, PIXELS))}" alt="{escape(said)}" title="{escape(said)}">'


def reach(faces: ClassFaces) -> tuple[float, float]:
    """Return the largest difference from the mean of all classes, either way, and the largest spread: grey values."""
    return float(np.abs(faces.difference).max()), float(faces.spread.max())


def _maps(values: Float32, limits: tuple[float, float], colors: str, what: str, faces: ClassFaces) -> str:
    return "".join(
        _image(colorize(one, limits, colors), f"{what} of {name}") if count else "<span>none</span>"
        for name, one, count in zip(faces.classes, values, faces.count, strict=True)
    )


def faces_grid(faces: ClassFaces) -> str:
    """Return three rows of K faces with their scales; all faces of a row share one scale."""
    apart, most = reach(faces)
    head = "".join(
        f'<span class="fl-head"><span class="fl-dot" style="background:{emotion_color(name)}"></span>{escape(name)}'
        f"<small>n = {int(count):,}</small></span>"
        for name, count in zip(faces.classes, faces.count, strict=True)
    )
    means = "".join(
        _image(np.rint(mean).astype(np.uint8), f"mean face of {name}, n = {int(count):,}")
        if count
        else "<span>none</span>"
        for name, mean, count in zip(faces.classes, faces.mean, faces.count, strict=True)
    )
    differences = _maps(faces.difference, (-apart, apart), DIVERGING, "difference", faces)
    spreads = _maps(faces.spread, (0.0, most), SPREAD_COLORS, "spread", faces)
    scales = (
        f'<div class="fl-faces-scale"><span>difference −{apart:.0f}<i style="background:linear-gradient(90deg,'
        f'{colormap(DIVERGING).css()})"></i>+{apart:.0f} grey values</span><span>spread 0<i style="background:'
        f'linear-gradient(90deg,{colormap(SPREAD_COLORS).css()})"></i>{most:.0f} grey values</span></div>'
    )
    return (
        f'<div class="fl-faces" style="--fl-classes:{len(faces.classes)}"><span class="fl-corner"></span>{head}'
        f"<span>mean</span>{means}<span>difference from all</span>{differences}<span>spread</span>{spreads}</div>"
        f"{scales}"
    )

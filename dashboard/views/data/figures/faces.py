"""Mean face, difference from the mean of all classes, and spread of each class, as one HTML grid.

Rows of small pictures under a name: a sample of each class, or what an augmentation makes of a picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from dashboard.report.subject import face as face_word
from dashboard.report.text import escape
from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.map_card import data_uri
from engine.data.audit.audit import ClassFaces
from engine.data.transforms import Augmentation
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
        _image(np.rint(mean).astype(np.uint8), f"mean {face_word()} of {name}, n = {int(count):,}")
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


@dataclass(frozen=True, eq=False)
class SheetRow:
    """One row.

    Attributes:
        title: a class's name; its colour stands before it.
        pictures: uint8 (S, S) each. said: what each is, for the pointer and for those who cannot see it.
        first_is_original: whether the first is outlined as what the others were made from.
    """

    title: str
    pictures: Sequence[UInt8]
    said: Sequence[str]
    first_is_original: bool = False


def sheet_html(rows: Sequence[SheetRow], columns: int) -> str:
    """Return rows of up to ``columns`` pictures."""
    return f'<div class="fl-sheet" style="--fl-columns:{columns}">{"".join(_row(row) for row in rows)}</div>'


def _row(row: SheetRow) -> str:
    original = ' class="fl-original"'
    images = "".join(
        f'<img{original if row.first_is_original and not number else ""} src="{data_uri(picture)}" '
        f'alt="{escape(said)}" title="{escape(said)}">'
        for number, (picture, said) in enumerate(zip(row.pictures, row.said, strict=True))
    )
    return (
        f'<div class="fl-sheet-row"><span><span class="fl-dot" style="background:{emotion_color(row.title)}"></span>'
        f"{escape(row.title)}</span><div>{images or 'none'}</div></div>"
    )


def read_augmentation(how: Augmentation, mixup: float) -> str:
    """Say in a sentence what an augmentation does; what is off is left out."""
    said = []
    if how.flip:
        said.append(f"mirrored with probability {how.flip:g}")
    if how.rotate_degrees:
        said.append(f"turned up to {how.rotate_degrees:g}°")
    if how.shift:
        said.append(f"shifted up to {100 * how.shift:g} % of the side")
    if how.scale:
        said.append(f"scaled up to {100 * how.scale:g} %")
    if how.brightness:
        said.append(f"brightness up to {100 * how.brightness:g} % of the range")
    if how.contrast:
        said.append(f"contrast up to {100 * how.contrast:g} %")
    if how.erase:
        low, high = (100 * share for share in how.erase_area)
        said.append(f"a rectangle of {low:g}–{high:g} % of the picture erased with probability {how.erase:g}")
    sentence = f"Each picture anew in each epoch: {', '.join(said)}." if said else "This recipe varies nothing."
    if how.ramp_epochs:
        sentence += f" The first {how.ramp_epochs:g} epochs grow from nothing to this."
    if mixup:
        sentence += " Mixup, which blends two pictures, is on as well and not shown."
    return sentence

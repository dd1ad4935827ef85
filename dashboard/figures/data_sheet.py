"""Rows of small pictures under a name: a sample of each class, or what an augmentation makes of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.report.text import escape
from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.map_card import data_uri
from engine.data.transforms import Augmentation
from engine.records import UInt8


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

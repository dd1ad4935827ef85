"""The colours of classes, one each for up to twelve, and the ink that a label on them is written in.

Emotions keep their own. Other classes take those of :data:`PALETTE`, which lie at least 11 apart (CIEDE2000) for those
who see all colours and for those who do not see red, green or blue; the test of this file measures it.

[1] P. Tol. Colour Schemes. SRON technical note 2021 (its schemes high-contrast, muted, medium-contrast and light).
[2] M. Okabe, K. Ito. Color Universal Design. 2008.
[3] M. Krzywinski. Color palettes for color blindness, 12 and 15 colours. 2022.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from engine.labels import EMOTION_COLORS, canonical

OTHER: Final = "#8C8F96"
"""For a class without a colour: its label must do."""
PALETTE: Final[tuple[str, ...]] = (
    "#003C86", "#DDCC77", "#A40122", "#008DF9", "#BB5566", "#00DCB5", "#CC79A7", "#FFB2FD", "#AAAA00", "#9400E6",
    "#997700", "#882255",
)  # fmt: skip
"""Taken from [1-3] so that the smallest distance is largest; in the order in which each is farthest from those before
it. All can be seen on a white and on a dark page."""
MOST_COLOURED: Final = len(PALETTE)

Color = tuple[int, int, int]


@lru_cache(maxsize=64)
def _colours(classes: tuple[str, ...]) -> dict[str, str]:
    found = {name: EMOTION_COLORS[word] for name in classes if (word := canonical(name)) is not None}
    others = [name for name in classes if name not in found]
    if len(classes) <= MOST_COLOURED:
        found |= dict(zip(others, PALETTE, strict=False))
    return found


def colours_of(classes: Sequence[str]) -> dict[str, str]:
    """Return class → ``#rrggbb``: of an emotion its own, of up to twelve others one each, of more none."""
    return dict(_colours(tuple(classes)))


def class_colour(name: str, classes: Sequence[str] = ()) -> str:
    """Return the colour of one class of a model's, ``#rrggbb``; of an emotion its own, whichever model answers it."""
    own = _colours(tuple(classes)).get(name)
    return EMOTION_COLORS.get(canonical(name) or "", OTHER) if own is None else own


def rgb(colour: str) -> Color:
    """Return ``#rrggbb`` as 8-bit red, green, blue."""
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue


def luminance(colour: Color) -> float:
    """Return the relative luminance of an 8-bit colour, in [0, 1], as WCAG 2.2 defines it."""
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (channel / 255 for channel in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ink_on(ground: Color) -> Color:
    """Return black or white, whichever has the larger contrast with ``ground``: 4.5 to 1 or more on any colour."""
    light = luminance(ground) + 0.05
    return (0, 0, 0) if light / 0.05 >= 1.05 / light else (255, 255, 255)

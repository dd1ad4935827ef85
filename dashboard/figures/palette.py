"""The fixed colours of the emotions: defined once, and used for nothing else.

[1] M. Okabe, K. Ito. Color Universal Design. 2008: eight colours that colour-blind readers can tell apart. Neutral
    takes a grey in place of their black, so that it can be seen on a dark page as well.
"""

from __future__ import annotations

from typing import Final

from engine.labels import VOCABULARY

EMOTION_COLORS: Final[dict[str, str]] = {
    "angry": "#D55E00",
    "disgust": "#009E73",
    "fear": "#CC79A7",
    "happy": "#E69F00",
    "neutral": "#8C8F96",
    "sad": "#0072B2",
    "surprise": "#56B4E9",
    "contempt": "#C9BC1F",
}
"""Colour by emotion; contempt is Okabe and Ito's yellow, darkened to be seen on white."""

OTHER: Final = "#8C8F96"
"""For a class outside the vocabulary (a model of one's own)."""


def emotion_color(name: str) -> str:
    """Return the colour of an emotion, ``#rrggbb``; grey for a class that is not in the vocabulary."""
    return EMOTION_COLORS.get(name, OTHER)


def emotion_rgb(name: str) -> tuple[int, int, int]:
    """Return the colour of an emotion as 8-bit red, green, blue."""
    red, green, blue = bytes.fromhex(emotion_color(name)[1:])
    return red, green, blue


if missing := [name for name in VOCABULARY if name not in EMOTION_COLORS]:
    raise ValueError(f"expected a colour for each emotion, none for {missing}")

"""The fixed colours of the emotions as figures ask for them; :mod:`engine.labels` defines them, once."""

from __future__ import annotations

from typing import Final

from engine.labels import EMOTION_COLORS, VOCABULARY

__all__ = ["EMOTION_COLORS", "OTHER", "emotion_color", "emotion_rgb"]

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

"""The fixed colours of the emotions as figures ask for them; :mod:`engine.labels` defines them, once.

What the charts of the Evaluation page share: a transparent ground, thin grid lines, text in the page's ink.
"""

from __future__ import annotations

from typing import Final

import plotly.graph_objects as go

from dashboard.report.subject import colour_of
from dashboard.shared.figures.confusion import INKS
from engine.labels import EMOTION_COLORS, VOCABULARY

__all__ = ["EMOTION_COLORS", "emotion_color", "emotion_rgb"]


def emotion_color(name: str) -> str:
    """Return the colour of a class, ``#rrggbb``: see :mod:`dashboard.report.subject`."""
    return colour_of(name)


def emotion_rgb(name: str) -> tuple[int, int, int]:
    """Return the colour of an emotion as 8-bit red, green, blue."""
    red, green, blue = bytes.fromhex(emotion_color(name)[1:])
    return red, green, blue


if missing := [name for name in VOCABULARY if name not in EMOTION_COLORS]:
    raise ValueError(f"expected a colour for each emotion, none for {missing}")

GRID: Final = "rgba(123,135,156,0.22)"
NEUTRAL: Final = "#7b879c"
"""Reads on light and dark, and is no emotion's colour."""


def ink_of(theme: str | None) -> str:
    """Return the colour of text on a theme's ground, ``light`` where it is not known."""
    return INKS.get(theme or "light", INKS["light"])


def in_frame(figure: go.Figure, ink: str, height: int) -> go.Figure:
    """Lay a figure out in the page's manner and return it.

    Args:
        figure: it is changed. ink: from :func:`ink_of`. height: pixels.
    """
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 30, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": ink, "size": 12},
        hoverlabel={"align": "left"},
        legend={"font": {"size": 12}},
    )
    axis = {"gridcolor": GRID, "zeroline": False, "linecolor": GRID, "ticks": "", "automargin": True}
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis)
    figure.update_annotations(font={"size": 13, "color": ink})
    return figure

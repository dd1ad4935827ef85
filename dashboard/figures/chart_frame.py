"""What the charts of the Evaluation page share: a transparent ground, thin grid lines, text in the page's ink."""

from __future__ import annotations

from typing import Final

import plotly.graph_objects as go

from dashboard.shared.figures.confusion import INKS

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

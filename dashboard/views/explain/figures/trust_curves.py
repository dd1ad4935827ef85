"""What became of the answer while the face was taken apart along a map, beside random maps and a spot in the middle."""

from __future__ import annotations

from typing import Final

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.report.text import in_chart
from engine.trust.faithfulness_record import Curves, Faithfulness

IMPUTER_TITLES: Final[dict[str, str]] = {"blur": "cells blurred away", "road": "cells filled from their neighbours"}
"""What an imputer does, for the heading of its panel; one that this version does not know keeps its name."""
INK: Final = "#7b879c"
"""A neutral that reads on light and dark; the lines are told apart by their dashes."""
GREY: Final = "rgba(128,128,128,.75)"
BAND: Final = "rgba(128,128,128,.18)"


def imputers_of(found: Faithfulness) -> tuple[str, ...]:
    """Return the imputers that were used, in their order."""
    return tuple(dict.fromkeys(curves.imputer for curves in found.curves))


def _line(curves: Curves, values: np.ndarray, name: str, style: dict[str, object], *, legend: bool) -> go.Scatter:
    return go.Scatter(
        x=(100.0 * curves.shares).tolist(),
        y=values.tolist(),
        name=name,
        mode="lines",
        line=style,
        legendgroup=name,
        showlegend=legend,
        hovertemplate=f"{name}<br>%{{x:.0f}} % gone: %{{y:.3f}}<extra></extra>",
    )


def _band(curves: Curves, *, legend: bool) -> go.Scatter:
    """Return the region that all random maps (and so their reverses) lie in."""
    x = (100.0 * curves.shares).tolist()
    low, high = curves.most_first.min(axis=0).tolist(), curves.most_first.max(axis=0).tolist()
    name = f"{len(curves.most_first)} random maps"
    return go.Scatter(
        x=[*x, *x[::-1]],
        y=[*high, *low[::-1]],
        fill="toself",
        fillcolor=BAND,
        line={"width": 0},
        name=name,
        legendgroup=name,
        showlegend=legend,
        hoverinfo="skip",
    )


def faithfulness_curves(found: Faithfulness) -> go.Figure:
    """Draw a panel an imputer: the answer over the share of cells that are gone, for the map and its references."""
    imputers = imputers_of(found)
    titles = [IMPUTER_TITLES.get(name, name) for name in imputers]
    figure = make_subplots(rows=1, cols=len(imputers), shared_yaxes=True, subplot_titles=titles)
    for column, imputer in enumerate(imputers, 1):
        first = column == 1
        own, random, centre = (found.curves_of(kind, imputer) for kind in ("map", "random", "centre"))
        traces = (
            _band(random, legend=first),
            _line(
                centre, centre.most_first[0], "a spot in the middle first", {"color": GREY, "width": 1}, legend=first
            ),
            _line(own, own.most_first[0], "the map’s highest first", {"color": INK, "width": 2.5}, legend=first),
            _line(
                own, own.least_first[0], "its lowest first", {"color": INK, "width": 2.5, "dash": "dash"}, legend=first
            ),
        )
        for trace in traces:
            figure.add_trace(trace, row=1, col=column)
    figure.update_xaxes(title="% of cells gone", fixedrange=True, showgrid=False, range=[0, 100])
    figure.update_yaxes(fixedrange=True, gridcolor="rgba(128,128,128,.18)", zeroline=False)
    figure.update_yaxes(title=f"{found.value} of {in_chart(found.target)}", row=1, col=1)
    figure.update_layout(
        height=300,
        margin={"l": 50, "r": 8, "t": 34, "b": 44},
        legend={"orientation": "h", "y": -0.24, "yanchor": "top"},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
    )
    return figure

"""A reliability diagram: accuracy against confidence by bin with intervals, and how many pictures each bin has."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.figures.chart_frame import GRID, NEUTRAL, in_frame
from engine.statistics.calibration import Calibration


def reliability_chart(shown: Mapping[str, Calibration], ink: str) -> go.Figure:
    """Return the diagrams side by side on the same axes.

    Args:
        shown: title → calibration, one or two.
        ink: colour of the points.
    """
    columns = len(shown)
    figure = make_subplots(
        rows=2,
        cols=columns,
        row_heights=[0.78, 0.22],
        shared_xaxes=True,
        vertical_spacing=0.04,
        horizontal_spacing=0.09,
        subplot_titles=tuple(f"{title}: ECE {100 * found.ece:.1f} %" for title, found in shown.items()),
    )
    for column, found in enumerate(shown.values(), start=1):
        full = [one for one in found.bins if one.n and one.interval is not None]
        figure.add_trace(
            go.Scatter(x=[0, 1], y=[0, 1], mode="lines", line={"color": GRID, "width": 1.5}, hoverinfo="skip"),
            row=1,
            col=column,
        )
        figure.add_trace(
            go.Scatter(
                x=[one.confidence for one in full],
                y=[one.accuracy for one in full],
                mode="markers+lines",
                marker={"size": 8, "color": ink},
                line={"width": 1, "color": NEUTRAL},
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": [(one.interval or (0, 0))[1] - (one.accuracy or 0.0) for one in full],
                    "arrayminus": [(one.accuracy or 0.0) - (one.interval or (0, 0))[0] for one in full],
                    "color": NEUTRAL,
                    "thickness": 1.4,
                    "width": 3,
                },
                hovertext=[
                    f"confidence {one.low:.2f}–{one.high:.2f}, mean {one.confidence:.3f}<br>accuracy "
                    f"{one.accuracy:.3f} ({one.interval[0]:.3f}–{one.interval[1]:.3f}), n = {one.n:,}"
                    for one in full
                    if one.interval is not None
                ],
                hoverinfo="text",
            ),
            row=1,
            col=column,
        )
        figure.add_trace(
            go.Bar(
                x=[(one.low + one.high) / 2 for one in found.bins],
                y=[one.n for one in found.bins],
                width=[0.9 * (one.high - one.low) for one in found.bins],
                marker={"color": NEUTRAL, "opacity": 0.6},
                hovertext=[f"{one.n:,} pictures with confidence {one.low:.2f}–{one.high:.2f}" for one in found.bins],
                hoverinfo="text",
            ),
            row=2,
            col=column,
        )
    in_frame(figure, ink, 460)
    figure.update_layout(showlegend=False, dragmode=False)
    figure.update_xaxes(range=[0, 1.01])
    figure.update_xaxes(title="confidence", row=2)
    figure.update_yaxes(range=[0, 1.02], row=1)
    figure.update_yaxes(title="accuracy", row=1, col=1)
    figure.update_yaxes(title="pictures", row=2, col=1)
    return figure

"""Accuracy by severity: a panel a corruption on one scale, with intervals; severity 0 is the pictures as they are."""

from __future__ import annotations

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.figures.chart_frame import NEUTRAL, in_frame
from dashboard.figures.class_bars import words
from engine.evaluate.corruptions import CORRUPTIONS
from engine.measure.robustness import RobustnessReport


def robustness_chart(report: RobustnessReport, ink: str) -> go.Figure:
    """Return the panels, three in a row."""
    names = list(dict.fromkeys(row.corruption for row in report.rows))
    rows = -(-len(names) // 3)
    figure = make_subplots(
        rows=rows,
        cols=3,
        shared_yaxes=True,
        subplot_titles=names,
        vertical_spacing=0.18,
        horizontal_spacing=0.04,
    )
    for index, name in enumerate(names):
        found = [report.clean, *(row.accuracy for row in report.rows if row.corruption == name)]
        said = ["as they are", *(f"{amount:g}" for amount in CORRUPTIONS[name].amounts)]
        figure.add_trace(
            go.Scatter(
                x=list(range(len(found))),
                y=[one.mean for one in found],
                mode="lines+markers",
                line={"color": ink, "width": 1.8},
                marker={"size": 7, "color": ink},
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": [(one.high or 0.0) - (one.mean or 0.0) for one in found],
                    "arrayminus": [(one.mean or 0.0) - (one.low or 0.0) for one in found],
                    "color": NEUTRAL,
                    "thickness": 1.4,
                    "width": 3,
                },
                hovertext=[
                    f"{name}, severity {k} ({amount})<br>{words(one)}"
                    for k, (amount, one) in enumerate(zip(said, found, strict=True))
                ],
                hoverinfo="text",
                showlegend=False,
            ),
            row=index // 3 + 1,
            col=index % 3 + 1,
        )
    in_frame(figure, ink, 250 * rows)
    figure.update_layout(dragmode=False)
    figure.update_xaxes(tickvals=list(range(6)), range=[-0.3, 5.3])
    figure.update_yaxes(range=[0, 1.03], tickformat=".0%")
    return figure

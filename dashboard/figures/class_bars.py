"""Precision, recall and F1 of each class as bars with their intervals: three panels that share the classes."""

from __future__ import annotations

from typing import Final

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.figures.chart_frame import in_frame
from dashboard.shared.figures.colours import emotion_color
from engine.evaluate.class_figures import ClassFigures, Figures
from engine.statistics.intervals import Estimate

PANELS: Final[tuple[str, ...]] = ("precision", "recall", "F1")


def estimate_of(row: ClassFigures, panel: str) -> Estimate:
    """Return a class's figure, one of :data:`PANELS`."""
    if panel not in PANELS:
        raise ValueError(f"expected one of {', '.join(PANELS)}, got {panel!r}")
    return {"precision": row.precision, "recall": row.recall, "F1": row.f1}[panel]


def words(found: Estimate) -> str:
    """Return a share as ``94.3 % (93.4–95.1), n = 3,000``; a dash where there is none."""
    if found.mean is None:
        return "–"
    ends = "" if found.low is None or found.high is None else f" ({100 * found.low:.1f}–{100 * found.high:.1f})"
    return f"{100 * found.mean:.1f} %{ends}, n = {found.n:,}"


def class_bars(figures: Figures, ink: str) -> go.Figure:
    """Return the bars; a figure that does not exist (a precision without answers) has none and says so."""
    figure = make_subplots(rows=1, cols=3, shared_yaxes=True, subplot_titles=PANELS, horizontal_spacing=0.04)
    names = [row.name for row in figures.per_class]
    for column, panel in enumerate(PANELS, start=1):
        found = [estimate_of(row, panel) for row in figures.per_class]
        means = [one.mean for one in found]
        figure.add_trace(
            go.Bar(
                x=means,
                y=names,
                orientation="h",
                marker={"color": [emotion_color(name) for name in names]},
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "array": [(one.high or 0.0) - (one.mean or 0.0) for one in found],
                    "arrayminus": [(one.mean or 0.0) - (one.low or 0.0) for one in found],
                    "color": ink,
                    "thickness": 1.4,
                    "width": 3,
                },
                hovertext=[f"{name}: {panel} {words(one)}" for name, one in zip(names, found, strict=True)],
                hoverinfo="text",
                showlegend=False,
            ),
            row=1,
            col=column,
        )
        for name, one in zip(names, found, strict=True):
            if one.mean is None:
                figure.add_annotation(
                    x=0.02, y=name, text="never answered" if panel == "precision" else "no pictures",
                    showarrow=False, xanchor="left", row=1, col=column,
                )  # fmt: skip
    in_frame(figure, ink, 58 + 36 * len(names))
    figure.update_xaxes(range=[0, 1.02], tickvals=[0, 0.25, 0.5, 0.75, 1], tickfont={"size": 10})
    # Only three are named: the panels stand close in a narrow window.
    figure.update_xaxes(ticktext=["0", "", "50", "", "100 %"])
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_layout(bargap=0.38, dragmode=False)
    return figure

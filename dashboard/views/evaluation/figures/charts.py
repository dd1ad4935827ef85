"""ROC or precision-recall curves: a thin line a class in its colour, macro solid and micro dashed in the page's ink."""

from __future__ import annotations

from typing import Final

import plotly.graph_objects as go

from dashboard.figures.chart_frame import GRID, in_frame
from dashboard.shared.figures.colours import emotion_color
from engine.statistics.curves import MACRO, MICRO, Curve, CurveSet, thinned

TITLES: Final[dict[str, tuple[str, str, str]]] = {
    "roc": ("false positive rate", "true positive rate", "AUC"),
    "pr": ("recall", "precision", "AP"),
}
"""Kind → what x, y and the area are called."""


def curve_name(curve: Curve, kind: str) -> str:
    """Return a legend's entry: ``happy · AUC .987``."""
    area = f"{curve.area:.3f}".removeprefix("0")
    return f"{curve.name} · {TITLES[kind][2]} {area}"


def curve_chart(found: CurveSet, ink: str) -> go.Figure:
    """Return the chart; precision holds from one recall to the next, so its curves are steps."""
    x_title, y_title, _ = TITLES[found.kind]
    figure = go.Figure()
    if found.kind == "roc":
        figure.add_trace(
            go.Scatter(
                x=[0, 1],
                y=[0, 1],
                mode="lines",
                line={"color": GRID, "width": 1},
                hoverinfo="skip",
                showlegend=False,
            )
        )
    for curve in (*found.classes, found.macro, found.micro):
        x, y = thinned(curve)
        pooled = curve.name in {MACRO, MICRO}
        figure.add_trace(
            go.Scatter(
                x=x.tolist(),
                y=y.tolist(),
                mode="lines",
                name=curve_name(curve, found.kind),
                line={
                    "color": ink if pooled else emotion_color(curve.name),
                    "width": 2.6 if pooled else 1.6,
                    "dash": "dash" if curve.name == MICRO else "solid",
                    "shape": "vh" if found.kind == "pr" else "linear",
                },
                hovertemplate=f"{curve.name}<br>{x_title} %{{x:.2f}}<br>{y_title} %{{y:.2f}}<extra></extra>",
            )
        )
    in_frame(figure, ink, 560)
    figure.update_xaxes(title=x_title, range=[-0.01, 1.01])
    figure.update_yaxes(title=y_title, range=[-0.01, 1.01])
    figure.update_layout(
        dragmode=False,
        margin={"t": 8},
        legend={"orientation": "h", "yanchor": "top", "y": -0.16, "x": 0, "entrywidth": 150},
    )
    return figure

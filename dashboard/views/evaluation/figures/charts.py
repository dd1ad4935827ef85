"""ROC or precision-recall curves: a thin line a class in its colour, macro solid and micro dashed in the page's ink.

A reliability diagram: accuracy against confidence by bin with intervals, and how many pictures each bin has.

Accuracy by severity: a panel a corruption on one scale, with intervals; severity 0 is the pictures as they are.

Training curves: loss, accuracy on the held-out pictures, and learning rate by epoch; the chosen epoch is marked.

Precision, recall and F1 of each class as bars with their intervals: three panels that share the classes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.report.text import in_chart
from dashboard.shared.figures.colours import GRID, NEUTRAL, emotion_color, in_frame
from engine.analysis.evaluation import History
from engine.measure.robustness import CORRUPTIONS, RobustnessReport
from engine.statistics.calibration import Calibration
from engine.statistics.classification import ClassFigures, Figures
from engine.statistics.curves import MACRO, MICRO, Curve, CurveSet, thinned
from engine.statistics.intervals import Estimate

TITLES: Final[dict[str, tuple[str, str, str]]] = {
    "roc": ("false positive rate", "true positive rate", "AUC"),
    "pr": ("recall", "precision", "AP"),
}
"""Kind → what x, y and the area are called."""


def curve_name(curve: Curve, kind: str) -> str:
    """Return a legend's entry: ``happy · AUC .987``."""
    area = f"{curve.area:.3f}".removeprefix("0")
    return f"{curve.name} · {TITLES[kind][2]} {area}"


def curve_chart(found: CurveSet, ink: str, shown: Collection[str] | None = None) -> go.Figure:
    """Return the chart; precision holds from one recall to the next, so its curves are steps.

    ``shown``: the classes that are drawn, beside the mean and the pooled curve; None for all.
    """
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
    drawn = [curve for curve in found.classes if shown is None or curve.name in shown]
    for curve in (*drawn, found.macro, found.micro):
        x, y = thinned(curve)
        pooled = curve.name in {MACRO, MICRO}
        figure.add_trace(
            go.Scatter(
                x=x.tolist(),
                y=y.tolist(),
                mode="lines",
                name=in_chart(curve_name(curve, found.kind)),
                line={
                    "color": ink if pooled else emotion_color(curve.name),
                    "width": 2.6 if pooled else 1.6,
                    "dash": "dash" if curve.name == MICRO else "solid",
                    "shape": "vh" if found.kind == "pr" else "linear",
                },
                hovertemplate=f"{in_chart(curve.name)}<br>{x_title} %{{x:.2f}}<br>{y_title} %{{y:.2f}}<extra></extra>",
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
        subplot_titles=tuple(
            f"{title}: confidence off by {100 * found.ece:.1f} % (ECE)" for title, found in shown.items()
        ),
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
    rows = figures.shown.pick(figures.per_class)
    names = [row.name for row in rows]
    shown = list(map(in_chart, names))
    for column, panel in enumerate(PANELS, start=1):
        found = [estimate_of(row, panel) for row in rows]
        means = [one.mean for one in found]
        figure.add_trace(
            go.Bar(
                x=means,
                y=shown,
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
                hovertext=[f"{name}: {panel} {words(one)}" for name, one in zip(shown, found, strict=True)],
                hoverinfo="text",
                showlegend=False,
            ),
            row=1,
            col=column,
        )
        for name, one in zip(shown, found, strict=True):
            if one.mean is None:
                figure.add_annotation(
                    x=0.02, y=name, text="never answered" if panel == "precision" else "no pictures",
                    showarrow=False, xanchor="left", row=1, col=column,
                )  # fmt: skip
    in_frame(figure, ink, 58 + (36 if len(names) <= 12 else 22) * len(names))
    figure.update_xaxes(range=[0, 1.02], tickvals=[0, 0.25, 0.5, 0.75, 1], tickfont={"size": 11})
    # Only three are named: the panels stand close in a narrow window.
    figure.update_xaxes(ticktext=["0", "", "50", "", "100 %"])
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_layout(bargap=0.38, dragmode=False)
    return figure


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


def training_chart(history: History, ink: str) -> go.Figure:
    """Return three panels over one axis of epochs."""
    figure = make_subplots(
        rows=3,
        cols=1,
        shared_xaxes=True,
        row_heights=[0.4, 0.4, 0.2],
        vertical_spacing=0.08,
        subplot_titles=("training loss, nats", "accuracy on val", "learning rate"),
    )
    epochs = history.epochs.astype(int).tolist()
    lines: list[tuple[str, np.ndarray, int, str, str]] = [
        ("training loss", history.train_loss, 1, "solid", ".3f"),
        ("val accuracy", history.val_accuracy, 2, "solid", ".1%"),
        ("learning rate", history.learning_rate, 3, "solid", ".2g"),
    ]
    if history.averaged is not None:
        lines.append(("averaged weights", history.averaged, 2, "dot", ".1%"))
    for name, values, row, dash, form in lines:
        figure.add_trace(
            go.Scatter(
                x=epochs,
                y=[None if np.isnan(value) else float(value) for value in values],
                mode="lines+markers",
                name=name,
                line={"color": ink if dash == "solid" else NEUTRAL, "width": 1.8, "dash": dash},
                marker={"size": 5},
                hovertemplate=f"epoch %{{x}}<br>{name} %{{y:{form}}}<extra></extra>",
                showlegend=False,
            ),
            row=row,
            col=1,
        )
    if history.chosen is not None:
        figure.add_vline(x=history.chosen, line={"color": NEUTRAL, "width": 1.4, "dash": "dash"})
    in_frame(figure, ink, 520)
    figure.update_layout(dragmode=False)
    figure.update_yaxes(tickformat=".0%", row=2)
    figure.update_xaxes(title="epoch", row=3)
    if len(epochs) <= 15:
        figure.update_xaxes(tickvals=epochs)
    return figure

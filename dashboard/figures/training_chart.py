"""Training curves: loss, accuracy on the held-out pictures, and learning rate by epoch; the chosen epoch is marked."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.figures.chart_frame import NEUTRAL, in_frame
from engine.analysis.training_history import History


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

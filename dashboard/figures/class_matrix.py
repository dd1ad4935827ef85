"""How alike a method's maps for the classes of one picture are: a class x class heatmap of rank correlations."""

from __future__ import annotations

from typing import Final

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.trust_words import signed
from dashboard.report.text import escape
from engine.draw.colormaps import DIVERGING, colormap
from engine.trust.sanity import ClassSensitivity

SIDE: Final = 330
"""Height in pixels; the width that goes with it is :data:`WIDTH`."""
WIDTH: Final = 400
MEANS: Final = (
    "Rank correlation between a method’s maps for two classes of this picture: 1 the same map, 0 nothing in common, "
    "−1 the opposite. The mean over all pairs is the table’s “alike across classes”."
)


def _scale() -> list[list[float | str]]:
    table = colormap(DIVERGING).table
    stops = np.linspace(0, 255, 17).round().astype(int).tolist()
    return [[stop / 255, "#" + bytes(table[stop].tolist()).hex()] for stop in stops]


def cell_text(value: float) -> str:
    """Return a correlation with two digits and its sign: ``+.62``, ``−.10``; empty where there is none."""
    if np.isnan(value):
        return ""
    text = f"{abs(value):.2f}".replace("0.", ".", 1)
    return ("−" if value <= -0.005 else "+" if value >= 0.005 else "") + text


def _said(one: str, two: str, value: float) -> str:
    pair = f"{escape(one)} and {escape(two)}"
    if np.isnan(value):
        return f"{pair}: one of both maps is constant and has no ranks"
    return f"{pair}: rank correlation {signed(float(value))}"


def class_matrix(found: ClassSensitivity) -> go.Figure:
    """Draw the matrix from -1 to 1, zero grey; a map agrees with itself, so the diagonal is left empty."""
    count = len(found.classes)
    shown = found.correlation.astype(np.float64)
    np.fill_diagonal(shown, np.nan)
    names = list(found.classes)
    hover = [
        [
            "" if row == column else _said(names[row], names[column], found.correlation[row, column])
            for column in range(count)
        ]
        for row in range(count)
    ]
    figure = go.Figure(
        go.Heatmap(
            z=[[None if np.isnan(value) else round(value, 4) for value in row] for row in shown.tolist()],
            x=names,
            y=names,
            text=[[cell_text(value) for value in row] for row in shown.tolist()],
            texttemplate="%{text}",
            # No colour: Plotly then takes dark or light by the cell, which reads on both.
            textfont={"size": 10},
            colorscale=_scale(),
            zmin=-1.0,
            zmax=1.0,
            colorbar={"thickness": 8, "len": 0.9, "outlinewidth": 0, "tickvals": [-1, 0, 1]},
            hovertext=hover,
            hoverinfo="text",
            hoverongaps=False,
            xgap=1,
            ygap=1,
        )
    )
    figure.update_layout(
        height=SIDE,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(128,128,128,.12)",
        dragmode=False,
        hoverlabel={"align": "left"},
    )
    axis = {"showgrid": False, "zeroline": False, "fixedrange": True, "ticks": "", "automargin": True}
    figure.update_xaxes(**axis, side="top", tickangle=-40)
    figure.update_yaxes(**axis, autorange="reversed")
    return figure

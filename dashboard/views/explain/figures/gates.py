"""Attention gates of one map an emotion as cards (the kind ``emotion``, of a ``cmaen``).

A channel gate as ranked bars: which channels are passed on, which are held back.

How alike a method's maps for the classes of one picture are: a class x class heatmap of rank correlations.

What the page says of an explanation method before it is asked for: what it assumes, and how long it takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import plotly.graph_objects as go

from dashboard.report.subject import emotion
from dashboard.report.text import in_chart
from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.map_card import MapCard
from dashboard.shared.figures.trust import signed
from dashboard.shell.costs import time_words
from engine.draw.colormaps import DIVERGING, colormap
from engine.draw.overlay import display_ranges
from engine.explain.methods.method import GRIDS, Method
from engine.explain.methods.settings import Values
from engine.records import AttentionGate
from engine.trust.sanity import ClassSensitivity


def emotion_cards(gate: AttentionGate, classes: Sequence[str], scale: str, *, chosen: str = "") -> tuple[MapCard, ...]:
    """Return a card for each of the K maps (h, w) of a gate (K, h, w), all on the same scale unless it is ``stretch``.

    Args:
        gate: of the kind ``emotion``.
        classes: K names.
        scale: one of :data:`engine.draw.overlay.SCALES`.
        chosen: the class whose card is marked.
    """
    if gate.kind != "emotion" or len(gate.weights) != len(classes):
        raise ValueError(f"expected an emotion gate of {len(classes)} maps, got {gate.kind} {gate.shape}")
    limits = display_ranges(list(gate.weights), scale)
    return tuple(
        MapCard(name, values, span, color=emotion_color(name), chosen=name == chosen)
        for name, values, span in zip(classes, gate.weights, limits, strict=True)
    )


SHOWN: Final[dict[str, int]] = {"highest": 24, "lowest": 24, "all": 0}
"""How many channels each view shows; 0 means every one."""

INK: Final = "#7b879c"
"""A neutral that reads on light and dark; the chosen bar is told apart by its opacity and its outline."""


def ranked_channels(gate: AttentionGate) -> tuple[int, ...]:
    """Return all channel indices, highest weight first; ties keep the channel order."""
    return tuple(np.argsort(-gate.weights, kind="stable").tolist())


def shown_channels(gate: AttentionGate, view: str) -> tuple[int, ...]:
    """Return the channels of a view in :data:`SHOWN`, highest weight first."""
    if view not in SHOWN:
        raise ValueError(f"expected a view among {sorted(SHOWN)}, got {view!r}")
    ranked = ranked_channels(gate)
    count = SHOWN[view] or len(ranked)
    return ranked[-count:] if view == "lowest" else ranked[:count]


def channel_bars(gate: AttentionGate, view: str, chosen: int, scale: str) -> go.Figure:
    """Draw the channel weights (C,) of ``gate`` as ranked bars.

    Args:
        gate: a channel gate.
        view: ``highest``, ``lowest`` or ``all``.
        chosen: the channel whose bar is marked.
        scale: ``fixed`` and ``shared`` draw the axis from 0 to 1, ``stretch`` over the gate's own range.
    """
    channels = shown_channels(gate, view)
    weights = [float(gate.weights[channel]) for channel in channels]
    (limits,) = display_ranges([gate.weights], "stretch" if scale == "stretch" else "fixed")
    everything = view == "all"
    figure = go.Figure(
        go.Bar(
            x=list(range(len(channels))) if everything else [f"{channel}" for channel in channels],
            y=[weight - limits[0] for weight in weights],
            base=limits[0],
            customdata=[
                [channel, weight, rank] for rank, (channel, weight) in enumerate(zip(channels, weights, strict=True), 1)
            ],
            marker={
                "color": INK,
                "opacity": [1.0 if channel == chosen else 0.45 for channel in channels],
                "line": {"width": [1.5 if channel == chosen else 0 for channel in channels], "color": INK},
            },
            hovertemplate="channel %{customdata[0]}<br>gate %{customdata[1]:.4f}<extra></extra>",
            selected={"marker": {"opacity": 1.0}},
            unselected={"marker": {"opacity": 0.45}},
        )
    )
    figure.update_layout(
        height=230,
        margin={"l": 44, "r": 8, "t": 8, "b": 40},
        bargap=0.05 if everything else 0.28,
        showlegend=False,
        dragmode=False,
        clickmode="event+select",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    figure.update_xaxes(
        type="linear" if everything else "category",
        title="rank" if everything else "channel",
        showgrid=False,
        fixedrange=True,
        tickfont={"size": 11},
    )
    margin = 0.04 * (limits[1] - limits[0]) if scale == "stretch" else 0.0
    figure.update_yaxes(
        range=[limits[0], limits[1] + margin],
        title="gate",
        fixedrange=True,
        gridcolor="rgba(128,128,128,.18)",
        zeroline=False,
        nticks=5,
    )
    return figure


SIDE: Final = 330
"""Height in pixels; the width that goes with it is :data:`WIDTH`."""
WIDTH: Final = 400
MEANS: Final = (
    "Do a method’s maps for two classes of this picture rank the places alike (rank correlation)? 1 the same map, 0 "
    "nothing "
    "in common, −1 the opposite. The mean over all pairs is the table’s “alike across classes”."
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
    pair = f"{one} and {two}"
    if np.isnan(value):
        return f"{pair}: one of both maps is constant and has no ranks"
    return f"{pair}: rank correlation {signed(float(value))}"


def class_matrix(found: ClassSensitivity) -> go.Figure:
    """Draw the matrix from -1 to 1, zero grey; a map agrees with itself, so the diagonal is left empty."""
    count = len(found.classes)
    shown = found.correlation.astype(np.float64)
    np.fill_diagonal(shown, np.nan)
    names = list(map(in_chart, found.classes))
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
            textfont={"size": 11},
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


def cost_words(method: Method, seconds: float | None, values: Values = ()) -> str:
    """Say how much work a map is, and how long that takes by what was measured here.

    Args:
        method: the method.
        seconds: promised; None where nothing of this model was timed yet.
        values: of its settings; empty: the usual ones.
    """
    passes = method.passes_at(values)
    return f"{passes}: {time_words(seconds)}" if seconds is not None else f"{passes}, not timed here yet"


def method_help(method: Method) -> str:
    """Return the tooltip: what must hold for the map to mean something, its grid and sign, and the paper."""
    sign = "Values below zero speak against the class." if method.signed else "It has no values below zero."
    agnostic = f"It is **class-agnostic**: the same for every {emotion()}. " if method.class_agnostic else ""
    return f"**Assumes:** {method.assumes} {agnostic}{sign} Its grid: {GRIDS[method.grid]}. {method.paper}."

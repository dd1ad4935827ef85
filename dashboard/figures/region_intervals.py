"""Where a map's mass lies, class by class: a small field for each region, a dot and an interval for each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.figures.palette import emotion_color
from engine.analysis.class_regions import ClassPlace
from engine.analysis.regions import REGIONS
from engine.evaluate.bootstrap import Estimate

Places = Mapping[str, Sequence[ClassPlace]]
"""Model → the places of its K classes."""

SYMBOLS: Final[tuple[str, ...]] = ("circle", "diamond-open")
"""Of the first and the second model."""
COLUMNS: Final = 3
SHIFT: Final = 0.17
"""How far two models' dots of a class stand apart, in rows."""


def region_title(region: str) -> str:
    """Return a region's name for a heading."""
    return region.replace("_", " ")


def interval_words(found: Estimate, factor: float = 100.0, digits: int = 1, unit: str = " %") -> str:
    """Return an estimate as it is written: ``12.3 % (11.9–12.7)``; without an interval the mean alone."""
    if found.mean is None:
        return "none"
    text = f"{factor * found.mean:.{digits}f}{unit}"
    if found.low is None or found.high is None:
        return text
    return f"{text} ({factor * found.low:.{digits}f}–{factor * found.high:.{digits}f})"


def _bars(estimates: Sequence[Estimate], factor: float) -> dict[str, Any]:
    """Return Plotly's asymmetric error bars."""
    above = [
        factor * (one.high - one.mean) if one.high is not None and one.mean is not None else 0 for one in estimates
    ]
    below = [factor * (one.mean - one.low) if one.low is not None and one.mean is not None else 0 for one in estimates]
    return {"type": "data", "symmetric": False, "array": above, "arrayminus": below, "thickness": 1.6, "width": 0}


def _dots(model: str, number: int, many: int, places: Sequence[ClassPlace], region: str) -> list[go.Scatter]:
    """Return one trace a class, so that interval and dot have the emotion's colour."""
    traces = []
    for row, place in enumerate(places):
        found = place.masses[region]
        if found.mean is None:
            continue
        color = emotion_color(place.label)
        traces.append(
            go.Scatter(
                x=[100 * found.mean],
                y=[row + (SHIFT * (2 * number - 1) if many > 1 else 0.0)],
                mode="markers",
                marker={"color": color, "size": 8, "symbol": SYMBOLS[number], "line": {"width": 1.6, "color": color}},
                error_x={**_bars([found], 100.0), "color": color},
                hovertext=f"{model}, {place.label}<br>{region_title(region)} {interval_words(found)}, n = {found.n:,}",
                hoverinfo="text",
                showlegend=False,
            )
        )
    return traces


def region_figure(places: Places, classes: Sequence[str], even: Mapping[str, float] | None = None) -> go.Figure:
    """Return the figure.

    Args:
        places: one or two models.
        classes: K names, top to bottom.
        even: region → the share that an even map would have there, drawn as a dotted line; None where not known.
    """
    rows = -(-len(REGIONS) // COLUMNS)
    figure = make_subplots(
        rows=rows,
        cols=COLUMNS,
        subplot_titles=[f"<b>{region_title(region)}</b>" for region in REGIONS],
        shared_yaxes=True,
        horizontal_spacing=0.04,
        vertical_spacing=0.11,
    )
    for at, region in enumerate(REGIONS):
        row, column = at // COLUMNS + 1, at % COLUMNS + 1
        for number, (model, mine) in enumerate(places.items()):
            for trace in _dots(model, number, len(places), mine, region):
                figure.add_trace(trace, row=row, col=column)
        if even is not None and region in even:
            figure.add_vline(x=100 * even[region], line={"width": 1.2, "dash": "dot", "color": "#7b879c"},
                             row=row, col=column)  # fmt: skip
    figure.update_xaxes(ticksuffix=" %", nticks=5, fixedrange=True, zeroline=False, gridcolor="rgba(123,135,156,.18)",
                        tickfont={"size": 10})  # fmt: skip
    figure.update_yaxes(
        tickmode="array",
        tickvals=list(range(len(classes))),
        ticktext=list(classes),
        range=[len(classes) - 0.5, -0.5],
        fixedrange=True,
        zeroline=False,
        showgrid=False,
    )
    figure.update_layout(
        height=190 * rows,
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
        hoverlabel={"align": "left"},
    )
    figure.update_annotations(font={"size": 13})
    return figure


def centre_figure(places: Places) -> go.Figure:
    """Return the classes' mean centres of mass in the picture, with intervals both ways; below is down."""
    figure = go.Figure()
    for number, (model, mine) in enumerate(places.items()):
        for place in mine:
            x, y = place.centre_x, place.centre_y
            if x.mean is None or y.mean is None:
                continue
            color = emotion_color(place.label)
            figure.add_trace(
                go.Scatter(
                    x=[100 * x.mean],
                    y=[100 * y.mean],
                    mode="markers+text",
                    text=[place.label],
                    textposition="top center",
                    textfont={"size": 11},
                    marker={
                        "color": color,
                        "size": 9,
                        "symbol": SYMBOLS[number],
                        "line": {"width": 1.6, "color": color},
                    },
                    error_x={**_bars([x], 100.0), "color": color},
                    error_y={**_bars([y], 100.0), "color": color},
                    hovertext=f"{model}, {place.label}<br>{interval_words(x)} from the left<br>"
                    f"{interval_words(y)} from the top, n = {x.n:,}",
                    hoverinfo="text",
                    showlegend=False,
                )
            )
    axis = {
        "ticksuffix": " %",
        "fixedrange": True,
        "zeroline": False,
        "gridcolor": "rgba(123,135,156,.18)",
        "nticks": 6,
    }
    figure.update_xaxes(title={"text": "from the left"}, **axis)
    figure.update_yaxes(title={"text": "from the top"}, autorange="reversed", scaleanchor="x", **axis)
    figure.update_layout(
        height=380,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
        hoverlabel={"align": "left"},
    )
    return figure

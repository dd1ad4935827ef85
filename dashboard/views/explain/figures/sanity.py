"""How alike a map stays to itself while the model loses its weights, from the answer back to the picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import plotly.graph_objects as go

from dashboard.figures.trust_words import method_place
from dashboard.report.text import layer_title
from dashboard.views.explain.figures.trust_curves import GREY, INK
from engine.trust.sanity import Randomisation

DASHES: Final[tuple[str, ...]] = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS: Final[tuple[str, ...]] = ("circle", "square", "diamond", "triangle-up", "x", "star", "cross")
TRAINED: Final = "as trained"
"""The chart's first place: the whole model, where a map agrees with itself."""


def part_title(name: str) -> str:
    """Return a part's name for the axis; parts of a sequence keep their number: ``stages.2`` gives ``stages 2``."""
    stem, dot, rest = name.partition(".")
    return f"{layer_title(stem)} {rest.replace('_', ' ')}" if dot else layer_title(name)


def randomisation_chart(found: Sequence[Randomisation]) -> go.Figure:
    """Draw a line a map over the parts of one model, first the whole model at 1; lines differ in dash and mark.

    Args:
        found: one map's way or more, through the same parts. A part at which every draw gave a constant map has no
            rank correlation: its place on the line stays empty.
    """
    parts = [part.name for part in found[0].parts]
    if any([part.name for part in item.parts] != parts for item in found):
        raise ValueError("expected maps of one model, got other parts for some")
    places = [TRAINED, *(f"+ {part_title(name)}" if index else part_title(name) for index, name in enumerate(parts))]
    figure = go.Figure()
    for index, item in enumerate(found):
        name = method_place(item.method, item.layer, item.target)
        figure.add_trace(
            go.Scatter(
                x=places,
                y=[1.0, *(part.correlation for part in item.parts)],
                customdata=["the whole model", *(f"mean of {part.draws} draws" for part in item.parts)],
                name=name,
                mode="lines+markers",
                line={"color": INK, "width": 2, "dash": DASHES[index % len(DASHES)]},
                marker={"size": 8, "symbol": SYMBOLS[index % len(SYMBOLS)]},
                hovertemplate=f"{name}<br>%{{x}}: %{{y:.2f}}, %{{customdata}}<extra></extra>",
            )
        )
    figure.add_hline(y=0.0, line={"color": GREY, "width": 1})
    figure.update_xaxes(title="what has random weights, from the answer back to the picture", fixedrange=True)
    figure.update_xaxes(showgrid=False, categoryorder="array", categoryarray=places)
    figure.update_yaxes(title="rank correlation with the map", fixedrange=True, range=[-1.05, 1.05])
    figure.update_yaxes(gridcolor="rgba(128,128,128,.18)", zeroline=False)
    figure.update_layout(
        height=300,
        margin={"l": 50, "r": 8, "t": 12, "b": 44},
        showlegend=len(found) > 1,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
    )
    return figure

"""How alike a map stays to itself while the model loses its weights, from the answer back to the picture.

What further checks of maps found: a row a map, each column with plain words on what its figure means.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import plotly.graph_objects as go

from dashboard.report.glossary import opener
from dashboard.report.text import escape, in_chart, layer_title, short
from dashboard.shared.figures.trust import method_place, signed
from dashboard.views.explain.figures.trust_curves import GREY, INK
from engine.trust.map_sanity import MapSanity
from engine.trust.sanity import DRAWS, Randomisation

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
        name = in_chart(method_place(item.method, item.layer, item.target))
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
    figure.update_yaxes(title="same order (rank correlation)", fixedrange=True, range=[-1.05, 1.05])
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


def heads(found: MapSanity) -> dict[str, str]:
    """Return column → its tooltip; radius and number of disturbed pictures are those of ``found``."""
    disturbed = f"no pixel by more than {found.robustness.radius:g} of 255, n = {found.robustness.samples}"
    return {
        "foretells wrongly (infidelity)": (
            f"The picture is disturbed a little ({disturbed}), whole cells of the map at once. How wrong is the change "
            "of the answer that the map foretells? 0: every change is foretold; 1: as wrong as an empty map."
        ),
        "trembles (max-sensitivity)": (
            f"The picture is disturbed a little ({disturbed}). How much does the map itself change at most, relative "
            "to its size? 0: not at all; above 1: by more than itself."
        ),
        "answer layer random": (
            "The layer that gives the answer loses its weights. How alike is the map to the true one (rank "
            f"correlation, mean of {DRAWS} draws)? 1: the same map; 0: nothing in common; −1: the opposite."
        ),
        "all layers random": (
            "Every layer has lost its weights: the model knows nothing. A map that is still alike shows the picture, "
            "not what the model has learnt."
        ),
        "alike across classes": (
            "The mean rank correlation between the maps of any two classes. 1: the method draws the same map whatever "
            "class is asked about; 0 or below: each class has a map of its own."
        ),
    }


_OPENS: Final[tuple[str, ...]] = (
    "infidelity", "max_sensitivity", "random_weights", "random_weights", "class_sensitivity",
)  # fmt: skip
"""Which measure each of :func:`heads` is."""


def _number(value: float | None, *, sign: bool = False) -> str:
    if value is None:
        return "–"
    return signed(value) if sign else short(value)


def cells(item: MapSanity) -> tuple[str, ...]:
    """Return a map's figures, one for each of :func:`heads`; what there is no figure for is a dash."""
    parts = item.randomisation.parts
    return (
        _number(item.robustness.infidelity),
        _number(item.robustness.max_sensitivity),
        _number(parts[0].correlation, sign=True),
        _number(parts[-1].correlation, sign=True),
        _number(item.classes.mean_correlation, sign=True),
    )


def sanity_table(found: Sequence[MapSanity]) -> str:
    """Return the table as HTML."""
    head = "".join(
        f'<th class="fl-number" scope="col" title="{escape(words)}">{opener(key, name)}</th>'
        for key, (name, words) in zip(_OPENS, heads(found[0]).items(), strict=True)
    )
    rows = []
    for item in found:
        place = method_place(item.method, item.layer, item.target)
        numbers = "".join(f'<td class="fl-number">{cell}</td>' for cell in cells(item))
        rows.append(f'<tr><th scope="row">{escape(place)}</th>{numbers}</tr>')
    radius = found[0].robustness.radius
    meanings = "".join(f"<li><b>{escape(name)}</b>: {escape(words)}</li>" for name, words in heads(found[0]).items())
    return (
        '<div class="fl-wideholder"><table class="fl-table fl-sanity"><thead><tr><th scope="col">map</th>'
        f"{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        f'<div class="fl-quiet">Disturbed by at most {radius:g} of 255 a pixel, n = {found[0].robustness.samples}; '
        f"random weights: mean of {DRAWS} draws. One picture.</div>"
        f'<details class="fl-meanings"><summary>What the columns mean</summary><ul>{meanings}</ul></details>'
    )


def _foretold(found: MapSanity) -> str:
    wrong = found.robustness.infidelity
    if wrong is None:
        return "no small disturbance changed the answer"
    if wrong < 1.0:
        return f"what small disturbances do is foretold with {short(wrong)} of an empty map’s error (infidelity)"
    return f"what small disturbances do is foretold no better than by an empty map (infidelity {short(wrong)})"


def read_sanity(found: MapSanity) -> str:
    """Say in a sentence what was found for one map."""
    place = method_place(found.method, found.layer, found.target)
    last, classes = found.randomisation.parts[-1].correlation, found.classes.mean_correlation
    left = (
        "no ranks are left"
        if last is None
        else f"the cells keep their order by {signed(last)} (rank correlation with this map)"
    )
    alike = "they are constant" if classes is None else f"the same order by {signed(classes)} on average"
    return f"{place}: {_foretold(found)}. With every layer random {left}; maps of different classes: {alike}."

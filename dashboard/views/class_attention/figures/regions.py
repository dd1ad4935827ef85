"""Entropy and centre of mass of a map by class, as a table; and every figure of the regions as rows to take along.

Where a map lies, class by class: small fields (one a region), in each a dot and an interval for each class.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.report.glossary import opener
from dashboard.report.text import escape, in_chart, percent
from dashboard.shared.figures.colours import emotion_color
from engine.analysis.class_regions import ClassPlace, MeanMapPlace
from engine.edit.face_template import REGIONS
from engine.statistics.intervals import Estimate

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


def _bars(found: Estimate, factor: float) -> dict[str, Any]:
    """Return Plotly's asymmetric error bars; none where there is no interval."""
    if found.mean is None or found.low is None or found.high is None:
        return {"type": "data", "array": [0.0]}
    above, below = factor * (found.high - found.mean), factor * (found.mean - found.low)
    return {"type": "data", "symmetric": False, "array": [above], "arrayminus": [below], "thickness": 1.6, "width": 0}


@dataclass(frozen=True)
class Field:
    """One small field: its title, what it draws of a class, and how that is written.

    Attributes:
        title: its heading. of: reads the estimate. factor: brings it to the axis's unit. digits: decimals in words.
        unit: with its leading space. even: where an even map would lie, in the estimate's own unit; None if not known.
    """

    title: str
    of: Callable[[ClassPlace], Estimate]
    factor: float = 100.0
    digits: int = 1
    unit: str = " %"
    even: float | None = None

    def words(self, found: Estimate) -> str:
        """Return an estimate as it is written."""
        return interval_words(found, self.factor, self.digits, self.unit)


def _mass(region: str) -> Callable[[ClassPlace], Estimate]:
    return lambda place: place.masses[region]


def region_fields(even: Mapping[str, float] | None = None) -> tuple[Field, ...]:
    """Return a field for each region; ``even`` is region → share of an even map, None where not known."""
    return tuple(Field(region_title(region), _mass(region), even=(even or {}).get(region)) for region in REGIONS)


PLACE_FIELDS: Final[tuple[Field, ...]] = (
    Field("spread out (entropy), nats", lambda place: place.entropy_nats, 1.0, 3, " nats"),
    Field("centre, from the left", lambda place: place.centre_x),
    Field("centre, from the top", lambda place: place.centre_y),
)


def _dots(model: str, number: int, many: int, places: Sequence[ClassPlace], field: Field) -> list[go.Scatter]:
    """Return one trace a class, so that interval and dot have the emotion's colour."""
    traces = []
    for row, place in enumerate(places):
        found = field.of(place)
        if found.mean is None:
            continue
        color = emotion_color(place.label)
        head = in_chart(f"{model}, {place.label}")
        traces.append(
            go.Scatter(
                x=[field.factor * found.mean],
                y=[row + (SHIFT * (2 * number - 1) if many > 1 else 0.0)],
                mode="markers",
                marker={"color": color, "size": 8, "symbol": SYMBOLS[number], "line": {"width": 1.6, "color": color}},
                error_x={**_bars(found, field.factor), "color": color},
                hovertext=f"{head}<br>{field.title} {field.words(found)}, n = {found.n:,}",
                hoverinfo="text",
                showlegend=False,
            )
        )
    return traces


def interval_figure(places: Places, classes: Sequence[str], fields: Sequence[Field]) -> go.Figure:
    """Return the fields in rows of three.

    Args:
        places: one or two models. classes: K names, top to bottom. fields: what is drawn; a dotted line marks where
            an even map would lie.
    """
    rows = -(-len(fields) // COLUMNS)
    figure = make_subplots(
        rows=rows,
        cols=COLUMNS,
        subplot_titles=[f"<b>{field.title}</b>" for field in fields],
        shared_yaxes=True,
        horizontal_spacing=0.04,
        vertical_spacing=0.11 if rows > 1 else 0.0,
    )
    for at, field in enumerate(fields):
        row, column = at // COLUMNS + 1, at % COLUMNS + 1
        for number, (model, mine) in enumerate(places.items()):
            for trace in _dots(model, number, len(places), mine, field):
                figure.add_trace(trace, row=row, col=column)
        if field.even is not None:
            figure.add_vline(x=field.factor * field.even, line={"width": 1.2, "dash": "dot", "color": "#7b879c"},
                             row=row, col=column)  # fmt: skip
        suffix = " %" if field.unit == " %" else ""
        figure.update_xaxes(ticksuffix=suffix, row=row, col=column)
    figure.update_xaxes(nticks=5, fixedrange=True, zeroline=False, showgrid=False, tickfont={"size": 11})
    figure.update_yaxes(
        tickmode="array",
        tickvals=list(range(len(classes))),
        ticktext=list(map(in_chart, classes)),
        range=[len(classes) - 0.5, -0.5],
        fixedrange=True,
        zeroline=False,
        showgrid=True,
        gridcolor="rgba(123,135,156,.22)",
        ticks="",
    )
    figure.update_layout(
        height=max(190, 60 + 15 * len(classes)) * rows + (20 if rows == 1 else 0),
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
        hoverlabel={"align": "left"},
    )
    figure.update_annotations(font={"size": 13})
    return figure


NumberRow = dict[str, str | int | float | None]


def _entropy(nats: float, cells: int) -> str:
    if math.isnan(nats):
        return "none"
    return f"{nats:.3f} nats" + (f" ({percent(nats / math.log(cells))})" if cells > 1 else "")


def _row(model: str, place: ClassPlace, mean: MeanMapPlace | None) -> str:
    dot = f'<span class="fl-dot" style="background:{emotion_color(place.label)}"></span>'
    of_mean = entropy = "–"
    if mean is not None:
        x, y = mean.centre_x, mean.centre_y
        of_mean = "none" if math.isnan(x) else f"{100 * x:.1f} %, {100 * y:.1f} %"
        entropy = _entropy(mean.entropy_nats, mean.cells)
    return (
        f'<tr><th scope="row">{dot}{escape(place.label)}</th><td>{escape(model)}</td>'
        f'<td class="fl-number">{place.entropy_nats.n:,}</td>'
        f'<td class="fl-number">{interval_words(place.entropy_nats, 1.0, 3, " nats")}</td>'
        f'<td class="fl-number">{entropy}</td>'
        f'<td class="fl-number">{interval_words(place.centre_x)}</td>'
        f'<td class="fl-number">{interval_words(place.centre_y)}</td>'
        f'<td class="fl-number">{of_mean}</td></tr>'
    )


def places_html(places: Places, means: Mapping[str, Sequence[MeanMapPlace]]) -> str:
    """Return the table, a row a class and model.

    Args:
        places: model → its K classes. means: model → the same of the K mean maps; without a model, not known.
    """
    models = tuple(places)
    rows = "".join(
        _row(model, places[model][k], means[model][k] if model in means else None)
        for k in range(len(places[models[0]]))
        for model in models
    )
    heads = (
        opener("map_entropy", "spread out (entropy), single maps"),
        opener("map_entropy", "spread out (entropy), the mean map"),
        opener("centre_of_mass", "centre from the left"),
        opener("centre_of_mass", "centre from the top"),
        opener("centre_of_mass", "centre of the mean map"),
    )
    return (
        '<div class="fl-wideholder"><table class="fl-table fl-places"><thead><tr><th>class</th><th>model</th>'
        '<th class="fl-number">n</th>'
        + "".join(f'<th class="fl-number">{head}</th>' for head in heads)
        + f"</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def number_rows(places: Places) -> list[NumberRow]:
    """Return a row for each model, class and figure: mean, low, high, n, in shares of 1 (entropy in nats)."""
    rows: list[NumberRow] = []
    for model, mine in places.items():
        for place in mine:
            figures = {
                **{f"mass {region}": found for region, found in place.masses.items()},
                "entropy nats": place.entropy_nats,
                "centre from the left": place.centre_x,
                "centre from the top": place.centre_y,
            }
            for name, found in figures.items():
                rows.append({"model": model, "class": place.label, "figure": name, **found.as_dict()})
    return rows

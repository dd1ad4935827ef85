"""Entropy and centre of mass of a map by class, as a table; and every figure of the regions as rows to take along."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from dashboard.figures.region_intervals import Places, interval_words
from dashboard.report.text import escape, percent
from dashboard.shared.figures.colours import emotion_color
from engine.analysis.class_regions import ClassPlace, MeanMapPlace

NumberRow = dict[str, str | int | float | None]


def _entropy(nats: float, cells: int) -> str:
    if math.isnan(nats):
        return "none"
    return f"{nats:.3f} nats" + (f" ({percent(nats / math.log(cells))})" if cells > 1 else "")


def _row(model: str, place: ClassPlace, mean: MeanMapPlace) -> str:
    dot = f'<span class="fl-dot" style="background:{emotion_color(place.label)}"></span>'
    x, y = mean.centre_x, mean.centre_y
    of_mean = "none" if math.isnan(x) else f"{100 * x:.1f} %, {100 * y:.1f} %"
    return (
        f'<tr><th scope="row">{dot}{escape(place.label)}</th><td>{escape(model)}</td>'
        f'<td class="fl-number">{place.entropy_nats.n:,}</td>'
        f'<td class="fl-number">{interval_words(place.entropy_nats, 1.0, 3, " nats")}</td>'
        f'<td class="fl-number">{_entropy(mean.entropy_nats, mean.cells)}</td>'
        f'<td class="fl-number">{interval_words(place.centre_x)}</td>'
        f'<td class="fl-number">{interval_words(place.centre_y)}</td>'
        f'<td class="fl-number">{of_mean}</td></tr>'
    )


def places_html(places: Places, means: Mapping[str, Sequence[MeanMapPlace]]) -> str:
    """Return the table, a row a class and model.

    Args:
        places: model → its K classes. means: model → the same of the K mean maps.
    """
    models = tuple(places)
    rows = "".join(
        _row(model, places[model][k], means[model][k]) for k in range(len(places[models[0]])) for model in models
    )
    heads = ("entropy of single maps", "entropy of the mean map", "centre from the left", "centre from the top",
             "centre of the mean map")  # fmt: skip
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

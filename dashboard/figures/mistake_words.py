"""The gallery in words and figures: what is shown, how it compares, and where its maps lie."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from dashboard.report.text import escape, percent
from engine.analysis.mistakes import Means, MistakesView

COLUMNS: Final[dict[str, str]] = {
    "confidence": "confidence",
    "loss": "loss, nats",
    "margin": "margin",
    "suspicion": "label suspicion",
}
"""Column → what it is called; in this order."""


def _either(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1]


def read_choice(view: MistakesView, pictures: int) -> str:
    """Say what the gallery shows: ``14 pictures of fear answered as surprise``."""
    count = f"{pictures:,} picture{'' if pictures == 1 else 's'}"
    of = f" of {_either(view.labels)}" if view.labels else ""
    if view.predicted:
        return f"{count}{of} answered as {_either(view.predicted)}" + (
            "" if view.cell else {"wrong": ", wrongly", "right": ", rightly", "all": ""}[view.answered]
        )
    return f"{count}{of}" + {"wrong": " answered wrongly", "right": " answered rightly", "all": ""}[view.answered]


def _figure(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"


def figures_html(shown: Means, everything: Means) -> str:
    """Return the means of what is shown, each beside that of all pictures the matrix counts."""
    cells = "".join(
        f"<div><span>mean {escape(title)}</span><b>{_figure(shown.means[name])}</b>"
        f"<span>all: {_figure(everything.means[name])}</span></div>"
        for name, title in COLUMNS.items()
    )
    return f'<div class="fl-figure-row">{cells}</div>'


def regions_html(shown: Mapping[str, float], right: Mapping[str, float]) -> str:
    """Return the shares of a map's mass by region, as pairs of bars: what is shown, and right answers of the same.

    Args:
        shown: region → mean share in [0, 1]. right: the same, for comparison; NaN where there is none.
    """
    known = [value for value in (*shown.values(), *right.values()) if not math.isnan(value)]
    longest = max(known, default=1.0) or 1.0

    def width(value: float) -> str:
        return f"{0.0 if math.isnan(value) else 100 * value / longest:.1f}%"

    def said(value: float) -> str:
        return "–" if math.isnan(value) else percent(value)

    rows = "".join(
        f"<span>{escape(region.replace('_', ' '))}</span>"
        f'<span class="fl-pair"><i style="width:{width(shown[region])}"></i>'
        f'<i style="width:{width(right[region])}"></i></span>'
        f'<span>{said(shown[region])} <span class="fl-quiet">{said(right[region])}</span></span>'
        for region in shown
    )
    return f'<div class="fl-where">{rows}</div>'

"""Figures of people's votes: a table of shares, the two uncertainties against each other, and their correlation."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from dashboard.report.glossary import opener
from dashboard.report.text import escape
from dashboard.shared.figures.colours import in_frame
from engine.analysis.uncertainty import Uncertainty
from engine.data.votes.agreement import AGREEMENTS, SIDES
from engine.statistics.correlation import Correlation

BINS: Final = 24
"""Cells a side of the chart: with thousands of pictures, and ten votes each, points would lie on each other."""
HEIGHT: Final = 420
SIDE_WORDS: Final[dict[str, str]] = {"model": "the model", "label": "the label", "neither": "neither"}


def _share(found: dict[str, Any]) -> str:
    if found["share"] is None:
        return "–"
    low, high = found["interval"]
    return f"{100 * found['share']:.1f} % ({100 * low:.1f}–{100 * high:.1f})"


def _mean(found: dict[str, Any]) -> str:
    if found["low"] is None:
        return "–"
    return f"{100 * found['mean']:.1f} % ({100 * found['low']:.1f}–{100 * found['high']:.1f})"


def people_rows(model: str, figures: dict[str, Any]) -> tuple[tuple[str, str, int], ...]:
    """Return what is said, its figure with an interval, and n.

    Args:
        model: its name. figures: of :func:`engine.measure.votes.report_on_votes`, with labels.
    """
    ceiling, agreed, sides = figures["human_ceiling"], figures["by_agreement"], figures["mistakes"]["side_with"]
    shares = [
        (f"{model} answers what the label says", figures["accuracy_on_label"]),
        (f"{model} answers what most people saw", figures["accuracy_on_majority"]),
        ("the label is what most people saw", figures["label_is_majority"]),
        *(
            (f"{model} answers what most people saw, where they are {name}", agreed[name]["accuracy_on_majority"])
            for name in AGREEMENTS
        ),
        *((f"mistakes by the label: people side with {SIDE_WORDS[name]}", sides[name]) for name in SIDES),
    ]
    voters = [
        ("one voter agrees with most of the others", ceiling["voter"]),
        ("the label agrees with most voters but one", ceiling["label"]),
        (f"{model} agrees with most voters but one", ceiling["model"]),
    ]
    return (
        *((said, _share(found), int(found["n"])) for said, found in shares),
        *((said, _mean(found), int(found["n"])) for said, found in voters),
    )


def figures_table(model: str, figures: dict[str, Any]) -> str:
    """Return :func:`people_rows` as an HTML table."""
    body = "".join(
        f'<tr><th scope="row">{escape(said)}</th><td>{escape(value)}</td><td>{n:,}</td></tr>'
        for said, value, n in people_rows(model, figures)
    )
    return (
        f'<table class="fl-table"><thead><tr><th></th><th>share ({opener("interval", "95 %")})</th><th>n</th></tr>'
        "</thead>"
        f"<tbody>{body}</tbody></table>"
    )


def uncertainty_chart(found: Uncertainty, ink: str) -> go.Figure:
    """Draw how many pictures have which two entropies: the voters' across, the model's up, in bits."""
    most = float(np.log2(len(found.classes)))
    edges = np.linspace(0.0, most, BINS + 1), np.linspace(0.0, float(np.log2(8)), BINS + 1)
    counts, up, across = np.histogram2d(found.model_bits, found.people_bits, bins=edges)
    middle_up, middle_across = (up[:-1] + up[1:]) / 2, (across[:-1] + across[1:]) / 2
    figure = go.Figure(
        go.Heatmap(
            x=middle_across,
            y=middle_up,
            z=np.where(counts > 0, np.log10(np.maximum(counts, 1.0)), np.nan),
            customdata=counts,
            colorscale="Viridis",
            hovertemplate="people %{x:.2f} bits, model %{y:.2f} bits<br>%{customdata:.0f} pictures<extra></extra>",
            colorbar={
                "title": "pictures",
                "tickvals": [0, 1, 2, 3],
                "ticktext": ["1", "10", "100", "1,000"],
            },
        )
    )
    figure.update_xaxes(title="voters undecided (entropy of the votes, bits)")
    figure.update_yaxes(title="model undecided (entropy of the answer, bits)")
    return in_frame(figure, ink, HEIGHT)


def correlation_words(found: Correlation) -> str:
    """Return a rank correlation as ``0.42 (0.40–0.44)``, a dash where there is none."""
    if found.rho is None:
        return "–"
    return f"{found.rho:.2f} ({found.low:.2f} to {found.high:.2f})"


def correlation_table(found: Uncertainty) -> str:
    """Return the rank correlations, overall and by what most people saw, as an HTML table."""
    rows = {"all pictures": found.overall, **found.by_class}
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(correlation_words(one))}</td><td>{one.n:,}</td></tr>'
        for name, one in rows.items()
    )
    return (
        f'<table class="fl-table"><thead><tr><th></th><th>{opener("spearman", "same order (rank correlation)")} '
        f"({opener('interval', '95 %')})</th><th>n</th></tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )

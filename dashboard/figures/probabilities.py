"""A prediction as bars: one row a class, most probable first, in the emotion's colour."""

from __future__ import annotations

from dashboard.report.text import escape, percent
from dashboard.shared.figures.colours import emotion_color
from engine.records import Prediction


def probability_bars(prediction: Prediction, rows: int | None = None) -> str:
    """Return the K (or the first ``rows``) classes as HTML bars; a bar's length is the probability, full width is 1.

    The most probable class stands full-coloured, the others fainter, so that confidence is seen before it is read.
    """
    lines = []
    for rank, (name, probability) in enumerate(prediction.ranked()[:rows]):
        lines.append(
            f'<div class="fl-bar{" fl-first" if rank == 0 else ""}" role="img" '
            f'aria-label="{escape(name)} {percent(probability)}" title="{escape(name)}: {probability:.4f}">'
            f'<span class="fl-bar-name">{escape(name)}</span>'
            f'<span class="fl-bar-track"><span class="fl-bar-fill" '
            f'style="width:{100 * probability:.2f}%;background:{emotion_color(name)}"></span></span>'
            f'<span class="fl-bar-value">{percent(probability)}</span></div>'
        )
    return f'<div class="fl-bars">{"".join(lines)}</div>'


def verdict(prediction: Prediction) -> str:
    """Return the answer as a headline: the emotion with its colour, and the confidence."""
    return (
        f'<div class="fl-verdict"><span class="fl-dot" style="background:{emotion_color(prediction.label)}"></span>'
        f'<span class="fl-verdict-name">{escape(prediction.label)}</span>'
        f'<span class="fl-verdict-value">{percent(prediction.confidence)}</span></div>'
    )

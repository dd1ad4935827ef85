"""Per-class differences of two models: a dot and its corrected interval on one axis, a row a class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dashboard.figures.compare_text import is_clear, p_words
from dashboard.report.text import escape
from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.pair import signed
from engine.statistics.comparison import ClassDifference
from engine.statistics.paired import Difference

FIGURES: Final[dict[str, str]] = {"recall": "recall", "f1": "F1"}
"""What can be drawn, and its title."""
LEAST_POINTS: Final = 2.0
"""The axis reaches ±2 points at least."""


def figure_of(row: ClassDifference, figure: str) -> Difference:
    """Return a class's difference of ``figure``, a key of :data:`FIGURES`."""
    if figure not in FIGURES:
        raise ValueError(f"expected a figure among {sorted(FIGURES)}, got {figure!r}")
    return row.recall if figure == "recall" else row.f1


def axis_reach(rows: Sequence[ClassDifference], figure: str) -> float:
    """Return half the axis in points: the farthest end of any interval, rounded up to a whole point."""
    ends = [abs(end) for row in rows for end in (figure_of(row, figure).low, figure_of(row, figure).high)]
    return max(LEAST_POINTS, float(-(-100.0 * max(ends, default=0.0) // 1)))


def class_chart(rows: Sequence[ClassDifference], figure: str, first: str, second: str) -> str:
    """Return the chart as an HTML table; a filled dot is a difference that holds after the correction.

    Args:
        rows: K classes, intervals corrected for being K, p by Holm's method.
        figure: a key of :data:`FIGURES`.
        first, second: the models; the axis is second minus first.
    """
    reach = axis_reach(rows, figure)

    def at(share: float) -> float:
        return 50.0 + 50.0 * 100.0 * share / reach

    lines = []
    for row in rows:
        found = figure_of(row, figure)
        value = f"{signed(100 * found.difference)} ({signed(100 * found.low)} to {signed(100 * found.high)})"
        clear = "" if is_clear(found) else " fl-open"
        words = f"{escape(row.name)} {value} points"
        lines.append(
            f'<tr><th scope="row"><span class="fl-dot" style="background:{emotion_color(row.name)}"></span>'
            f'{escape(row.name)}</th><td class="fl-number fl-wide">{row.support:,}</td>'
            f'<td class="fl-axis2"><div class="fl-range{clear}" role="img" aria-label="{words}">'
            f'<i style="left:50%"></i><span class="fl-line" style="left:{at(found.low):.2f}%;'
            f'width:{at(found.high) - at(found.low):.2f}%"></span>'
            f'<span class="fl-at" style="left:{at(found.difference):.2f}%"></span></div></td>'
            f'<td class="fl-number">{value}</td><td class="fl-number">{p_words(found.p)}</td></tr>'
        )
    ends = (
        f'<div class="fl-ends2"><span>−{reach:.0f}: {escape(first)} better</span><span>0</span>'
        f"<span>{escape(second)} better: +{reach:.0f}</span></div>"
    )
    return (
        '<table class="fl-table fl-classes"><thead><tr><th>class</th><th class="fl-number fl-wide">pictures</th>'
        f'<th class="fl-axis2">{ends}</th><th class="fl-number">{FIGURES[figure]}, points</th>'
        f'<th class="fl-number">p</th></tr></thead><tbody>{"".join(lines)}</tbody></table>'
    )

"""Several pictures at once: what each model answers, and how alike two models' maps are over all of them.

Per-class differences of two models: a dot and its corrected interval on one axis, a row a class.

One picture of the Compare page's galleries as HTML: itself or its id, its label, and both answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from dashboard.report.text import escape, percent
from dashboard.shared.figures.answers import is_clear, p_words
from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.map_card import data_uri
from dashboard.shared.figures.pair import RANKS, TOP, pair_evidence, signed
from engine.analysis.comparison import Outcome
from engine.records import FaceExplanation, UInt8
from engine.statistics.agreement import TOP_SHARE, Agreement
from engine.statistics.comparison import ClassDifference
from engine.statistics.intervals import Estimate, bootstrap_means
from engine.statistics.paired import Difference

Row = dict[str, str | float | None]


@dataclass(frozen=True, eq=False)
class Compared:
    """One picture of a selection.

    Attributes:
        name: the file's or the dataset's id.
        truth: its label, or None.
        explained: one a model, in the columns' order.
        comparable: False where the target makes no contrast for this picture, so that its maps are not counted.
    """

    name: str
    truth: str | None
    explained: tuple[FaceExplanation, ...]
    comparable: bool = True

    def agreement(self, pair: tuple[int, int]) -> Agreement | None:
        """Return how alike two models' maps are; None where one has no positive evidence, or none was asked for."""
        if not self.comparable:
            return None
        one, two = (self.explained[index].maps[0].heatmap.clip(min=0.0) for index in pair)
        paired = pair_evidence(one, two)
        return None if paired is None else paired.agreement


def selection_rows(models: Sequence[str], pictures: Sequence[Compared], pair: tuple[int, int]) -> list[Row]:
    """Return a row a picture: name, label where any is known, each model's answer, agreement of the pair's maps."""
    labelled = any(one.truth is not None for one in pictures)
    rows: list[Row] = []
    for one in pictures:
        row: Row = {"picture": one.name}
        if labelled:
            row["label"] = one.truth
        for model, explained in zip(models, one.explained, strict=True):
            answer = explained.prediction
            row[model] = f"{answer.label} {percent(answer.confidence)}"
        found = one.agreement(pair)
        row[RANKS] = None if found is None else found.spearman
        row[TOP] = None if found is None else found.top_overlap
        rows.append(row)
    return rows


def _mean(found: Estimate, *, share: bool) -> str:
    def written(value: float) -> str:
        return percent(value) if share else signed(value, 2)

    if found.mean is None:
        return "not known"
    ends = "" if found.low is None or found.high is None else f" ({written(found.low)} to {written(found.high)})"
    return f"{written(found.mean)}{ends}"


def read_selection(models: Sequence[str], pictures: Sequence[Compared], pair: tuple[int, int]) -> str:
    """Say how often each model is right (where labels are known), how often the pair agree, and how alike maps are."""
    said = []
    known = [one for one in pictures if one.truth is not None]
    if known:
        right = [sum(one.explained[k].prediction.label == one.truth for one in known) for k in range(len(models))]
        counts = ", ".join(f"{model} {count}" for model, count in zip(models, right, strict=True))
        said.append(f"Answered as labelled, of {len(known)}: {counts}.")
    first, second = pair
    alike = sum(one.explained[first].prediction.label == one.explained[second].prediction.label for one in pictures)
    said.append(f"{models[first]} and {models[second]} give the same answer to {alike} of {len(pictures)}.")
    found = [one.agreement(pair) for one in pictures]
    table = np.array(
        [
            [np.nan, np.nan] if one is None else [np.nan if one.spearman is None else one.spearman, one.top_overlap]
            for one in found
        ]
    )
    ranks, top = bootstrap_means(table)
    chances = [one.chance for one in found if one is not None] or [TOP_SHARE]
    said.append(
        f"Their Grad-CAMs: order of the cells {_mean(ranks, share=False)} (rank correlation), n = {ranks.n}; of the "
        "strongest tenth of "
        f"cells {_mean(top, share=True)} are common, n = {top.n} (unrelated maps: "
        f"{percent(float(np.mean(chances)))})."
    )
    return " ".join(said)


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


def _said(name: str, answer: str, confidence: float, *, right: bool) -> str:
    mark = "✓" if right else "✗"
    return (
        f'<div><span class="fl-quiet">{escape(name)}</span>'
        f'<span class="fl-dot" style="background:{emotion_color(answer)}"></span>{escape(answer)} '
        f'{percent(confidence)} <span aria-label="{"right" if right else "wrong"}">{mark}</span></div>'
    )


def tile_html(outcome: Outcome, picture: UInt8 | None, first: str, second: str, drawn: str = "") -> str:
    """Return a tile.

    ``picture`` is uint8 (S, S) or (S, S, 3), or None where its dataset is not on this machine; ``drawn``, a map over
    it as HTML, stands in its place.
    """
    name = escape(outcome.id)
    if drawn:
        shown = drawn
    elif picture is None:
        shown = f'<div class="fl-nopic">{name}</div>'
    else:
        shown = f'<img src="{data_uri(picture)}" alt="{name}, labelled {escape(outcome.label)}" title="{name}">'
    return (
        f'<div class="fl-pick">{shown}<div><span class="fl-quiet">label</span>'
        f'<span class="fl-dot" style="background:{emotion_color(outcome.label)}"></span><b>{escape(outcome.label)}</b>'
        f"</div>{_said(first, outcome.first, outcome.first_confidence, right=outcome.first == outcome.label)}"
        f"{_said(second, outcome.second, outcome.second_confidence, right=outcome.second == outcome.label)}</div>"
    )

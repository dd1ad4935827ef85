"""The league of maps as one table: each row's mean with its interval on a common axis, beside what it must beat."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from dashboard.report.glossary import marked, opener
from dashboard.report.text import escape, grid
from dashboard.views.evidence.figures.numbers import (
    LOWER_IS_BETTER,
    METRIC_KEYS,
    METRIC_TITLES,
    REFERENCE_TITLES,
    metric_value,
    source_title,
)
from engine.evidence.report import CEILING, EvidenceReport, GroupFigures, MapFigures
from engine.evidence.scores import ENRICHMENT_FLOOR
from engine.statistics.intervals import Estimate
from engine.statistics.maps import REFERENCES

MARKS: Final[dict[str, str]] = {"random": "×", "centre": "◆", "edges": "▲", CEILING: "┃"}
"""The sign of each reference on the axis; told apart by shape, for colours belong to the emotions."""


@dataclass(frozen=True)
class Axis:
    """A common axis: its ends, and where its ticks lie with what they say."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]

    def at(self, value: float) -> float:
        """Return where ``value`` lies, in per cent of the axis from its left end, clipped to it."""
        return 100.0 * min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))


def _factor(step: int) -> str:
    return f"{2**step}×" if step >= 0 else f"1/{2**-step}×"


def metric_axis(report: EvidenceReport, metric: str, group: str) -> Axis:
    """Return the axis of a metric: shares run from 0 to 100 %, enrichment over whole doublings that hold every mean."""
    if metric != "enrichment":
        return Axis(0.0, 1.0, tuple((share / 4, f"{25 * share}") for share in range(5)))
    rows = (*report.maps, *report.references)
    estimates = [row.groups[group].figures[metric] for row in rows]
    values = [value for found in estimates for value in (found.mean, found.low, found.high) if value is not None]
    low = max(math.floor(min(values, default=-1.0)), math.floor(ENRICHMENT_FLOOR))
    high = max(math.ceil(max(values, default=1.0)), 1)
    low = min(low, -1)
    return Axis(float(low), float(high), tuple((float(step), _factor(step)) for step in range(low, high + 1)))


def ranked(report: EvidenceReport, metric: str, group: str) -> tuple[MapFigures, ...]:
    """Return the maps, best mean first; those without a value come last, ties keep the report's order."""

    def order(row: MapFigures) -> tuple[bool, float]:
        mean = row.groups[group].figures[metric].mean
        if mean is None:
            return True, 0.0
        return False, mean if metric in LOWER_IS_BETTER else -mean

    return tuple(sorted(report.maps, key=order))


def surely_above(figures: GroupFigures) -> tuple[str, ...]:
    """Return the references that the map surely exceeds in mass on evidence.

    Surely: the whole 95 % interval of the difference, taken picture by picture, lies above 0. Mass and not enrichment,
    whose mean log2 puts a penalty on scattered maps such as the random one.
    """
    return tuple(name for name in REFERENCES if (figures.minus[name]["mass"].low or 0.0) > 0.0)


def surely_below(figures: GroupFigures) -> tuple[str, ...]:
    """Return the references that surely exceed the map in mass on evidence."""
    return tuple(name for name in REFERENCES if (figures.minus[name]["mass"].high or 0.0) < 0.0)


def _unbroken(title: str) -> str:
    """Keep ``block 3`` on one line."""
    first, comma, rest = title.partition(", ")
    return first + comma + rest.replace(" ", "\u00a0")


def _value(metric: str, found: Estimate) -> str:
    """Return the mean and its interval, which breaks from it as a whole where the column is narrow."""
    mean, bracket, ends = metric_value(metric, found).partition(" (")
    return f'{mean} <span class="fl-ends">({ends}</span>' if bracket else mean


def _mark(axis: Axis, name: str, metric: str, found: Estimate) -> str:
    if found.mean is None:
        return ""
    words = f"{REFERENCE_TITLES[name]}: {metric_value(metric, found)}"
    return (
        f'<i class="fl-mark fl-mark-{name}" style="left:{axis.at(found.mean):.2f}%" title="{escape(words)}">'
        f"{MARKS[name]}</i>"
    )


def _strip(axis: Axis, metric: str, found: Estimate, references: dict[str, Estimate]) -> str:
    lines = "".join(
        f'<i class="fl-tick{" fl-even" if at == 0.0 else ""}" style="left:{axis.at(at):.2f}%"></i>'
        for at, _ in axis.ticks
    )
    marks = "".join(_mark(axis, name, metric, estimate) for name, estimate in references.items())
    own = ""
    if found.mean is not None:
        if found.low is not None and found.high is not None:
            left, right = axis.at(found.low), axis.at(found.high)
            own = f'<i class="fl-whisker" style="left:{left:.2f}%;width:{right - left:.2f}%"></i>'
        own += f'<i class="fl-point" style="left:{axis.at(found.mean):.2f}%"></i>'
    return f'<div class="fl-strip">{lines}{marks}{own}</div>'


def _beaten(figures: GroupFigures) -> str:
    above, below = surely_above(figures), surely_below(figures)
    return "".join(
        f'<span class="fl-than{"" if name in above else " fl-not"}" title="'
        + (
            f"surely more mass on evidence than {REFERENCE_TITLES[name]}"
            if name in above
            else f"surely less mass on evidence than {REFERENCE_TITLES[name]}"
            if name in below
            else f"not told apart from {REFERENCE_TITLES[name]}"
        )
        + f'">{"more" if name in above else "less" if name in below else "unsure"}</span>'
        for name in REFERENCES
    )


def _first(report: EvidenceReport, row: MapFigures) -> str:
    """Return a tag that says which faces a map was computed for, where that is not all."""
    if row.pictures == report.pictures:
        return ""
    words = f"computed for the first {row.pictures:,} of {report.pictures:,} faces; the references beside it, too"
    return f'<span class="fl-tag" title="{words}">first {row.pictures:,}</span>'


def league_table(report: EvidenceReport, metric: str, group: str) -> str:
    """Return the league as an HTML table, best first.

    Args:
        report: of one model and variant.
        metric: what the rows are drawn and ordered by.
        group: which pictures; a key of the rows' ``groups``.
    """
    axis = metric_axis(report, metric, group)
    rows = []
    for row in ranked(report, metric, group):
        figures = row.groups[group]
        found = figures.figures[metric]
        own = {name: report.reference(name, row).groups[group].figures[metric] for name in MARKS}
        empty = f'<span class="fl-tag" title="maps without positive mass">{figures.empty:,} empty</span>'
        rows.append(
            f"<tr><th scope='row'>{escape(_unbroken(source_title(row.source)))}"
            f'<span class="fl-tag fl-wide">{grid(row.source.grid)}</span></th>'
            f"<td class='fl-axis'>{_strip(axis, metric, found, own)}</td>"
            f"<td class='fl-number'>{_value(metric, found)}</td>"
            f"<td class='fl-beaten'>{_beaten(figures)}</td>"
            f"<td class='fl-number'>{found.n:,}{_first(report, row)}{empty if figures.empty else ''}</td></tr>"
        )
    unit = "" if metric == "enrichment" else " %"
    every = 1 + (len(axis.ticks) - 1) // 6  # many doublings: a label at every second or third, 1× always among them
    even = next((number for number, (at, _) in enumerate(axis.ticks) if at == 0.0), 0)
    ticks = "".join(
        f'<i style="left:{axis.at(at):.2f}%">{words}{unit}</i>'
        for number, (at, words) in enumerate(axis.ticks)
        if (number - even) % every == 0
    )
    surely = opener("interval", "95\u00a0%")
    names = "".join(f'<span class="fl-than">{name}</span>' for name in REFERENCES)
    return (
        f'<table class="fl-table fl-league"><thead><tr><th>map</th>'
        f'<th class="fl-axis"><div class="fl-ticks">{ticks}</div></th>'
        f'<th class="fl-number">{opener(METRIC_KEYS[metric], METRIC_TITLES[metric])} ({surely})</th>'
        f'<th class="fl-beaten">mass on evidence, against<div>{names}</div></th>'
        f'<th class="fl-number" title="faces with evidence and a map that claims a place">n</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>{_key()}"
    )


def _key() -> str:
    """Return the key of the marks."""
    marks = "".join(f"<span><i>{MARKS[name]}</i> {marked(REFERENCE_TITLES[name])}</span>" for name in MARKS)
    return (
        f'<div class="fl-key"><span><i class="fl-point"></i> the map, its bar the 95 % interval</span>{marks}'
        "<span>— each on the map’s own grid, over the same faces</span></div>"
        '<div class="fl-quiet">More, less, unsure: the mass on evidence compared face by face, by whether the 95 % '
        "interval of the difference leaves zero out. In mass, because the average of log2 punishes a map that misses a "
        "few faces entirely.</div>"
    )

"""What may be concluded from an evidence report, in plain words; what may not is said as well."""

from __future__ import annotations

from typing import Final

from dashboard.views.evidence.figures.league import ranked, surely_above, surely_below
from dashboard.views.evidence.figures.numbers import (
    REFERENCE_TITLES,
    joined,
    metric_value,
    source_in_words,
    sources_in_words,
)
from engine.evidence.report import EvidenceReport, GroupFigures
from engine.statistics.maps import REFERENCES

GROUP_WORDS: Final[dict[str, str]] = {
    "all": "",
    "right": " answered rightly",
    "wrong": " answered wrongly",
    "fooled": " answered with the planted mark’s class",
}

DECIDES: Final = 0.5
"""Share of the pictures with another class's mark that are answered with it, from which the mark is said to decide."""

CHANCE: Final = 1 / 7
"""Share of its mistakes that a model blind to the mark makes towards the mark's class: marks are drawn from seven."""


def read_counts(report: EvidenceReport) -> str:
    """Say how many pictures were scored, answered rightly and left out."""
    share = f" ({100 * report.right / report.scored:.0f} %)" if report.scored else ""
    text = (
        f"{report.pictures:,} built-in faces of the {report.split} split; {report.scored:,} have evidence to be judged "
        f"by, {report.right:,} of these were answered rightly{share}."
    )
    if report.excluded:
        what = joined([f"{count:,} {name}" for name, count in report.excluded.items()])
        text += f" Left out for want of evidence: {what}."
    return text


def read_shorter(report: EvidenceReport) -> str:
    """Say which maps were computed for fewer faces than the others, and what that means; empty where none was."""
    if not report.shorter:
        return ""
    parts = []
    for pictures in sorted({row.pictures for row in report.shorter}):
        sources = [row.source for row in report.shorter if row.pictures == pictures]
        names = sources_in_words(sources, [row.source for row in report.maps])
        parts.append(f"{names} for the first {pictures:,}")
    listed = joined(parts)
    return (
        f"{listed[0].upper()}{listed[1:]} of {report.pictures:,} faces only, being slow: see n. Each map is compared "
        "with the references over exactly its own faces; two maps of different faces are told apart by their intervals "
        "alone."
    )


def read_best(report: EvidenceReport, group: str) -> str:
    """Say what the map with the greatest enrichment reaches, and what it surely exceeds."""
    best = ranked(report, "enrichment", group)[0]
    figures = best.groups[group]
    found = figures.figures["enrichment"]
    if found.mean is None:
        return f"No picture{GROUP_WORDS[group]} has a map to be judged: nothing can be concluded here."
    name = source_in_words(best.source)
    thing = "the planted mark" if report.variant == "spurious" else "the true evidence"
    factor, _, interval = metric_value("enrichment", found).partition("×")
    sure = f"95 %: {interval.strip(' ()')}; " if interval else ""
    return (
        f"{name[0].upper()}{name[1:]} comes first: it puts {factor} times as much mass on {thing} as an even map would "
        f"({sure}n = {found.n:,}{GROUP_WORDS[group]}). {_compared(figures)}"
    )


def _compared(figures: GroupFigures) -> str:
    above, below = surely_above(figures), surely_below(figures)
    unsure = [name for name in REFERENCES if name not in above and name not in below]
    parts = []
    if above:
        parts.append(f"surely more than {joined([REFERENCE_TITLES[name] for name in above])}")
    if below:
        parts.append(f"surely less than {joined([REFERENCE_TITLES[name] for name in below])}")
    if unsure:
        parts.append(f"not to be told from {joined([REFERENCE_TITLES[name] for name in unsure], 'or')}")
    return f"That is {joined(parts, 'but' if above else 'and')}."


def read_failures(report: EvidenceReport, group: str) -> tuple[str, ...]:
    """Say for the centre prior and the edge map which maps do not surely exceed them; a sentence each.

    These two know nothing of the model, so a map that does not exceed them is no sign that the model was read.
    """
    judged = [row for row in report.maps if row.groups[group].figures["mass"].mean is not None]
    sentences = []
    for reference, why in (("centre", "pointing at the middle"), ("edges", "tracing the picture’s edges")):
        failing = [row for row in judged if reference not in surely_above(row.groups[group])]
        if not failing:
            if judged:
                sentences.append(f"Every map here surely beats {REFERENCE_TITLES[reference]}.")
        elif len(failing) == len(judged):
            sentences.append(
                f"No map here surely beats {REFERENCE_TITLES[reference]}: {why}, without any model, does as well or "
                "better."
            )
        else:
            names = sources_in_words([row.source for row in failing], [row.source for row in report.maps])
            verb = "does" if len(failing) == 1 else "do"
            sentences.append(f"{names[0].upper()}{names[1:]} {verb} not surely beat {REFERENCE_TITLES[reference]}.")
    return tuple(sentences)


def read_cue(report: EvidenceReport) -> str:
    """Say whether the answers follow the planted mark, and what that means for the figures; empty without a mark."""
    if report.cue is None or report.cue.differs == 0:
        return ""
    share = report.cue.followed / report.cue.differs
    chance = CHANCE * (report.scored - report.right)
    said = (
        f"{report.cue.followed:,} of {report.cue.differs:,} pictures with another class’s mark were answered with the "
        f"mark’s class ({100 * share:.0f} %; by chance about {chance:,.0f})."
    )
    if share >= DECIDES:
        return f"The mark decides: {said} A map that does not show it hides what the model used."
    if report.cue.followed > 2 * chance:
        return f"The mark counts for something: {said} Judge the maps on the “fooled” pictures, where it decided."
    return (
        f"The mark is not what decides here: {said} So these figures are a comparison only: a map that passes the mark "
        "by is right to do so, and one that shows it may be drawn to contrast."
    )

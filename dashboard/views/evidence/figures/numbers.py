"""Every figure of an evidence report as rows of a table, intervals and references included.

Names and numbers of the evidence benchmark as the page writes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dashboard.report.text import layer_title
from engine.evidence.report import EvidenceReport, MapSource
from engine.evidence.scores import METRICS
from engine.statistics.intervals import Estimate

METRIC_TITLES: Final[dict[str, str]] = {
    "enrichment": "denser on evidence (enrichment)",
    "mass": "share on evidence (mass)",
    "hit": "strongest place hits (hit rate)",
    "off_face": "share off the face (mass)",
}
"""The metrics in the order of the page's menu."""

METRIC_WORDS: Final[dict[str, str]] = {
    "enrichment": "How many times as dense the map is on evidence as an even map would be; 1× is even.",
    "mass": "The share of the map’s positive mass that lies on evidence.",
    "hit": "How often the map’s largest cell lies on evidence, judged on the map’s own grid.",
    "off_face": "The share of the map’s positive mass that lies on hair or background. Lower is better.",
}

REFERENCE_TITLES: Final[dict[str, str]] = {
    "random": "a random map",
    "centre": "a spot in the middle (centre prior)",
    "edges": "an edge map",
    "ceiling": "the best this grid allows",
}
"""The references in a sentence."""

METRIC_KEYS: Final[dict[str, str]] = {
    "enrichment": "enrichment",
    "mass": "evidence_mass",
    "hit": "hit",
    "off_face": "off_face",
}
"""Metric → its key in the glossary."""

LOWER_IS_BETTER: Final[frozenset[str]] = frozenset({"off_face"})


def method_title(name: str) -> str:
    """Return a method's name for people; one that this version does not know keeps its own."""
    from engine.explain.methods.registry import METHODS  # brings torch: not before it is needed

    return METHODS[name].title if name in METHODS else name


def source_title(source: MapSource) -> str:
    """Return ``Grad-CAM, block 3``, ``Spatial gate, block 3`` or the reference's name."""
    if source.kind == "reference":
        return REFERENCE_TITLES.get(source.name, source.name)
    if source.kind == "gate":
        return f"{source.name.capitalize()} gate, {layer_title(source.layer)}"
    return ", ".join(filter(None, (method_title(source.name), layer_title(source.layer))))


def source_in_words(source: MapSource) -> str:
    """Return ``Grad-CAM at block 3`` or ``the spatial gate of block 3``, for a sentence."""
    if source.kind == "gate":
        return f"the {source.name} gate of {layer_title(source.layer)}"
    return " at ".join(filter(None, (method_title(source.name), layer_title(source.layer))))


def sources_in_words(chosen: Sequence[MapSource], everything: Sequence[MapSource]) -> str:
    """Return several maps as a person would list them: ``Grad-CAM at blocks 1 and 2 and every spatial gate``.

    Args:
        chosen: the maps to name, one or more.
        everything: all maps of the report, to tell where all of a kind are meant.
    """
    parts = []
    for kind, name in dict.fromkeys((source.kind, source.name) for source in chosen):
        own = [source for source in chosen if (source.kind, source.name) == (kind, name)]
        whole = sum((source.kind, source.name) == (kind, name) for source in everything)
        title = f"{name} gate" if kind == "gate" else method_title(name)
        if len(own) == 1:
            parts.append(source_in_words(own[0]))
        elif len(own) == whole:
            parts.append(f"every {title}" if kind == "gate" else f"{title} at every layer")
        else:
            titles = [layer_title(source.layer) for source in own]
            heads = {words.rpartition(" ")[0] for words in titles}
            if len(heads) == 1 and "" not in heads:
                where = f"{heads.pop()}s {joined([words.rpartition(' ')[2] for words in titles])}"
            else:
                where = joined(titles)
            parts.append(f"the {title}s of {where}" if kind == "gate" else f"{title} at {where}")
    return joined(parts, "as well as") if len(parts) == 2 else joined(parts)


def joined(words: list[str], last: str = "and") -> str:
    """Return ``a``, ``a and b`` or ``a, b and c``."""
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def _times(value: float, decimals: int) -> str:
    return f"{2.0**value:.{decimals}f}"


def metric_value(metric: str, estimate: Estimate) -> str:
    """Return a mean with its interval and no more digits than that supports; a dash where no picture has a value.

    ``2.1× (1.9–2.3)`` for enrichment, whose log2 is turned back into a factor; ``45 % (38–52)`` for shares.
    """
    mean, low, high = estimate.mean, estimate.low, estimate.high
    if mean is None:
        return "–"
    if metric == "enrichment":
        wide = low is None or high is None or 2.0**high - 2.0**low > 0.1
        digits = 1 if wide else 2
        text = f"{_times(mean, digits)}×"
        return text if low is None or high is None else f"{text} ({_times(low, digits)}–{_times(high, digits)})"
    wide = low is None or high is None or high - low > 0.02
    digits = 0 if wide else 1
    text = f"{100 * mean:.{digits}f} %"
    return text if low is None or high is None else f"{text} ({100 * low:.{digits}f}–{100 * high:.{digits}f})"


NumberRow = dict[str, str | int | float | None]


def number_rows(report: EvidenceReport, group: str) -> list[NumberRow]:
    """Return a row for each map, then for each reference: its source, faces, n, and mean, low and high of each metric.

    Enrichment stays a log2 here, as it was measured and averaged.
    """
    rows: list[NumberRow] = []
    for row in (*report.maps, *report.references):
        figures = row.groups[group]
        source = row.source
        numbers: NumberRow = {
            "map": method_title(source.name) if source.kind == "method" else source.name,
            "kind": source.kind,
            "layer": source.layer or None,
            "grid": f"{source.grid[0]}x{source.grid[1]}",
            "of the first": row.pictures,
            "n": figures.pictures - figures.empty,
            "empty": figures.empty,
        }
        for metric in METRICS:
            found = figures.figures[metric]
            name = "log2 enrichment" if metric == "enrichment" else metric.replace("_", " ")
            numbers |= {name: found.mean, f"{name} low": found.low, f"{name} high": found.high}
        rows.append(numbers)
    return rows

"""Every figure of an evidence report as rows of a table, intervals and references included."""

from __future__ import annotations

from dashboard.figures.evidence_text import method_title
from engine.evidence.report import EvidenceReport
from engine.evidence.scores import METRICS

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

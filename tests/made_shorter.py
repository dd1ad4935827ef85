"""A report in which one map was computed for fewer faces than the others."""

from __future__ import annotations

from dataclasses import replace

from engine.evidence.report import EvidenceReport, MapFigures
from tests.made_evidence import make_report

FIRST = 14


def make_shorter() -> EvidenceReport:
    """The usual report, whose second map has the first 14 of 42 faces, as have references of its grid."""
    report = make_report()
    sizes = {"all": 12, "right": 9, "wrong": 3}

    def shortened(row: MapFigures, **values: float) -> MapFigures:
        groups = {
            name: replace(
                figures,
                pictures=sizes[name],
                empty=0,
                figures={metric: replace(found, n=sizes[name], **values) for metric, found in figures.figures.items()},
            )
            for name, figures in row.groups.items()
        }
        return replace(row, groups=groups, pictures=FIRST)

    maps = list(report.maps)
    maps[1] = shortened(maps[1])
    # Other figures than over all faces, to see which are shown.
    beside = [
        shortened(row, mean=0.5, low=0.4, high=0.6)
        for row in report.references
        if row.source.grid == maps[1].source.grid
    ]
    return replace(report, maps=tuple(maps), references=(*report.references, *beside))

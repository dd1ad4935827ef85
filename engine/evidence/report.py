"""Figures of every map against known evidence, with intervals: from the scores of single pictures to the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np

from engine.evidence.pictures import VARIANTS
from engine.evidence.scores import METRICS, Bool, EvidenceScores
from engine.statistics.intervals import LEVEL, RESAMPLES, Estimate, bootstrap_means
from engine.statistics.maps import REFERENCES, Float64

GROUPS: Final[dict[str, str]] = {
    "all": "every scored picture",
    "right": "pictures answered rightly",
    "wrong": "pictures answered wrongly",
    "fooled": "pictures answered with the planted mark's class, which is not theirs (variant spurious)",
}
"""Which pictures a figure is taken over; ``fooled`` is where the mark is known to have decided."""

CEILING: Final = "ceiling"
"""Name of the map that marks the cells with most evidence; nothing on its grid has a greater hit, mass, enrichment."""

CEILING_TITLE: Final = "the cells with most evidence: the most that this grid allows (off_face is no bound)"


@dataclass(frozen=True)
class MapSource:
    """Where a kind of map comes from.

    Attributes:
        kind: ``method`` (explains the model's own answer), ``gate`` (a spatial gate, the same for every class) or
            ``reference`` (knows nothing of the model).
        name: the method's, the gate's kind or the reference's name.
        layer: the layer or tap; empty for a reference, and for a method that needs no layer.
        grid: native (h, w).
    """

    kind: Literal["method", "gate", "reference"]
    name: str
    layer: str
    grid: tuple[int, int]


Figures = dict[str, Estimate]
"""Estimates by the names in METRICS."""


@dataclass(frozen=True)
class GroupFigures:
    """What one kind of map reaches over one group of pictures.

    Attributes:
        pictures: how many pictures the group has.
        empty: for how many of them the map claims no place; these are in none of the figures.
        figures: mean and interval of each metric.
        minus: for each reference, the mean paired difference (map minus reference, picture by picture) of each metric.
    """

    pictures: int
    empty: int
    figures: Figures
    minus: dict[str, Figures]

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "pictures": self.pictures,
            "empty": self.empty,
            **{metric: estimate.as_dict() for metric, estimate in self.figures.items()},
            "minus": {
                name: {metric: estimate.as_dict() for metric, estimate in figures.items()}
                for name, figures in self.minus.items()
            },
        }


@dataclass(frozen=True)
class MapFigures:
    """What one kind of map reaches.

    Attributes:
        source: the map's.
        groups: group of GROUPS → figures.
        pictures: it was computed for the first so many of the split; those of them with evidence are in the groups.
    """

    source: MapSource
    groups: dict[str, GroupFigures]
    pictures: int

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "kind": self.source.kind,
            "name": self.source.name,
            "layer": self.source.layer,
            "grid": list(self.source.grid),
            "pictures": self.pictures,
            "groups": {name: figures.as_dict() for name, figures in self.groups.items()},
        }


@dataclass(frozen=True)
class CueAnswers:
    """How far the answers follow the planted mark.

    Attributes:
        differs: pictures whose mark is of another class than their label.
        followed: how many of these were answered with the mark's class. A model that does not see the mark lands there
            by chance only: about a sixth of its mistakes.
    """

    differs: int
    followed: int


@dataclass(frozen=True)
class EvidenceReport:
    """The planted-evidence benchmark of one model.

    Attributes:
        weights_sha256: of the model that was measured, so that results of retrained weights are noticed.
        pictures: how many were drawn; scored: how many have evidence; right: how many of those were answered rightly.
            A map may have been computed for fewer, the first of them: see :class:`MapFigures`.
        excluded: class → pictures without evidence (every neutral face; a face whose evidence is covered).
        maps: every method at every explained layer (once, with layer "", where it needs none), then every spatial gate.
        references: each reference, and the ceiling, on every grid and over every number of pictures that occurs.
        refused: method → why this model cannot be explained so, for those that were asked for.
        not_scored: gates without a map over the picture (channel gates).
        cue: None unless the variant is ``spurious``.
    """

    model: str
    weights_sha256: str
    split: str
    variant: str
    seed: int
    classes: tuple[str, ...]
    pictures: int
    scored: int
    right: int
    excluded: dict[str, int]
    maps: tuple[MapFigures, ...]
    references: tuple[MapFigures, ...]
    not_scored: tuple[str, ...]
    cue: CueAnswers | None
    refused: dict[str, str] = field(default_factory=dict)

    @cached_property
    def _references(self) -> dict[tuple[str, tuple[int, int], int], MapFigures]:
        return {(row.source.name, row.source.grid, row.pictures): row for row in self.references}

    def reference(self, name: str, row: MapFigures) -> MapFigures:
        """Return what a reference (or the ceiling) reaches on the grid of a map, over exactly the map's pictures."""
        return self._references[name, row.source.grid, row.pictures]

    @property
    def shorter(self) -> tuple[MapFigures, ...]:
        """The maps that were computed for fewer pictures than were drawn."""
        return tuple(row for row in self.maps if row.pictures < self.pictures)

    def as_dict(self) -> dict[str, Any]:
        """Return the document that ``python -m engine benchmark evidence --json`` prints."""
        return {
            "benchmark": "evidence",
            "model": self.model,
            "weights_sha256": self.weights_sha256,
            "dataset": "synthetic",
            "split": self.split,
            "variant": self.variant,
            "evidence": VARIANTS[self.variant],
            "target": "the predicted class",
            "seed": self.seed,
            "resamples": RESAMPLES,
            "level": LEVEL,
            "classes": list(self.classes),
            "pictures": self.pictures,
            "scored": self.scored,
            "right": self.right,
            "wrong": self.scored - self.right,
            "excluded": self.excluded,
            "cue": None if self.cue is None else {"differs": self.cue.differs, "followed": self.cue.followed},
            "metrics": METRICS,
            "groups": {name: words for name, words in GROUPS.items() if name != "fooled" or self.cue is not None},
            "maps": [figures.as_dict() for figures in self.maps],
            "refused": self.refused,
            "not_scored": list(self.not_scored),
            "reference_titles": {**REFERENCES, CEILING: CEILING_TITLE},
            "references": [figures.as_dict() for figures in self.references],
        }


def summarise(
    scores: Mapping[MapSource, EvidenceScores], groups: Mapping[str, Bool], *, pictures: int, seed: int = 0
) -> tuple[MapFigures, ...]:
    """Average the scores of N pictures over each group, with intervals and paired differences.

    Every map here has scores of the same N pictures; maps of other pictures are summarised by themselves.

    Args:
        scores: the scores (N,) of every kind of map. For each grid of a method or gate they hold every reference of
            REFERENCES on that grid, which it is compared with.
        groups: group → (N,) bool, which pictures it takes.
        pictures: how many were drawn, those without evidence included.
        seed: of the bootstrap.

    Returns:
        One record for each kind of map, in the order of ``scores``.
    """
    tables = {source: found.table() for source, found in scores.items()}
    columns: list[tuple[MapSource, str]] = []
    blocks: list[Float64] = []
    for source, table in tables.items():
        columns.append((source, ""))
        blocks.append(table)
        if source.kind == "reference":
            continue
        for name in REFERENCES:
            columns.append((source, name))
            blocks.append(table - tables[MapSource("reference", name, "", source.grid)])
    everything = np.concatenate(blocks, axis=1)
    width = len(METRICS)
    rows: dict[MapSource, dict[str, GroupFigures]] = {source: {} for source in scores}
    for group, taken in groups.items():
        estimates = bootstrap_means(everything[taken], seed=seed)  # one resampling of the pictures for every column
        found: dict[tuple[MapSource, str], Figures] = {
            key: dict(zip(METRICS, estimates[at * width : (at + 1) * width], strict=True))
            for at, key in enumerate(columns)
        }
        for source, result in scores.items():
            rows[source][group] = GroupFigures(
                pictures=int(taken.sum()),
                empty=int(result.empty[taken].sum()),
                figures=found[source, ""],
                minus={name: found[source, name] for name in REFERENCES if (source, name) in found},
            )
    return tuple(MapFigures(source, figures, pictures) for source, figures in rows.items())

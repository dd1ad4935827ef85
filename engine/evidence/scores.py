"""How well a map agrees with evidence that is known: hit, mass, enrichment, and mass off the face.

A map is judged on its native grid (h, w), never enlarged: a 6x6 map must not be credited with edges it does not have.
The mask, which lies at picture resolution (S, S), comes to the map's grid instead: a cell's *cover* is the share of the
cell's area that is evidence, computed exactly also where S is no multiple of h or w.

Let p be the map's positive part: where a map is signed, its negative values speak against the class and claim no place,
so they count as 0. Let c be the cover. Then

- ``hit``: the mean of c over the cells where p is largest. One largest cell: the share of that cell which is evidence.
  Ties share alike, so that a flat map gets what a blind guess gets: the evidence's share of the picture.
- ``mass``: sum(p c) / sum(p), the share of the map's mass that lies on evidence; mass is even within a cell.
- ``enrichment``: log2(mass / area), area being the evidence's share of the picture. 0: no better than spreading evenly;
  1: twice as dense on evidence; never above log2(1 / area). A map with no mass on evidence would get minus infinity,
  which no mean survives: everything below :data:`ENRICHMENT_FLOOR` counts as that floor.
- ``off_face``: sum(p (1 - f)) / sum(p), f being the cover of the face; 0 is best.

A map whose p is 0 everywhere (all zero or all negative) claims no place: it is *empty*, its figures are NaN, and it is
counted apart instead of being called a miss.

Worked example: a 4x4 picture whose evidence is the two upper rows of the three left columns (area 6/16 = 0.375), and a
2x2 map [[2, 2], [0, -5]]. The cover is [[1, 0.5], [0, 0]]. p = [[2, 2], [0, 0]] has its maximum in the two upper cells:
hit = (1 + 0.5) / 2 = 0.75. mass = (2 x 1 + 2 x 0.5) / 4 = 0.75. enrichment = log2(0.75 / 0.375) = 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.statistics.maps import Float64, area_average

Bool = NDArray[np.bool_]

METRICS: Final[dict[str, str]] = {
    "hit": "share of the map's largest cell (ties: of its largest cells) that is evidence, 0 to 1",
    "mass": "share of the map's positive mass that lies on evidence, 0 to 1",
    "enrichment": "log2 of that share over the evidence's share of the picture; 0 is no better than even, floor -6",
    "off_face": "share of the map's positive mass that lies off the face, 0 to 1; lower is better",
}
"""The figures of one map, in the order of :meth:`EvidenceScores.table`, each with a sentence for people."""

ENRICHMENT_FLOOR: Final = -6.0
"""The lowest enrichment that is told apart: mass at 1/64 of what an even map has."""


@dataclass(frozen=True, eq=False)
class Ground:
    """What is known about N pictures, on one grid.

    Attributes:
        evidence: (N, h, w) float64 in [0, 1], the share of each cell that is evidence.
        face: (N, h, w) float64 in [0, 1], the share of each cell that is face.
    """

    evidence: Float64
    face: Float64

    def __post_init__(self) -> None:
        if self.evidence.ndim != 3 or self.evidence.shape != self.face.shape:
            raise ValueError(
                f"expected two arrays (N, h, w) of one shape, got {self.evidence.shape} and {self.face.shape}"
            )
        if not (self.evidence.sum(axis=(1, 2)) > 0).all():
            raise ValueError("expected evidence in every picture, got one without; leave such pictures out")

    @classmethod
    def on_grid(cls, evidence: Bool, face: Bool, grid: tuple[int, int]) -> Ground:
        """Bring masks (N, S, S) bool to ``grid`` = (h, w)."""
        return cls(area_average(evidence, grid), area_average(face, grid))


@dataclass(frozen=True, eq=False)
class EvidenceScores:
    """The figures of N maps, one a picture; see the module for what each means.

    Attributes:
        hit, mass, off_face: (N,) float64 in [0, 1], NaN where the map is empty.
        enrichment: (N,) float64, from ENRICHMENT_FLOOR to log2(1 / area), NaN where the map is empty.
        empty: (N,) bool, maps without positive mass.
    """

    hit: Float64
    mass: Float64
    enrichment: Float64
    off_face: Float64
    empty: Bool

    def table(self) -> Float64:
        """Return (N, 4) float64, the columns in the order of METRICS."""
        return np.stack([self.hit, self.mass, self.enrichment, self.off_face], axis=1)

    @classmethod
    def join(cls, parts: list[EvidenceScores]) -> EvidenceScores:
        """Return the scores of several batches in a row."""
        names = ("hit", "mass", "enrichment", "off_face", "empty")
        return cls(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def score_maps(maps: NDArray[np.floating], ground: Ground) -> EvidenceScores:
    """Judge N maps (N, h, w), any sign, against what is known on the same grid.

    Raises:
        ValueError: the grids differ, or a map holds NaN or infinity.
    """
    if maps.shape != ground.evidence.shape:
        raise ValueError(f"expected maps {ground.evidence.shape}, got {maps.shape}")
    if not np.isfinite(maps).all():
        raise ValueError("expected finite maps, got NaN or infinity")
    axes = (1, 2)
    positive = np.maximum(maps.astype(np.float64), 0.0)
    peak = positive.max(axis=axes, keepdims=True)
    empty = peak[:, 0, 0] <= 0.0
    share = positive / np.where(peak > 0.0, peak, 1.0)  # by the peak first, so that tiny maps do not underflow
    total = np.where(empty, np.nan, share.sum(axis=axes))
    largest = (positive == peak).astype(np.float64)
    hit = (largest * ground.evidence).sum(axis=axes) / largest.sum(axis=axes)
    mass = (share * ground.evidence).sum(axis=axes) / total
    off_face = (share * (1.0 - ground.face)).sum(axis=axes) / total
    area = ground.evidence.mean(axis=axes)
    return EvidenceScores(
        hit=np.where(empty, np.nan, hit),
        mass=np.clip(mass, 0.0, 1.0),  # a sum of shares may be 1 + 2e-16
        enrichment=enrichment_of(mass, area),
        off_face=np.clip(off_face, 0.0, 1.0),
        empty=empty,
    )


def enrichment_of(mass: Float64, area: Float64) -> Float64:
    """Return log2(mass / area), at least ENRICHMENT_FLOOR, (N,); NaN where the mass is.

    Args:
        mass: (N,) in [0, 1] or NaN.
        area: (N,) in (0, 1], the evidence's share of each picture.
    """
    return np.asarray(np.log2(np.maximum(mass / area, 2.0**ENRICHMENT_FLOOR)))


def best_cells(ground: Ground) -> Float64:
    """Return (N, h, w) float64: 1 where the cover is largest, else 0.

    No map on this grid has a greater hit, mass or enrichment: it is the ceiling that a coarse grid puts on all of them.
    """
    evidence = ground.evidence
    return np.asarray((evidence == evidence.max(axis=(1, 2), keepdims=True)).astype(np.float64))

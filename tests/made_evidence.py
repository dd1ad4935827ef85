"""Evidence reports whose figures are known by hand, and their files as a checkpoint ships them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from engine.evidence.document import evidence_file
from engine.evidence.report import CEILING, CueAnswers, EvidenceReport, MapSource, summarise
from engine.evidence.scores import EvidenceScores
from engine.labels import EMOTIONS
from engine.statistics.maps import REFERENCES

COUNT = 40
AREA = 0.125
"""The evidence's share of every picture: mass .125 is even, .25 twice as dense."""
FINE, COARSE = (4, 4), (2, 2)

MASSES = {
    MapSource("method", "gradcam", "block1", FINE): 0.5,  # enrichment 2: beats all
    MapSource("method", "gradcam", "block2", COARSE): 0.125,  # even: beats random only
    MapSource("gate", "spatial", "block1.spatial", FINE): 0.3,  # beats random and centre
    MapSource("gate", "spatial", "block2.spatial", COARSE): 0.25,  # on a level with the centre
}
REFERENCE_MASSES = {"random": 0.1, "centre": 0.25, "edges": 0.35, CEILING: 1.0}


def _scores(mass: float, rng: np.random.Generator, *, empty: int = 0) -> EvidenceScores:
    """Scores about ``mass``, mirrored in pairs so that their mean is exactly it; the last ``empty`` maps are empty."""
    noise = rng.uniform(0, 0.02, COUNT // 2)
    masses = np.clip(mass + np.concatenate([noise, -noise]), 0, 1) if mass < 1 else np.ones(COUNT)
    none = np.arange(COUNT) >= COUNT - empty
    values = [np.full(COUNT, mass), masses, np.full(COUNT, np.log2(mass / AREA)), np.full(COUNT, 1 - mass)]
    return EvidenceScores(*(np.where(none, np.nan, column) for column in values), none)


def make_report(
    name: str = "cbam", variant: str = "plain", *, followed: int = 20, weights: str = "a" * 64
) -> EvidenceReport:
    """A report over 40 pictures (30 right, 10 wrong; spurious: 10 right), 2 left out; ``followed`` of 34 the mark."""
    rng = np.random.default_rng(0)
    scores = {source: _scores(mass, rng, empty=3 if source.layer == "block2" else 0) for source, mass in MASSES.items()}
    for grid in (FINE, COARSE):
        for reference in (*REFERENCES, CEILING):
            scores[MapSource("reference", reference, "", grid)] = _scores(REFERENCE_MASSES[reference], rng)
    at = np.arange(COUNT)
    right = at < (30 if variant == "plain" else 10)
    groups = {"all": at >= 0, "right": right, "wrong": ~right}
    cue = None
    if variant == "spurious":
        groups["fooled"] = at >= COUNT - followed
        cue = CueAnswers(differs=34, followed=followed)
    rows = summarise(scores, groups, pictures=COUNT + 2)
    return EvidenceReport(
        model=name,
        weights_sha256=weights,
        split="test",
        variant=variant,
        seed=0,
        classes=EMOTIONS,
        pictures=COUNT + 2,
        scored=COUNT,
        right=int(right.sum()),
        excluded={"neutral": 2},
        maps=rows[: len(MASSES)],
        references=rows[len(MASSES) :],
        not_scored=("block1.channel",),
        cue=cue,
    )


def write_report(folder: Path, report: EvidenceReport) -> Path:
    """Write ``report`` where the checkpoint ``folder`` ships it."""
    file = folder / evidence_file(report.variant)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(report.as_dict()), encoding="utf-8")
    return file

"""How two gates of a made model are used: figures that can be found again on a page."""

from __future__ import annotations

from collections.abc import Mapping

from engine.analysis.files.answer_shares import AnswerShares
from engine.analysis.files.gate_use import ALL, FIGURES, GateEffect, SplitGateUse
from engine.labels import EMOTIONS
from engine.records import GateKind
from engine.statistics.intervals import Estimate
from engine.trust.gate_record import ReplacementName

EACH = 5

LEVELS: Mapping[str, float] = {"block1.channel": 0.004, "block2.spatial": 0.2}
"""Gate → the distance that its mean makes; a permutation makes half of it, ones 0.9. Sad gives a tenth of it."""


def _estimate(mean: float, n: int, reach: float = 0.01) -> Estimate:
    return Estimate(mean, mean - reach * mean, mean + reach * mean, n)


def _effect(layer: str, replacement: ReplacementName, level: float, group: str) -> GateEffect:
    n = EACH * len(EMOTIONS) if group == ALL else EACH
    kind: GateKind = "channel" if layer.endswith("channel") else "spatial"
    factor = 0.1 if group == "sad" else 1.0
    figures = dict.fromkeys(FIGURES, _estimate(factor * level, n))
    figures["logit_change"] = Estimate(-2.0 * level, -2.5 * level, -1.5 * level, n)
    figures["accuracy_change"] = Estimate(-0.034, -0.06, 0.01, n)
    return GateEffect(layer, kind, replacement, 10 if replacement == "permuted" else 1, group, figures)


def make_use(
    model: str = "cbam", dataset: str = "synthetic", digest: str = "0" * 64, shares: AnswerShares | None = None
) -> SplitGateUse:
    groups = (ALL, *EMOTIONS)
    replacements: dict[ReplacementName, float] = {"mean": 1.0, "permuted": 0.5, "ones": 0.0}
    effects = tuple(
        _effect(layer, name, 0.9 if name == "ones" else factor * level, group)
        for layer, level in LEVELS.items()
        for name, factor in replacements.items()
        for group in groups
    )
    accuracy = {group: _estimate(0.6, EACH * len(EMOTIONS) if group == ALL else EACH) for group in groups}
    pictures = dict.fromkeys(EMOTIONS, EACH)
    return SplitGateUse(
        model, digest, dataset, "test", 3000, pictures, "predicted", 0, accuracy, effects, shares, seconds=1.0
    )

"""Attention gates of one map an emotion as cards (the kind ``emotion``, of a ``cmaen``)."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.map_card import MapCard
from engine.draw.overlay import display_ranges
from engine.records import AttentionGate


def emotion_cards(gate: AttentionGate, classes: Sequence[str], scale: str, *, chosen: str = "") -> tuple[MapCard, ...]:
    """Return a card for each of the K maps (h, w) of a gate (K, h, w), all on the same scale unless it is ``stretch``.

    Args:
        gate: of the kind ``emotion``.
        classes: K names.
        scale: one of :data:`engine.draw.overlay.SCALES`.
        chosen: the class whose card is marked.
    """
    if gate.kind != "emotion" or len(gate.weights) != len(classes):
        raise ValueError(f"expected an emotion gate of {len(classes)} maps, got {gate.kind} {gate.shape}")
    limits = display_ranges(list(gate.weights), scale)
    return tuple(
        MapCard(name, values, span, color=emotion_color(name), chosen=name == chosen)
        for name, values, span in zip(classes, gate.weights, limits, strict=True)
    )

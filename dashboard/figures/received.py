"""Attention between cells as cards: how much each place is looked at (see :mod:`engine.explain.received`)."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.report.text import gate_title
from dashboard.shared.figures.map_card import MapCard
from engine.draw.overlay import display_ranges
from engine.explain.received import received_map
from engine.records import AttentionGate, Float32


def received_maps(gates: Sequence[AttentionGate]) -> tuple[tuple[AttentionGate, Float32], ...]:
    """Return each ``cross`` gate with its map (h, w) float32 >= 0, mean 1; without those that ask no square grid."""
    found = ((gate, received_map(gate)) for gate in gates if gate.kind == "cross")
    return tuple((gate, values) for gate, values in found if values is not None)


def received_cards(gates: Sequence[AttentionGate], scale: str) -> tuple[MapCard, ...]:
    """Return a card for each of :func:`received_maps`; ``fixed`` is ``shared``, from 0 to the largest value shown."""
    maps = received_maps(gates)
    limits = display_ranges([values for _, values in maps], scale, natural=None)
    return tuple(
        MapCard(gate_title(gate.layer, gate.kind), values, span)
        for (gate, values), span in zip(maps, limits, strict=True)
    )

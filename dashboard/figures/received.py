"""Attention between cells as maps over the picture: what each place received of it.

A row of a ``cross`` gate says where one cell, or one head for one cell, looks. The mean over the rows says how much
each place is looked at; times the number of places, 1 is what it would be if all were looked at alike.
"""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.figures.compare_rows import gate_map, gate_title
from dashboard.figures.map_card import MapCard
from engine.explain.overlay import display_ranges
from engine.records import AttentionGate, Float32


def received_maps(gates: Sequence[AttentionGate]) -> tuple[tuple[AttentionGate, Float32], ...]:
    """Return each ``cross`` gate with its map (h, w) float32 >= 0, mean 1; without those that ask no square grid."""
    found = ((gate, gate_map(gate, 0)) for gate in gates if gate.kind == "cross")
    return tuple((gate, values) for gate, values in found if values is not None)


def received_cards(gates: Sequence[AttentionGate], scale: str) -> tuple[MapCard, ...]:
    """Return a card for each of :func:`received_maps`; ``fixed`` is ``shared``, from 0 to the largest value shown."""
    maps = received_maps(gates)
    limits = display_ranges([values for _, values in maps], scale, natural=None)
    return tuple(MapCard(gate_title(gate), values, span) for (gate, values), span in zip(maps, limits, strict=True))

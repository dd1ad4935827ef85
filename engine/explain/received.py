"""Attention between cells as one map: how much each place of the picture is looked at."""

from __future__ import annotations

import math

import numpy as np

from engine.records import AttentionGate, Float32


def received_map(gate: AttentionGate) -> Float32 | None:
    """Return what each place receives of a ``cross`` gate: (h, w) float32 >= 0, mean 1.

    A row says where one cell, or one head for one cell, looks. The mean over the rows, times the number of places, is 1
    where a place is looked at as much as if all were looked at alike. None: the places are no square grid.
    """
    if gate.kind != "cross":
        raise ValueError(f"expected a cross gate, got the {gate.kind} gate {gate.layer}")
    received = gate.weights.mean(axis=0) * gate.weights.shape[1]
    side = math.isqrt(len(received))
    return received.reshape(side, side).astype(np.float32) if side * side == len(received) else None

"""A channel gate as a picture: it has no place on the face, so its ranked weights are drawn as columns."""

from __future__ import annotations

import numpy as np

from engine.records import AttentionGate, UInt8

WIDTH, HEIGHT = 512, 128
INK, PAPER, GRID = (43, 58, 85), (253, 252, 250), (214, 208, 198)


def draw_channel_gate(gate: AttentionGate) -> UInt8:
    """Draw the weights from largest to smallest on a fixed 0-1 scale: (128, 512, 3) uint8 RGB.

    The floor is 0, the top 1, the thin line 0.5, where a sigmoid gate that has learnt nothing stays.

    Raises:
        ValueError: the gate is not a channel gate.
    """
    if gate.kind != "channel":
        raise ValueError(f"expected a channel gate, got the {gate.kind} gate {gate.layer}")
    ranked = np.sort(gate.weights)[::-1]
    column = ranked[np.arange(WIDTH) * len(ranked) // WIDTH]
    heights = np.clip(np.rint(column * HEIGHT), 0, HEIGHT).astype(np.intp)
    rows = HEIGHT - 1 - np.arange(HEIGHT)
    filled = rows[:, None] < heights[None, :]
    picture = np.where(filled[..., None], np.array(INK, np.uint8), np.array(PAPER, np.uint8)).astype(np.uint8)
    picture[HEIGHT // 2] = GRID
    return picture

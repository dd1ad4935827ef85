from __future__ import annotations

import numpy as np
import pytest

from engine.explain.channel_strip import HEIGHT, INK, WIDTH, draw_channel_gate
from engine.records import AttentionGate


def heights(picture: np.ndarray) -> np.ndarray:
    ink = (picture == np.array(INK, np.uint8)).all(axis=2)
    ink[HEIGHT // 2] = ink[HEIGHT // 2 - 1]  # the 0.5 line lies over the columns
    return ink.sum(axis=0)


def test_columns_are_ranked_and_as_high_as_the_weights() -> None:
    gate = AttentionGate("block1.channel", "channel", np.array([0.25, 1.0, 0.0, 0.75], np.float32))
    columns = heights(draw_channel_gate(gate))
    quarter = WIDTH // 4
    expected = np.repeat([HEIGHT, 3 * HEIGHT // 4, HEIGHT // 4, 0], quarter)
    assert np.abs(columns - expected).max() <= 1


def test_a_spatial_gate_is_refused() -> None:
    gate = AttentionGate("block1.spatial", "spatial", np.full((4, 4), 0.5, np.float32))
    with pytest.raises(ValueError, match="expected a channel gate"):
        draw_channel_gate(gate)

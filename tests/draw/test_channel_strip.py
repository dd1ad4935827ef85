from __future__ import annotations

import numpy as np
import pytest

from engine.draw.overlay import GRID, HEIGHT, INK, PAPER, WIDTH, draw_channel_gate
from engine.records import AttentionGate


def test_columns_are_ranked_and_as_high_as_their_weights() -> None:
    gate = AttentionGate("b.channel", "channel", np.array([0.25, 1.0, 0.0, 0.75], dtype=np.float32))
    picture = draw_channel_gate(gate)
    assert picture.shape == (HEIGHT, WIDTH, 3)
    filled = (picture == INK).all(axis=2)
    line = HEIGHT // 2
    assert (picture[line] == GRID).all()
    for place, weight in enumerate((1.0, 0.75, 0.25, 0.0)):
        column = np.delete(filled[:, WIDTH // 8 + place * WIDTH // 4], line)
        assert column.sum() == pytest.approx(weight * HEIGHT, abs=1)
        assert (np.diff(column.astype(int)) >= 0).all()  # it stands on the floor
    assert (picture[0, -1] == PAPER).all()


def test_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected a channel gate, got the spatial gate b\.spatial"):
        draw_channel_gate(AttentionGate("b.spatial", "spatial", np.ones((2, 2), dtype=np.float32)))

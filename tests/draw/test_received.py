from __future__ import annotations

import numpy as np
import pytest

from engine.draw.overlay import received_map
from engine.records import NO_CELL, AttentionGate, KeyCells


def test_what_a_place_receives_by_hand() -> None:
    # Two heads on 2x2 cells: the first looks at cell 1 alone, the second at all alike.
    looks = np.array([[0.0, 1.0, 0.0, 0.0]] * 4 + [[0.25] * 4] * 4, dtype=np.float32)
    found = received_map(AttentionGate("block1.attention", "cross", looks))
    assert found is not None
    # Cell 1 gets (1 + 1/4) / 2 of all attention, the others 1/8 each; an even share is 1/4.
    np.testing.assert_allclose(found, [[0.5, 2.5], [0.5, 0.5]])
    assert found.dtype == np.float32


def test_what_is_no_square_grid_is_no_map() -> None:
    assert received_map(AttentionGate("cross", "cross", np.full((3, 5), 0.2, np.float32))) is None
    with pytest.raises(ValueError, match="expected a cross gate, got the spatial gate"):
        received_map(AttentionGate("block1.spatial", "spatial", np.zeros((2, 2), np.float32)))


def test_what_is_received_by_known_cells_leaves_tokens_out() -> None:
    # Two cells and a class token of a 1x2 grid; every query looks at the token half the time, at the second cell else.
    weights = np.array([[0.5, 0.0, 0.5]] * 3, np.float32)
    gate = AttentionGate("a", "cross", weights, KeyCells((1, 2), ((NO_CELL, 0, 1),)))
    np.testing.assert_allclose(received_map(gate), [[0.0, 1.5]])


def test_what_is_received_in_windows_goes_to_their_cells() -> None:
    # Two windows of two cells in a 2x2 grid: the columns. Within each, everything looks at the upper, or the lower one.
    weights = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]], np.float32)
    gate = AttentionGate("a", "cross", weights, KeyCells((2, 2), ((0, 2), (1, 3))))
    np.testing.assert_allclose(received_map(gate), [[2.0, 0.0], [0.0, 2.0]])

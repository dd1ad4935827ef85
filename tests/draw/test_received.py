from __future__ import annotations

import numpy as np
import pytest

from engine.draw.overlay import received_map
from engine.records import AttentionGate


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

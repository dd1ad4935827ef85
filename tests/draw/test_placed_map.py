"""Gates that have a place in the picture, as maps."""

from __future__ import annotations

import numpy as np
import pytest

from engine.draw.overlay import overlay_gate, placed_gates, placed_map
from engine.records import AttentionGate


def gate(kind: str, shape: tuple[int, ...]) -> AttentionGate:
    values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape) / float(np.prod(shape))
    return AttentionGate(f"a.{kind}", kind, values)  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "shape", "wanted"), [
    ("spatial", (2, 3), (2, 3)), ("rows", (4, 2), (2, 1)), ("columns", (4, 3), (1, 3)), ("full", (4, 2, 3), (2, 3)),
])  # fmt: skip
def test_it_is_the_mean_over_the_channels(kind: str, shape: tuple[int, ...], wanted: tuple[int, int]) -> None:
    one = gate(kind, shape)
    values = placed_map(one)
    assert values is not None
    assert values.shape == wanted
    assert values.dtype == np.float32
    assert float(values.mean()) == pytest.approx(one.mean)
    face = np.zeros((20, 30), dtype=np.uint8)
    assert overlay_gate(face, one).shape == (192, 288, 3)


def test_others_have_no_place() -> None:
    gates = [gate("channel", (4,)), gate("branch", (2, 4)), gate("rows", (4, 2))]
    assert [placed_map(one) is None for one in gates] == [True, True, False]
    assert placed_gates(gates) == (gates[2],)
    with pytest.raises(ValueError, match="no place"):
        overlay_gate(np.zeros((8, 8), dtype=np.uint8), gates[0])

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dashboard.shared.figures.map_card import received_cards, received_maps
from dashboard.shared.figures.rows import gate_rows
from dashboard.views.class_attention.figures.detail import received_fields
from engine.explain.explainer import to_prediction
from engine.records import FaceExplanation
from tests.dashboard.made import make_gate

# Two heads on 2x2 cells: the first looks at cell 1 alone, the second at all alike.
LOOKS = np.array([[0.0, 1.0, 0.0, 0.0]] * 4 + [[0.25] * 4] * 4)
GATES = (
    make_gate("block1.spatial", "spatial", [[0.1, 0.2], [0.3, 0.4]]),
    make_gate("block1.attention", "cross", LOOKS),
    make_gate("block2.attention", "cross", np.full((8, 4), 0.25)),
    make_gate("cross", "cross", np.full((3, 5), 0.2)),  # five cells are no square grid
)


def test_what_a_place_receives_by_hand() -> None:
    (one, first), (two, second) = received_maps(GATES)
    assert (one.layer, two.layer) == ("block1.attention", "block2.attention")
    # Cell 1 gets (1 + 1/4) / 2 of all attention, the others 1/8 each; an even share is 1/4.
    np.testing.assert_allclose(first, [[0.5, 2.5], [0.5, 0.5]])
    np.testing.assert_allclose(second, np.ones((2, 2)))


@pytest.mark.parametrize(("scale", "ends"), [("fixed", (2.5, 2.5)), ("shared", (2.5, 2.5)), ("stretch", (2.5, 1.2))])
def test_cards_begin_at_zero(scale: str, ends: tuple[float, float]) -> None:
    milder = make_gate("block2.attention", "cross", np.array([[0.3, 0.25, 0.25, 0.2]] * 8))
    cards = received_cards((*GATES[:2], milder), scale)
    assert [card.title for card in cards] == ["block 1 attention", "block 2 attention"]
    assert [card.limits[0] for card in cards] == [0.0, 0.0]
    assert [card.limits[1] for card in cards] == pytest.approx(ends)
    assert received_cards(GATES[:1], scale) == ()


def test_an_even_map_says_so_in_place_of_glowing() -> None:
    uneven, even = received_cards(GATES, "shared")
    assert uneven.values is not None
    assert even.values is None
    assert even.note == "even: every place is looked at alike (1 to 1)"


def test_an_even_map_says_so_beside_another_model() -> None:
    names = ("angry", "happy")
    prediction = to_prediction(np.array([1.0, 0.0], np.float32), names, 0.0)
    faces = [
        FaceExplanation(model, prediction, (gate,), (), np.zeros((8, 8), np.uint8), None, 0.0)
        for model, gate in (("one", replace(GATES[1], layer="a")), ("two", replace(GATES[2], layer="a")))
    ]
    (row,) = gate_rows(faces, "happy", (0, 1), "fixed", say_even=True)
    uneven, even = row.cards
    assert uneven is not None
    assert uneven.values is not None
    assert even is not None
    assert (even.values, even.note) == (None, "even: every place is looked at alike (1 to 1)")
    (plain,) = gate_rows(faces, "happy", (0, 1), "fixed")
    assert all(card is not None and card.values is not None for card in plain.cards)


def test_typical_pictures_share_a_scale() -> None:
    face = np.zeros((8, 8), np.uint8)
    fields = received_fields({"a": (face, GATES[1]), "b": (face, GATES[2])})
    assert 'alt="block1.attention, 0 to 2.500 of even; strongest ' in fields["a"]
    assert 'alt="block2.attention, 0 to 1 of even; the same everywhere"' in fields["b"]
    assert received_fields({}) == {}

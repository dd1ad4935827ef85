"""A gate with a map for each emotion, as cards."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.views.explain.figures.gates import emotion_cards
from engine.records import AttentionGate

CLASSES = ("happy", "sad")
GATE = AttentionGate("emotion.spatial", "emotion", np.array([[[0.1, 0.2]], [[0.5, 0.9]]], np.float32))


def test_a_card_for_each_emotion_on_one_scale() -> None:
    cards = emotion_cards(GATE, CLASSES, "fixed", chosen="sad")
    assert [(card.title, card.chosen) for card in cards] == [("happy", False), ("sad", True)]
    assert cards[0].color != cards[1].color
    assert all((card.values == found).all() for card, found in zip(cards, GATE.weights, strict=True))
    assert [card.limits for card in cards] == [(0.0, 1.0)] * 2
    shared = [card.limits for card in emotion_cards(GATE, CLASSES, "shared")]
    assert shared == [pytest.approx((0.1, 0.9))] * 2
    assert emotion_cards(GATE, CLASSES, "stretch")[0].limits == pytest.approx((0.1, 0.2))


def test_another_gate_or_other_classes_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="3 maps"):
        emotion_cards(GATE, (*CLASSES, "fear"), "fixed")
    with pytest.raises(ValueError, match="spatial"):
        emotion_cards(AttentionGate("block1.spatial", "spatial", GATE.weights[0]), CLASSES, "fixed")

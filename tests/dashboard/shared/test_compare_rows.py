from dataclasses import replace

import numpy as np
import pytest

from dashboard.shared.figures.map_card import MapStyle
from dashboard.shared.figures.rows import (
    channel_difference,
    channel_rows,
    explanation_row,
    gate_map,
    gate_rows,
    lacking_words,
    packed,
    solitary,
    spatial_words,
)
from dashboard.views.compare import maps
from dashboard.views.compare.columns import Columns
from engine.labels import EMOTIONS
from engine.records import FaceExplanation
from tests.dashboard.made import make_gate, make_map, make_prediction

PREDICTION = make_prediction(0.01, 0.01, 0.01, 0.93, 0.02, 0.01, 0.01)


def made(name: str, gates: tuple, values: list[list[float]], **named: object) -> FaceExplanation:  # type: ignore[type-arg]
    face = np.zeros((48, 48), dtype=np.uint8)
    return FaceExplanation(name, PREDICTION, gates, (make_map(values, **named),), face, None, 0.01)  # type: ignore[arg-type]


ONE = make_gate("block1.spatial", "spatial", [[0.2, 0.4], [0.6, 0.8]])
TWO = make_gate("block2.spatial", "spatial", [[0.9]])
PLAIN = made("baseline", (), [[0.0, 1.0], [1.0, 2.0]])
GATED = made("spatial", (ONE, TWO), [[0.0, 4.0], [0.0, 0.0]])
OTHER = made(
    "cbam", (replace(ONE, weights=ONE.weights / 2), make_gate("block1.channel", "channel", [0.2, 0.4])), [[1.0]]
)


def test_a_row_for_each_gate_of_any_model_in_forward_order() -> None:
    rows = gate_rows([PLAIN, OTHER, GATED], "happy", (1, 2), "fixed")
    assert [row.name for row in rows] == ["block 1", "block 2"]
    first, second = rows
    assert first.cards[0] is None
    assert first.cards[1] is not None
    assert first.paired is not None
    np.testing.assert_allclose(first.paired.difference, ONE.weights / 2, atol=1e-6)
    assert second.cards[:2] == (None, None)
    assert second.paired is None


def test_rows_that_only_one_model_has_are_no_lines_of_empty_places() -> None:
    present = [[False, True, True], [False, False, True]]
    assert packed(present) == ((0, 0, 0),)
    assert solitary(present) == (2, (1,))
    assert solitary([[False, True]] * 4) == (1, (0, 1, 2, 3))
    assert packed([[False, True]] * 4) == packed([]) == ()
    assert solitary([]) is None
    assert solitary([[True, False], [False, True]]) is None


def test_rows_of_different_backbones_share_lines_below_those_in_common() -> None:
    present = [[True, False], [False, True], [True, True], [False, True]]
    assert packed(present) == ((2, 2), (0, 1), (None, 3))


def test_the_words_above_say_what_is_not_class_agnostic() -> None:
    emotion = make_gate("emotion.spatial", "emotion", [[[0.5]]] * 7)
    assert "emotion”" not in spatial_words([PLAIN, GATED], "happy")
    assert "the map of happy" in spatial_words([GATED, made("cmaen", (emotion,), [[1.0]])], "happy")


def test_a_channel_gate_of_a_class_has_its_name() -> None:
    gate = make_gate("emotion.class3.channel", "channel", [0.2, 0.4])
    assert [name for name, _ in channel_rows([made("cmaen", (gate,), [[1.0]])])] == ["emotion happy"]


def test_a_row_has_one_scale_unless_it_is_stretched() -> None:
    def limits(scale: str) -> list[tuple[float, float]]:
        (row, _) = gate_rows([GATED, OTHER], "happy", (0, 1), scale)
        return [card.limits for card in row.cards if card is not None]

    assert limits("fixed") == [(0.0, 1.0), (0.0, 1.0)]
    assert np.array(limits("shared")) == pytest.approx(np.array([(0.1, 0.8)] * 2))
    assert limits("stretch")[1] == pytest.approx((0.1, 0.4))


def test_explanations_share_the_scale_and_one_without_evidence_says_so() -> None:
    row = explanation_row([PLAIN, GATED], (0, 1), "fixed")
    assert [card.limits for card in row.cards if card] == [(0.0, 4.0), (0.0, 4.0)]
    assert row.name == "block 4"
    assert row.paired is not None
    np.testing.assert_allclose(row.paired.difference, [[0, 75], [-25, -50]], atol=1e-4)
    nothing = made("mute", (), [[0.0, 0.0], [0.0, 0.0]], raw_maximum=-0.1)
    row = explanation_row([PLAIN, nothing], (0, 1), "fixed")
    assert row.cards[1] is not None
    assert row.cards[1].note == "no positive evidence for happy"
    assert row.paired is None


def test_gates_of_other_kinds_become_maps() -> None:
    weights = np.zeros((7, 2, 2), dtype=np.float32)
    weights[3] = 0.5
    emotion = make_gate("emotion.spatial", "emotion", weights)
    assert gate_map(emotion, EMOTIONS.index("happy")) == pytest.approx(np.full((2, 2), 0.5))
    assert gate_map(emotion, 0) == pytest.approx(np.zeros((2, 2)))
    cross = make_gate("cross", "cross", [[1, 0, 0, 0], [0.5, 0.5, 0, 0]])
    # Each place's mean attention, times four places: 1 would be even.
    assert gate_map(cross, 0) == pytest.approx(np.array([[3, 1], [0, 0]]))
    assert gate_map(make_gate("block1.channel", "channel", [0.1]), 0) is None


def test_channels_are_compared_by_level_and_spread_only() -> None:
    ((name, gates),) = channel_rows([PLAIN, OTHER])
    assert name == "block 1"
    assert gates[0] is None
    low, high = make_gate("c", "channel", [0.2, 0.4]), make_gate("c", "channel", [0.4, 0.8])
    said = "mean +.300 · spread +.100 (.100 and .200)"
    assert channel_difference(low, high) == said
    assert channel_difference(low, high, same_channels=True) == f"{said} · most in channel 1: .400 and .800 (+.40)"


def test_what_one_model_alone_has_is_said_once() -> None:
    assert lacking_words("cbam", ["baseline"], "gate", 4, some=False) == "cbam alone: 4 gates; baseline has none"
    assert lacking_words("cbam", ["a", "b"], "gate", 1, some=False) == "cbam alone: 1 gate; a and b have none"
    assert lacking_words("cbam", ["a"], "channel gate", 2, some=True) == "cbam alone: 2 channel gates"


def test_gates_of_one_model_alone_stand_in_one_strip(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    monkeypatch.setattr(maps.st, "html", drawn.append)
    both = [PLAIN, GATED]
    rows = gate_rows(both, "happy", (0, 1), "fixed")
    maps.show_map_rows(Columns("models", ("baseline", "spatial"), both), rows, MapStyle(), "gate")
    (html,) = drawn
    assert 'class="fl-crow' not in html
    assert html.count("fl-cown") == 2
    assert "spatial alone: 2 gates; baseline has none" in html
    assert "has no gate here" not in html


def test_gates_of_different_backbones_are_drawn_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    monkeypatch.setattr(maps.st, "html", drawn.append)
    other = made("cmaen", (make_gate("ecnn.scale2.spatial", "spatial", [[0.3]]),), [[1.0]])
    rows = gate_rows([GATED, other], "happy", (0, 1), "fixed")
    maps.show_map_rows(Columns("models", ("spatial", "other"), (GATED, other)), rows, MapStyle(), "gate")
    (html,) = drawn
    lines = html.split('class="fl-crow')[2:]  # the first is the headings'
    assert ["block 1" in lines[0], "ecnn scale 2" in lines[0], "block 2" in lines[1]] == [True] * 3
    assert len(lines) == 2
    assert "has no gate here" not in html

from __future__ import annotations

import numpy as np
import pytest

from engine.analysis.gate_use import balanced_sample, split_gate_use
from engine.errors import UnknownNameError, UsageError
from tests.analysis.made_gate_use import CARD, block_model, measured, white_and_black
from tests.explain.known import OneBlock, unchanged

GATE = "the.gate"


def test_the_sample_is_balanced_as_far_as_the_classes_go() -> None:
    labels = np.repeat([0, 1, 2], [10, 2, 5]).astype(np.int64)
    chosen = balanced_sample(labels, 9, seed=0)
    assert np.bincount(labels[chosen]).tolist() == [4, 2, 3]
    assert (np.diff(chosen) > 0).all()
    assert balanced_sample(labels, 9, seed=0).tolist() == chosen.tolist()
    assert any(balanced_sample(labels, 9, seed).tolist() != chosen.tolist() for seed in (1, 2, 3))
    assert balanced_sample(labels, 99, seed=0).tolist() == list(range(17))


def test_a_gate_is_used_for_the_class_whose_evidence_it_picks_by_hand() -> None:
    use = measured()
    assert use.pictures == {"angry": 4, "happy": 0, "sad": 4}
    assert (use.n, use.total, use.draws) == (8, 8, 10)
    # White: logits (1, 0, 0); with the gate's mean, 1/16 of that. Black: (0, 0, 0) whatever the gate is.
    sure, less = (np.exp(value) / (np.exp(value) + 2) for value in (1.0, 1 / 16))
    mean = {effect.group: effect for group in use.groups for effect in use.of(GATE, group)[:1]}
    assert mean["angry"].replacement == "mean"
    assert mean["angry"].figures["distance"].mean == pytest.approx(sure - less, abs=1e-5)
    assert mean["angry"].figures["logit_change"].mean == pytest.approx(-15 / 16, abs=1e-5)
    assert mean["sad"].figures["distance"].mean == 0.0
    assert mean["all"].figures["distance"].mean == pytest.approx((sure - less) / 2, abs=1e-5)
    assert mean["happy"].figures["distance"].mean is None
    low, high = mean["all"].figures["distance"].low, mean["all"].figures["distance"].high
    assert low is not None
    assert high is not None
    assert 0.0 <= low < (sure - less) / 2 < high <= sure - less + 1e-6  # white and black differ: the interval is wide
    assert use.verdict(GATE, "angry") == "used"
    assert use.verdict(GATE, "sad") == "not used"
    assert use.verdict(GATE, "happy") is None
    assert use.accuracy["angry"].mean == 1.0
    assert use.accuracy["sad"].mean == 0.0  # three equal logits: the first class comes out on top
    borrowed = next(effect for effect in use.of(GATE) if effect.replacement == "another picture")
    assert borrowed.figures["distance"].mean == 0.0  # the gate is the same for every picture
    with pytest.raises(UnknownNameError, match=r"Unknown gate 'x'; valid: the\.gate"):
        use.of("x")


def test_a_gate_that_multiplies_by_one_is_not_used_for_any_class() -> None:
    model = block_model(used=False)
    with unchanged(model):
        use = split_gate_use(model, CARD, white_and_black(), pictures=4)
    assert use.pictures == {"angry": 2, "happy": 0, "sad": 2}
    assert use.total == 8
    for group in ("all", "angry", "sad"):
        assert use.verdict(GATE, group) == "not used"
        for effect in use.of(GATE, group):
            assert {found.mean for found in effect.figures.values()} == {0.0}


def test_wrong_use_is_a_sentence() -> None:
    with pytest.raises(UsageError, match="'known' has no attention gate"):
        split_gate_use(OneBlock(), CARD, white_and_black())
    with pytest.raises(UnknownNameError, match="Unknown class 'bored'"):
        split_gate_use(block_model(), CARD, white_and_black(), target="bored")

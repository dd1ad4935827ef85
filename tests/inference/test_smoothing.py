from __future__ import annotations

import itertools

import numpy as np
import pytest

from engine.errors import UsageError
from engine.inference.smoothing import NO_SMOOTHING, AnswerSmoother, Smoothing
from engine.records import Float32

SLOW = Smoothing(half_life_seconds=0.5, margin=0.1, hold_seconds=0.2)


def answer(*values: float) -> Float32:
    return np.array(values, dtype=np.float32)


def test_the_first_answer_is_taken_as_it_is() -> None:
    first = AnswerSmoother().update(answer(0.2, 0.7, 0.1), 3.0, SLOW)
    assert first.label == 1
    np.testing.assert_allclose(first.probabilities, [0.2, 0.7, 0.1])


def test_after_a_half_life_old_and_new_count_alike() -> None:
    smoother = AnswerSmoother()
    smoother.update(answer(1.0, 0.0), 0.0, SLOW)
    np.testing.assert_allclose(smoother.update(answer(0.0, 1.0), 0.5, SLOW).probabilities, [0.5, 0.5])
    # A quarter of the first answer is left after two half-lives, however many frames came meanwhile.
    for seconds in (0.6, 0.75, 1.0):
        last = smoother.update(answer(0.0, 1.0), seconds, SLOW)
    np.testing.assert_allclose(last.probabilities, [0.25, 0.75], atol=1e-6)


def test_time_that_stands_still_changes_nothing() -> None:
    smoother = AnswerSmoother()
    smoother.update(answer(0.9, 0.1), 1.0, SLOW)
    for seconds in (1.0, 0.5):
        np.testing.assert_allclose(smoother.update(answer(0.0, 1.0), seconds, SLOW).probabilities, [0.9, 0.1])


def test_without_smoothing_each_frame_speaks_for_itself() -> None:
    smoother = AnswerSmoother()
    labels = [
        smoother.update(answer(p, 1 - p), index / 30, NO_SMOOTHING).label
        for index, p in enumerate((0.9, 0.4, 0.6, 0.2))
    ]
    assert labels == [0, 1, 0, 1]


def labels_of(how: Smoothing, *steps: tuple[float, float]) -> list[int]:
    """Labels after (seconds, probability of class 1)."""
    smoother = AnswerSmoother()
    return [smoother.update(answer(1 - p, p), seconds, how).label for seconds, p in steps]


def test_the_label_waits_for_the_margin_and_the_hold() -> None:
    how = Smoothing(half_life_seconds=0.0, margin=0.1, hold_seconds=0.2)
    # Ahead by 0.04 is too little, however long.
    assert labels_of(how, (0.0, 0.2), (0.1, 0.52), (0.5, 0.52), (1.0, 0.52)) == [0, 0, 0, 0]
    # Ahead by 0.4 for less than the hold, then for all of it.
    assert labels_of(how, (0.0, 0.2), (0.1, 0.7), (0.25, 0.7), (0.31, 0.7)) == [0, 0, 0, 1]
    # A break starts the wait anew.
    assert labels_of(how, (0.0, 0.2), (0.1, 0.7), (0.25, 0.4), (0.31, 0.7), (0.45, 0.7), (0.52, 0.7)) == [0] * 5 + [1]


def test_noise_about_the_border_does_not_flicker() -> None:
    rng = np.random.default_rng(0)
    steps = [(index / 30, float(p)) for index, p in enumerate(0.5 + rng.uniform(-0.2, 0.2, 300))]
    raw, steady = labels_of(NO_SMOOTHING, *steps), labels_of(Smoothing(), *steps)
    assert sum(one != two for one, two in itertools.pairwise(raw)) > 100
    assert len(set(steady)) == 1


def test_what_makes_no_sense_is_refused() -> None:
    for wrong in (
        {"half_life_seconds": -1.0},
        {"half_life_seconds": float("nan")},
        {"hold_seconds": 61.0},
        {"margin": 1.0},
    ):
        with pytest.raises(UsageError, match="Expected"):
            Smoothing(**wrong)

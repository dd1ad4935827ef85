from __future__ import annotations

import itertools

import numpy as np
import pytest

from engine.errors import UsageError
from engine.live.smoothing import NO_SMOOTHING, AnswerSmoother, Smoothing
from engine.records import Float32

SLOW = Smoothing(half_life_seconds=0.5, margin=0.1, patience=10.0)
HOLD = Smoothing(half_life_seconds=1.0, margin=0.1, patience=0.2)
"""A class that is ahead by 1 gains .09 in a tenth of a second, and is shown when it has gained .2."""


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


def tenths(*p: float) -> tuple[tuple[float, float], ...]:
    """Answers a tenth of a second apart; the first label is class 0."""
    return tuple((index / 10, value) for index, value in enumerate((0.0, *p)))


def test_a_clear_lead_takes_over_soon_and_a_narrow_one_later() -> None:
    # Ahead by 1: .09, .18, .27. Ahead by .4: .03 each time, so at the seventh. Ahead by .1 or less: never.
    assert labels_of(HOLD, *tenths(1.0, 1.0, 1.0)) == [0, 0, 0, 1]
    assert labels_of(HOLD, *tenths(*[0.7] * 7)) == [0] * 7 + [1]
    assert labels_of(HOLD, *tenths(*[0.55] * 40)) == [0] * 41
    # Frames that come three times as often change nothing.
    assert labels_of(HOLD, *((index / 30, float(index > 0)) for index in range(8))) == [0] * 7 + [1]


def test_what_was_gained_can_be_lost_again() -> None:
    # .09, .18, then the label is ahead by 1 and takes .11 back: .07, .16, .25.
    assert labels_of(HOLD, *tenths(1.0, 1.0, 0.0, 1.0, 1.0)) == [0, 0, 0, 0, 0, 1]
    # Two of three for the label: .09, nothing, nothing; no class comes anywhere in this way.
    assert set(labels_of(HOLD, *tenths(*[1.0, 0.0, 0.0] * 20))) == {0}


def test_one_answer_alone_changes_nothing_however_long_it_was_awaited() -> None:
    # It counts for .15 seconds at most: .135, then .27.
    assert labels_of(HOLD, (0.0, 0.0), (9.0, 1.0), (9.5, 0.0), (10.0, 1.0), (10.5, 1.0)) == [0, 0, 0, 0, 1]


def test_without_patience_the_margin_alone_counts() -> None:
    how = Smoothing(half_life_seconds=0.0, margin=0.1, patience=0.0)
    assert labels_of(how, *tenths(0.54, 0.56, 0.46, 0.44)) == [0, 0, 1, 1, 0]


def test_longer_smoothing_is_more_patient() -> None:
    for half_life, expected in ((0.3, 0.075), (3.0, 0.75), (0.0, 0.0)):
        assert Smoothing(half_life_seconds=half_life).hold_seconds == pytest.approx(expected)


def test_a_new_label_starts_the_average_anew() -> None:
    smoother = AnswerSmoother()
    for seconds in (0.0, 0.1):
        smoother.update(answer(1.0, 0.0, 0.0), seconds, HOLD)
    for seconds in (0.2, 0.3):
        before = smoother.update(answer(0.0, 0.9, 0.1), seconds, HOLD)
    assert before.label == 0
    assert before.probabilities[0] == pytest.approx(0.5**0.2)
    after = smoother.update(answer(0.0, 0.6, 0.4), 0.4, HOLD)
    # .08, .16, .21: shown. The three answers since then count, each for a tenth of a second; those before do not.
    assert after.label == 1
    np.testing.assert_allclose(after.probabilities, [0.0, 0.8, 0.2], atol=1e-6)
    np.testing.assert_allclose(
        smoother.update(answer(0.0, 0.6, 0.4), 1.4, HOLD).probabilities, [0.0, 0.7, 0.3], atol=1e-6
    )


def test_an_answer_that_led_to_nothing_is_no_part_of_a_new_average() -> None:
    smoother = AnswerSmoother()
    for seconds, p in ((0.0, 0.0), (0.1, 1.0), (0.2, 0.0), (0.3, 0.0), (0.4, 0.9), (0.5, 0.9), (0.6, 0.9)):
        last = smoother.update(answer(1 - p, p), seconds, HOLD)
    assert last.label == 1
    np.testing.assert_allclose(last.probabilities, [0.1, 0.9], atol=1e-6)


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
        {"half_life_seconds": 61.0},
        {"margin": 1.0},
        {"patience": -0.1},
        {"patience": float("nan")},
    ):
        with pytest.raises(UsageError, match="Expected"):
            Smoothing(**wrong)

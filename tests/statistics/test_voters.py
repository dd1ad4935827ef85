from __future__ import annotations

import numpy as np
import pytest

from engine.statistics.voters import answer_agreement, voter_agreement


def counts(*rows: list[int]) -> np.ndarray:
    return np.array(rows, np.int64)


def test_a_voter_against_the_others_by_hand() -> None:
    # All alike; nine against one: nine of ten agree, the tenth does not.
    assert voter_agreement(counts([10, 0, 0], [9, 1, 0])) == pytest.approx([1.0, 0.9])
    # Five and five: whoever is taken out leaves the other side ahead.
    assert voter_agreement(counts([5, 5, 0])) == pytest.approx([0.0])
    # Six and four: six agree. Two and one: a voter of the two leaves a tie, half right.
    assert voter_agreement(counts([6, 4, 0], [2, 1, 0])) == pytest.approx([0.6, 2 / 3 * 0.5])


def test_an_answer_against_the_same_others() -> None:
    rows = counts([6, 4, 0], [5, 5, 0], [2, 1, 0], [10, 0, 0])
    assert answer_agreement(rows, np.array([0, 0, 0, 1])) == pytest.approx([1.0, 0.5, 2 / 3 * 0.5 + 1 / 3, 0.0])
    assert answer_agreement(rows, np.array([1, 1, 1, 0])) == pytest.approx([0.0, 0.5, 2 / 3 * 0.5, 1.0])
    assert answer_agreement(rows, np.array([-1, -1, -1, -1])).tolist() == [0.0, 0.0, 0.0, 0.0]


def test_nobody_to_agree_with() -> None:
    rows = counts([1, 0, 0], [0, 0, 0], [1, 1, 0])
    assert np.isnan(voter_agreement(rows)).tolist() == [True, True, False]
    assert np.isnan(answer_agreement(rows, np.array([0, 0, 0]))).tolist() == [True, True, False]


def test_it_is_what_drawing_voters_gives() -> None:
    rng = np.random.default_rng(1)
    rows = rng.multinomial(10, [0.5, 0.3, 0.15, 0.05], size=20)
    drawn = np.zeros(20)
    for index, row in enumerate(rows):
        voters = np.repeat(np.arange(4), row)
        for out in range(10):
            others = np.bincount(np.delete(voters, out), minlength=4)
            best = np.flatnonzero(others == others.max())
            drawn[index] += (voters[out] in best) / len(best) / 10
    assert voter_agreement(rows) == pytest.approx(drawn)

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.statistics.distributions import (
    cross_entropy_nats,
    entropy_nats,
    fit_vote_temperature,
    jensen_shannon_distance,
    tempered,
)

SURE, EVEN, OTHER = [1.0, 0.0], [0.5, 0.5], [0.0, 1.0]


def rows(*given: list[float]) -> np.ndarray:
    return np.array(given)


def test_entropy() -> None:
    assert entropy_nats(rows(SURE, EVEN, [0.25, 0.75])) == pytest.approx([0.0, math.log(2), 0.5623351446])


def test_cross_entropy() -> None:
    found = cross_entropy_nats(rows(SURE, EVEN, [0.6, 0.4]), rows([0.8, 0.2], [0.8, 0.2], [0.6, 0.4]))
    assert found == pytest.approx([-math.log(0.8), -(math.log(0.8) + math.log(0.2)) / 2, 0.6730116670])
    assert np.isfinite(cross_entropy_nats(rows(SURE), rows(OTHER))).all()  # an answer of 0 is no infinite loss


def test_jensen_shannon() -> None:
    found = jensen_shannon_distance(rows(SURE, EVEN, SURE), rows(OTHER, EVEN, EVEN))
    # The last by hand: middle (3/4, 1/4), divergence 0.81128 - 0.5 = 0.31128 bits.
    assert found == pytest.approx([1.0, 0.0, math.sqrt(0.3112781245)])
    one, two = rows([0.2, 0.3, 0.5]), rows([0.6, 0.3, 0.1])
    assert jensen_shannon_distance(one, two) == pytest.approx(jensen_shannon_distance(two, one))


def test_a_temperature_divides_logits() -> None:
    assert tempered(rows([0.8, 0.2]), 2.0) == pytest.approx(rows([2 / 3, 1 / 3]))  # odds 4 become 2
    assert cross_entropy_nats(rows(SURE), rows([0.8, 0.2]), 2.0) == pytest.approx([-math.log(2 / 3)])


def test_the_temperature_that_made_the_votes_is_found() -> None:
    logits = np.random.default_rng(0).normal(0, 3, (400, 7))
    answers = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    found = fit_vote_temperature(tempered(answers, 2.5), answers)
    assert found.value == pytest.approx(2.5, abs=1e-3)
    assert found.n == 400
    assert found.after < found.before
    assert found.after == pytest.approx(entropy_nats(tempered(answers, 2.5)).mean(), abs=1e-5)
    assert found.as_dict()["value"] == pytest.approx(2.5, abs=1e-3)
    with pytest.raises(ValueError, match="one shape"):
        fit_vote_temperature(answers, answers[:3])

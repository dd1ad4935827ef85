from __future__ import annotations

import numpy as np
import pytest

from engine.errors import DataError
from engine.labels import EMOTIONS
from engine.measure.nearer import nearer_to_people
from engine.statistics.distributions import cross_entropy_nats, jensen_shannon_distance
from engine.statistics.paired import mcnemar_exact
from tests.made_votes import votes

HAPPY, SAD = EMOTIONS.index("happy"), EMOTIONS.index("sad")


def answers(p_happy: list[float]) -> np.ndarray:
    rows = np.zeros((len(p_happy), 7))
    rows[:, HAPPY], rows[:, SAD] = p_happy, 1 - np.array(p_happy)
    return rows


def test_by_hand() -> None:
    """60 % of people saw happy. The first says so of four pictures and sad of two; the second is always surer."""
    counts = np.array([votes(happy=6, sad=4)] * 6 + [votes(unknown=10), votes(contempt=10)])
    first, second = answers([0.6] * 4 + [0.4] * 2 + [0.6] * 2), answers([0.99] * 6 + [0.6] * 2)
    found = nearer_to_people(("one", "two"), counts, first, second, EMOTIONS)
    assert (found.n, found.n_distances) == (7, 6)  # contempt counts as wrong for both, and has no distance
    assert (found.accuracy.first, found.accuracy.second) == (pytest.approx(4 / 7), pytest.approx(6 / 7))
    assert found.accuracy.p == mcnemar_exact(0, 2)
    own = answers([0.6] * 6)
    assert found.distance.first == pytest.approx(jensen_shannon_distance(own, first[:6]).mean())
    assert found.distance.second == pytest.approx(jensen_shannon_distance(own, second[:6]).mean())
    assert found.entropy.difference == pytest.approx(
        (cross_entropy_nats(own, second[:6]) - cross_entropy_nats(own, first[:6])).mean()
    )
    # Righter more often, yet further from the votes: that is why both are told.
    assert found.accuracy.difference > 0 < found.distance.difference
    assert found.verdict.startswith("one is nearer to what people saw by 0.")
    turned = nearer_to_people(("two", "one"), counts, second, first, EMOTIONS)
    assert turned.verdict.startswith("one is nearer")
    assert turned.distance.low == pytest.approx(-found.distance.high)
    document = found.as_dict()
    assert document["tests"]["accuracy_on_majority"] == "McNemar's exact test"
    assert document["jensen_shannon_distance"]["first"] == round(found.distance.first, 5)


def test_nothing_detectable() -> None:
    counts = np.array([votes(happy=6, sad=4)] * 20)
    rng = np.random.default_rng(1)
    first, second = answers(list(rng.uniform(0.3, 0.9, 20))), answers(list(rng.uniform(0.3, 0.9, 20)))
    found = nearer_to_people(("one", "two"), counts, first, second, EMOTIONS)
    assert found.verdict.startswith("Neither is detectably nearer")
    same = nearer_to_people(("one", "two"), counts, first, first, EMOTIONS)
    assert (same.distance.difference, same.distance.p, same.accuracy.p) == (0.0, 1.0, 1.0)


def test_without_votes() -> None:
    with pytest.raises(DataError, match="somebody saw an emotion"):
        nearer_to_people(("one", "two"), np.array([votes(no_face=10)]), answers([0.5]), answers([0.5]), EMOTIONS)

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.analysis.evaluation import StoredAnswers
from engine.analysis.uncertainty import whose_uncertainty
from engine.errors import UsageError
from engine.labels import EMOTIONS
from tests.made_votes import votes


def answers(spread: list[float]) -> StoredAnswers:
    """Answers happy with a share of ``spread`` over the other six classes."""
    count = len(spread)
    probabilities = np.repeat(np.array(spread)[:, None] / 6, 7, axis=1)
    probabilities[:, EMOTIONS.index("happy")] = 1 - np.array(spread)
    return StoredAnswers(
        "m", "fer2013", "private", EMOTIONS, tuple(f"p{index}" for index in range(count)),
        np.full(count, EMOTIONS.index("happy")), probabilities, np.zeros((count, 2)),
    )  # fmt: skip


def test_entropies_in_bits() -> None:
    found = whose_uncertainty(
        answers([0.0, 6 / 7, 0.0]), np.array([votes(happy=10), votes(happy=5, sad=5), votes(unknown=10)])
    )
    assert found.ids == ("p0", "p1")
    assert found.model_bits == pytest.approx([0.0, math.log2(7)])
    assert found.people_bits == pytest.approx([0.0, 1.0])
    assert found.majority.tolist() == [1, 1]
    assert found.labels.tolist() == [3, 3]


def test_unsure_together() -> None:
    rows = [votes(happy=10 - index, sad=index) for index in range(6)] + [votes(sad=10)] * 3
    found = whose_uncertainty(answers([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.3, 0.2, 0.1]), np.array(rows))
    assert found.by_class["happy"].rho == pytest.approx(1.0)
    assert found.by_class["happy"].n == 6
    assert found.by_class["sad"].rho is None  # people do not differ there
    assert found.overall.n == 9
    assert set(found.by_class) == {"happy", "sad"}
    document = found.as_dict()
    assert document["rank_correlation"]["n"] == 9
    assert document["mean_bits"]["people"] == pytest.approx(float(found.people_bits.mean()), abs=1e-5)


def test_sure_alone_and_unsure_alone() -> None:
    rows = [votes(happy=10), votes(happy=10), votes(happy=4, sad=3, fear=3), votes(happy=5, sad=5)]
    found = whose_uncertainty(answers([0.8, 0.1, 0.0, 0.5]), np.array(rows))
    assert found.sure_alone[0] == "p2"
    assert found.unsure_alone[0] == "p0"
    assert not set(found.sure_alone) & set(found.unsure_alone)
    assert len(whose_uncertainty(answers([0.8, 0.1, 0.0, 0.5]), np.array(rows), most=1).sure_alone) == 1


def test_nobody_saw_anything() -> None:
    with pytest.raises(UsageError, match="somebody saw an emotion"):
        whose_uncertainty(answers([0.5]), np.array([votes(no_face=10)]))

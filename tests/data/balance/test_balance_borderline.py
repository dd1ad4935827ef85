from __future__ import annotations

import sys

import numpy as np
import pytest

from engine.data.balance.borderline import borderline_pairs
from engine.errors import MissingExtraError, UsageError

# On a line. Class 0: eight points beside three of class 1, and ten around a fourth, which so is noise: its ten nearest
# are all of class 0. Class 2 lies far away among itself: safe. Nearest of its own class: 0 → 1, 1 → 0, 3 → 1.
PLACES = [0.0, 1.0, 3.0, 1000.0, *range(10, 18), *range(990, 1000), *(1e6 + np.arange(12) * 10)]
POINTS = np.array(PLACES, np.float32)[:, None]
LABELS = np.array([1] * 4 + [0] * 18 + [2] * 12, np.int64)


def test_only_pictures_in_danger_are_built_on_with_their_nearest() -> None:
    pairs = borderline_pairs(POINTS, LABELS, neighbours=1, seed=0)
    assert pairs.built_on == (1,)
    assert len(pairs.first) == 18 - 4
    drawn = {tuple(sorted(pair)) for pair in zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)}
    assert drawn == {(0, 1), (1, 2)}
    assert ((pairs.weight > 0) & (pairs.weight <= 0.5)).all()
    assert len(np.unique(pairs.weight)) == 14


def test_the_weights_are_imbalanced_learns_own() -> None:
    from imblearn.over_sampling import BorderlineSMOTE

    pairs = borderline_pairs(POINTS, LABELS, neighbours=2, seed=3)
    ours = (1 - pairs.weight) * POINTS[pairs.first, 0] + pairs.weight * POINTS[pairs.second, 0]
    plain = BorderlineSMOTE(random_state=3, k_neighbors=2, m_neighbors=10)
    theirs, labels = plain.fit_resample(POINTS.astype(np.float64), LABELS)
    assert ours == pytest.approx(theirs[len(LABELS) :, 0])
    assert (labels[len(LABELS) :] == LABELS[pairs.first]).all()


def test_the_seed_decides() -> None:
    one, same, other = (borderline_pairs(POINTS, LABELS, neighbours=1, seed=seed) for seed in (5, 5, 6))
    assert (one.weight == same.weight).all()
    assert (one.first == same.first).all()
    assert not np.array_equal(one.weight, other.weight)


def test_two_copies_give_a_pair_of_one() -> None:
    points = POINTS.copy()
    points[:3] = 2.0  # three copies: one may find another before itself
    pairs = borderline_pairs(points, LABELS, neighbours=1, seed=0)
    alone = pairs.first == pairs.second
    assert (pairs.weight[alone] == 0).all()
    assert set(pairs.first.tolist()) | set(pairs.second.tolist()) <= {0, 1, 2}


@pytest.mark.parametrize(
    ("chosen", "neighbours", "message"),
    [
        (slice(4, 22), 1, "two classes or more"),
        (slice(None), 4, "more than 4 training pictures in each class for --neighbours 4, but one has 4"),
        (slice(2, 8), 1, "more than 10 training pictures"),
    ],
)
def test_too_little(chosen: slice, neighbours: int, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        borderline_pairs(POINTS[chosen], LABELS[chosen], neighbours=neighbours, seed=0)


def test_a_missing_library_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imblearn.over_sampling", None)
    with pytest.raises(MissingExtraError, match=r"needs imbalanced-learn.*pip install -r requirements-extras\.txt"):
        borderline_pairs(POINTS, LABELS, neighbours=1, seed=0)

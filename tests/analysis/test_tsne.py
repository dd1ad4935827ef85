from __future__ import annotations

import numpy as np
import pytest

from engine.analysis.evaluation import centred_logits, spread, tsne_places
from engine.errors import DataError


def test_logits_come_back_up_to_a_constant() -> None:
    logits = np.array([[3.0, 0.0, -3.0], [1.0, 1.0, 1.0]])
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(centred_logits(p), logits - logits.mean(1, keepdims=True), atol=1e-12)


def test_what_is_answered_alike_lies_together() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(3), 12)
    logits = 8 * np.eye(3)[groups] + rng.normal(size=(36, 3))
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    places = tsne_places(p)
    apart = np.linalg.norm(places[:, None] - places, axis=2)
    np.fill_diagonal(apart, np.inf)
    assert (groups[apart.argmin(1)] == groups).mean() > 0.9
    with pytest.raises(DataError, match="ten pictures or more"):
        tsne_places(p[:5])


def test_a_spread_takes_all_or_evenly_many() -> None:
    assert spread(5).tolist() == [0, 1, 2, 3, 4]
    assert spread(10, 4).tolist() == [0, 2, 5, 7]

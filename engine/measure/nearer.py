"""Which of two models is nearer to what people saw, on the same pictures: paired intervals and tests.

Second minus first throughout. Accuracy is against what most people saw, tested by McNemar's exact test; the distances
are each picture's Jensen-Shannon distance and cross-entropy between the votes and a model's answer, whose mean
difference has a paired bootstrap interval and the bootstrap's p. Nearer is the one with the smaller distance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.data.votes.rules import columns_of, most_votes, shares
from engine.errors import DataError
from engine.statistics.comparison import ALPHA
from engine.statistics.distributions import cross_entropy_nats, jensen_shannon_distance
from engine.statistics.intervals import LEVEL, RESAMPLES
from engine.statistics.paired import Difference, mcnemar_exact

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

TESTS: Final[dict[str, str]] = {
    "accuracy_on_majority": "McNemar's exact test",
    "jensen_shannon_distance": "paired bootstrap",
    "cross_entropy_nats": "paired bootstrap",
}
_CHUNK = 250


@dataclass(frozen=True)
class Nearer:
    """Two models against people's votes.

    Attributes:
        first, second: names. n: pictures with a vote for an emotion; n_distances: with one for a class of the models.
        accuracy: against what most people saw. distance: Jensen-Shannon, in [0, 1]. entropy: cross-entropy, nats.
    """

    first: str
    second: str
    n: int
    n_distances: int
    accuracy: Difference
    distance: Difference
    entropy: Difference

    @property
    def verdict(self) -> str:
        """One sentence: what may be concluded of the Jensen-Shannon distance."""
        found = self.distance
        interval = f"95 % interval {found.low:+.3f} to {found.high:+.3f} (n = {self.n_distances:,})"
        if found.p >= ALPHA or found.low <= 0.0 <= found.high:
            return f"Neither is detectably nearer to what people saw: {interval}."
        nearer = self.first if found.difference > 0 else self.second
        return f"{nearer} is nearer to what people saw by {abs(found.difference):.3f} of Jensen-Shannon: {interval}."

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "models": [self.first, self.second],
            "n": self.n,
            "n_distances": self.n_distances,
            "accuracy_on_majority": self.accuracy.as_dict(),
            "jensen_shannon_distance": self.distance.as_dict(),
            "cross_entropy_nats": self.entropy.as_dict(),
            "tests": TESTS,
            "verdict": self.verdict,
        }


def nearer_to_people(
    names: tuple[str, str],
    votes: Int64,
    first: Float32 | Float64,
    second: Float32 | Float64,
    classes: tuple[str, ...],
    *,
    seed: int = 0,
) -> Nearer:
    """Compare two models' answers to N pictures with people's votes.

    Args:
        names: of the models. votes: int64 (N, 10).
        first, second: probabilities (N, K) over ``classes``.
        seed: of the resampling.

    Raises:
        DataError: nobody saw an emotion in any of the pictures.
    """
    most = most_votes(votes)
    seen = most >= 0
    own = shares(votes, classes)
    some = own.sum(axis=1) > 0
    if not some.any():
        raise DataError("Expected a picture in which somebody saw an emotion, got none; choose another split.")
    columns = np.array(columns_of(classes))
    right = [np.asarray(columns[one[seen].argmax(axis=1)] == most[seen], np.float64) for one in (first, second)]
    accuracy = _difference(right, seed)
    only = [int((right[index] > right[1 - index]).sum()) for index in (0, 1)]
    accuracy = replace(accuracy, p=mcnemar_exact(only[0], only[1]))
    answers = [one[some].astype(np.float64) for one in (first, second)]
    return Nearer(
        *names,
        n=int(seen.sum()),
        n_distances=int(some.sum()),
        accuracy=accuracy,
        distance=_difference([jensen_shannon_distance(own[some], one) for one in answers], seed),
        entropy=_difference([cross_entropy_nats(own[some], one) for one in answers], seed),
    )


def _difference(figures: list[Float64], seed: int) -> Difference:
    """Return the difference of two figures' means, float64 (N,) each, with the paired bootstrap's interval and p."""
    first, second = figures
    gap = second - first
    rng = np.random.default_rng(seed)
    n = len(gap)
    drawn = np.concatenate(
        [
            rng.multinomial(n, np.full(n, 1 / n), size=min(_CHUNK, RESAMPLES - start)) @ gap / n
            for start in range(0, RESAMPLES, _CHUNK)
        ]
    )
    tail = 50.0 * (1.0 - LEVEL)
    low, high = np.percentile(drawn, [tail, 100.0 - tail])
    sides = 1 + int((drawn <= 0.0).sum()), 1 + int((drawn >= 0.0).sum())
    p = min(1.0, 2.0 * min(sides) / (len(drawn) + 1))
    return Difference(float(first.mean()), float(second.mean()), float(low), float(high), p)

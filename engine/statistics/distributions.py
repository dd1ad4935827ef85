"""How far answers are from the distribution of people's votes, and how sure each is.

[1] J. Lin. Divergence Measures Based on the Shannon Entropy. IEEE Transactions on Information Theory 37, 1991.
[2] D. M. Endres, J. E. Schindelin. A New Metric for Probability Distributions. IEEE Transactions on Information Theory
    49, 2003: the square root of the Jensen-Shannon divergence is a metric.
[3] C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger. On Calibration of Modern Neural Networks. ICML 2017. Departure: the
    temperature is fitted to the votes' shares, not to one label.

Letters: N pictures, K classes. Distributions are float64 (N, K), rows sum to 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

Float64 = NDArray[np.float64]

TEMPERATURES: Final = (0.05, 20.0)
"""Where a temperature is looked for."""
_LEAST: Final = float(np.finfo(np.float32).smallest_subnormal)
"""What a probability of 0 counts as: the smallest that float32 stores above it."""


def entropy_nats(shares: Float64) -> Float64:
    """Return each row's entropy, float64 (N,) in [0, log K]; 0 where one class has all."""
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    return np.asarray(-(shares * logs).sum(axis=1))


def cross_entropy_nats(votes: Float64, answers: Float64, temperature: float = 1.0) -> Float64:
    """Return -sum of votes x log answers, float64 (N,), with the answers' logits divided by ``temperature``.

    It is never below the votes' own entropy.
    """
    return np.asarray(-(votes * _log_tempered(answers, temperature)).sum(axis=1))


def jensen_shannon_distance(one: Float64, other: Float64) -> Float64:
    """Return the distance of each pair of rows, float64 (N,) in [0, 1]: root of the divergence [1] in bits [2]."""
    middle = (one + other) / 2
    divergence = entropy_nats(middle) - (entropy_nats(one) + entropy_nats(other)) / 2
    return np.asarray(np.sqrt(np.clip(divergence / math.log(2), 0.0, 1.0)))


def tempered(answers: Float64, temperature: float) -> Float64:
    """Return the answers whose logits are divided by ``temperature``."""
    return np.asarray(np.exp(_log_tempered(answers, temperature)))


@dataclass(frozen=True)
class VoteTemperature:
    """A temperature that was fitted to votes.

    Attributes:
        value: logits are divided by it; above 1 makes a model less sure.
        n: pictures it was fitted on. before, after: mean cross-entropy in nats, on those.
    """

    value: float
    n: int
    before: float
    after: float

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "value": round(self.value, 4),
            "n": self.n,
            "cross_entropy_nats_before": round(self.before, 5),
            "cross_entropy_nats_after": round(self.after, 5),
        }


def fit_vote_temperature(votes: Float64, answers: Float64) -> VoteTemperature:
    """Find the temperature of the smallest mean cross-entropy; give it pictures that nothing else is told of [3].

    Args:
        votes, answers: (N, K), N >= 1.
    """
    if len(votes) == 0 or votes.shape != answers.shape:
        raise ValueError(f"expected votes and answers of one shape, got {votes.shape} and {answers.shape}")

    def loss(log_temperature: float) -> float:
        return float(cross_entropy_nats(votes, answers, math.exp(log_temperature)).mean())

    ends = tuple(math.log(end) for end in TEMPERATURES)
    # In log T there is one minimum: the cross-entropy is convex in 1 / T.
    found = minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-6})
    return VoteTemperature(math.exp(float(found.x)), len(votes), loss(0.0), loss(float(found.x)))


def _log_tempered(answers: Float64, temperature: float) -> Float64:
    scaled = np.log(np.maximum(answers.astype(np.float64), _LEAST)) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    return np.asarray(scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True)))

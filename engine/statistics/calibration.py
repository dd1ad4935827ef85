"""Is a model as sure as it is right? Reliability by bins, the expected calibration error, and temperature scaling.

The expected calibration error [1] is taken over the confidence (the probability of the answer) in equal-width bins: the
mean over pictures of |accuracy - mean confidence| of their bin. It depends on the number of bins, which stands with
it. Temperature scaling [2] divides the logits by one number T, found by the smallest negative log likelihood on
pictures that are not reported on. The logits are read off the stored probabilities: softmax(log p / T) is
softmax(logits / T).

[1] M. P. Naeini, G. F. Cooper, M. Hauskrecht. Obtaining Well Calibrated Probabilities Using Bayesian Binning. AAAI
    2015.
[2] C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger. On Calibration of Modern Neural Networks. ICML 2017.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from engine.statistics.classification import wilson_interval

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

BINS: Final = 15
TEMPERATURES: Final = (0.05, 20.0)
"""Where T is looked for."""
_LEAST: Final = float(np.finfo(np.float32).smallest_subnormal)
"""What a probability of 0 counts as: the smallest that is stored above it."""


@dataclass(frozen=True)
class Bin:
    """Pictures with a confidence above ``low`` up to ``high``.

    ``confidence`` and ``accuracy`` are means in [0, 1], ``interval`` the accuracy's 95 % Wilson interval; None without
    pictures.
    """

    low: float
    high: float
    n: int
    confidence: float | None
    accuracy: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Calibration:
    """How well confidence and accuracy agree over ``n`` pictures.

    Attributes:
        bins: equal-width, from 0 to 1.
        ece: expected calibration error over them, in [0, 1].
        nll_nats: mean of -log p(label).
        confidence, accuracy: means in [0, 1].
    """

    n: int
    bins: tuple[Bin, ...]
    ece: float
    nll_nats: float
    confidence: float
    accuracy: float

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready figures, five digits."""
        return {
            "n": self.n,
            "bins": len(self.bins),
            "ece": round(self.ece, 5),
            "nll_nats": round(self.nll_nats, 5),
            "mean_confidence": round(self.confidence, 5),
            "accuracy": round(self.accuracy, 5),
        }


@dataclass(frozen=True)
class Temperature:
    """A fitted temperature.

    Attributes:
        value: logits are divided by it; above 1 makes a model less sure.
        n: pictures it was fitted on. nll_before, nll_after: nats, on those.
        bounded: whether an end of :data:`TEMPERATURES` does as well, so that the best one is not known.
    """

    value: float
    n: int
    nll_before: float
    nll_after: float
    bounded: bool


def log_probabilities(probabilities: Float64, temperature: float = 1.0) -> Float64:
    """Return log softmax(log p / T), float64 (N, K), of probabilities (N, K)."""
    scaled = np.log(np.maximum(probabilities.astype(np.float64), _LEAST)) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    return np.asarray(scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True)))


def tempered(probabilities: Float64, temperature: float) -> Float64:
    """Return the probabilities (N, K) of logits divided by ``temperature``; the order of classes stays."""
    return np.asarray(np.exp(log_probabilities(probabilities, temperature)))


def nll_nats(probabilities: Float64, labels: Int64, temperature: float = 1.0) -> float:
    """Return the mean of -log p(label) over N >= 1 pictures."""
    return float(-log_probabilities(probabilities, temperature)[np.arange(len(labels)), labels].mean())


def calibration(probabilities: Float64, labels: Int64, *, bins: int = BINS) -> Calibration:
    """Measure calibration.

    Args:
        probabilities: float64 (N, K). labels: int64 (N,), N >= 1. bins: how many, of equal width.
    """
    if len(labels) == 0 or len(labels) != len(probabilities) or bins < 1:
        raise ValueError(f"expected a label for each of 1 or more pictures, got {len(labels)} and {len(probabilities)}")
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    found: list[Bin] = []
    ece = 0.0
    for k in range(bins):
        inside = place == k
        n = int(inside.sum())
        low, high = float(edges[k]), float(edges[k + 1])
        if not n:
            found.append(Bin(low, high, 0, None, None, None))
            continue
        sure, share = float(confidence[inside].mean()), float(right[inside].mean())
        found.append(Bin(low, high, n, sure, share, wilson_interval(int(right[inside].sum()), n)))
        ece += n / len(labels) * abs(share - sure)
    return Calibration(
        len(labels), tuple(found), ece, nll_nats(probabilities, labels), float(confidence.mean()), float(right.mean())
    )


def fit_temperature(probabilities: Float64, labels: Int64) -> Temperature:
    """Find the temperature of the smallest negative log likelihood; give it pictures that nothing else is told of.

    Args:
        probabilities: float64 (N, K), of ``val``. labels: int64 (N,), N >= 1.
    """
    if len(labels) == 0:
        raise ValueError("expected one or more pictures to fit a temperature on, got none")
    ends = tuple(math.log(end) for end in TEMPERATURES)
    # In log T the problem has one minimum: the likelihood is concave in 1 / T.
    found = minimize_scalar(
        lambda log_t: nll_nats(probabilities, labels, math.exp(log_t)),
        bounds=ends,
        method="bounded",
        options={"xatol": 1e-6},
    )
    value = math.exp(float(found.x))
    after = nll_nats(probabilities, labels, value)
    bounded = any(nll_nats(probabilities, labels, end) <= after + 1e-9 for end in TEMPERATURES)
    return Temperature(value, len(labels), nll_nats(probabilities, labels), after, bounded)

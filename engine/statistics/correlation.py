"""How far two figures of the same pictures rise together: Spearman's rank correlation with a bootstrap interval.

[1] C. Spearman. The proof and measurement of association between two things. American Journal of Psychology 15, 1904.
[2] B. Efron, R. J. Tibshirani. An Introduction to the Bootstrap. Chapman & Hall 1993, chapter 13.

Departure: resampled are the pictures' ranks among all pictures, not their ranks among the resampled ones, which is what
makes thousands of resamples cheap; for hundreds of pictures the two hardly differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from engine.statistics.intervals import LEVEL, RESAMPLES

Float64 = NDArray[np.float64]

_CHUNK = 250
"""Resamples at once; bounds the memory."""


@dataclass(frozen=True)
class Correlation:
    """Spearman's rho over ``n`` pictures and its 95 % interval, in [-1, 1].

    ``rho``, ``low`` and ``high`` are None where a figure does not vary, or there are fewer than three pictures.
    """

    rho: float | None
    low: float | None
    high: float | None
    n: int

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, five digits."""
        rho, low, high = (None if v is None else round(v, 5) for v in (self.rho, self.low, self.high))
        return {"rho": rho, "low": low, "high": high, "n": self.n}


def rank_correlation(one: Float64, other: Float64, *, seed: int = 0, resamples: int = RESAMPLES) -> Correlation:
    """Return the rank correlation of two figures, float64 (N,) each; ties share their mean rank.

    Args:
        seed: of the resampling. resamples: how many times N pictures are drawn.
    """
    if one.shape != other.shape or one.ndim != 1:
        raise ValueError(f"expected two figures of the same pictures, got {one.shape} and {other.shape}")
    n = len(one)
    if n < 3 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return Correlation(None, None, None, n)
    x, y = (rankdata(values) - (n + 1) / 2 for values in (one, other))
    # What a correlation is made of, so that a resample is a weighted sum of rows.
    parts = np.stack([x, y, x * x, y * y, x * y], axis=1)
    observed = float(_correlation(parts.mean(axis=0)[None])[0])
    rng = np.random.default_rng(seed)
    drawn = []
    for start in range(0, resamples, _CHUNK):
        size = min(_CHUNK, resamples - start)
        weights = rng.multinomial(n, np.full(n, 1 / n), size=size) / n
        drawn.append(_correlation(weights @ parts))
    values = np.concatenate(drawn)
    tail = 50.0 * (1.0 - LEVEL)
    low, high = np.nanpercentile(values, [tail, 100.0 - tail])
    return Correlation(observed, float(low), float(high), n)


def _correlation(means: Float64) -> Float64:
    """Return correlations (R,) from means (R, 5) of x, y, x², y², xy; NaN where a figure does not vary."""
    x, y, xx, yy, xy = means.T
    spread = np.sqrt(np.maximum((xx - x * x) * (yy - y * y), 0.0))
    return np.asarray(np.divide(xy - x * y, spread, out=np.full(len(x), np.nan), where=spread > 0))

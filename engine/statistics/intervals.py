"""How sure a mean is: the percentile bootstrap over pictures.

[1] B. Efron, R. J. Tibshirani. An Introduction to the Bootstrap. Chapman & Hall 1993, chapter 13.

Pictures are drawn with replacement, all columns of a picture together; a difference of two maps is a column of its own,
so that its interval is a paired one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

RESAMPLES: Final = 2_000
LEVEL: Final = 0.95
_CHUNK: Final = 250
"""Resamples at once, at most."""
_DRAWS: Final = 20_000_000
"""Pictures drawn at once; bounds the memory (2 x 8 bytes each), and changes results in the last bits only."""


@dataclass(frozen=True)
class Estimate:
    """A mean over ``n`` pictures and its interval.

    ``mean`` is None where there is no picture; ``low`` and ``high`` are None where there are fewer than two, since one
    picture says nothing about how much pictures differ.
    """

    mean: float | None
    low: float | None
    high: float | None
    n: int

    def as_dict(self) -> dict[str, float | int | None]:
        """Return JSON-ready values, five digits."""
        mean, low, high = (None if v is None else round(v, 5) for v in (self.mean, self.low, self.high))
        return {"mean": mean, "low": low, "high": high, "n": self.n}


def bootstrap_means(
    values: Float64, *, seed: int = 0, resamples: int = RESAMPLES, level: float = LEVEL
) -> tuple[Estimate, ...]:
    """Estimate the mean of each column with its percentile interval.

    Args:
        values: (N, M) float64; NaN where a picture has no value, which leaves it out of that column only.
        seed: of the resampling; the same seed and values give the same intervals.
        resamples: how many times N pictures are drawn.
        level: the share of resampled means inside the interval, split evenly outside it.

    Returns:
        M estimates, in the order of the columns.

    Raises:
        ValueError: ``values`` has not two axes, or ``resamples`` or ``level`` is out of range.
    """
    if values.ndim != 2:
        raise ValueError(f"expected values (pictures, columns), got {values.shape}")
    if resamples < 1 or not 0.0 < level < 1.0:
        raise ValueError(f"expected resamples >= 1 and a level in (0, 1), got {resamples} and {level}")
    count, columns = values.shape
    present = ~np.isnan(values)
    known = present.sum(axis=0)
    if count == 0 or columns == 0:
        return tuple(Estimate(None, None, None, 0) for _ in range(columns))
    # Resampled are the deviations from the mean: they round finer than the values do.
    filled = np.where(present, values, 0.0)
    middle = filled.sum(axis=0) / np.maximum(known, 1)
    deviation = np.where(present, values - middle, 0.0)
    rng = np.random.default_rng(seed)
    means: list[Float64] = []
    chunk = max(1, min(_CHUNK, _DRAWS // count))
    for start in range(0, resamples, chunk):
        rows = min(chunk, resamples - start)
        drawn = rng.integers(count, size=(rows, count))
        times = np.bincount((drawn + count * np.arange(rows)[:, None]).ravel(), minlength=rows * count)
        weights = times.reshape(rows, count).astype(np.float64)
        total = weights @ present.astype(np.float64)
        # Nothing drawn of a sparse column: that resample has no mean and is left out of the percentiles.
        means.append(np.where(total > 0, weights @ deviation / np.maximum(total, 1.0), np.nan))
    drawn_means = np.concatenate(means)
    tail = 50.0 * (1.0 - level)
    estimates = []
    for column in range(columns):
        n = int(known[column])
        mean = low = high = None
        if n:
            seen = values[present[:, column], column]
            # A mean lies among its values; rounding must not carry it out (to a share of -1e-17).
            inside = partial(np.clip, a_min=seen.min(), a_max=seen.max())
            mean = float(inside(middle[column]))
            if n > 1:
                ends = np.nanpercentile(drawn_means[:, column], [tail, 100.0 - tail])
                low, high = (float(inside(middle[column] + end)) for end in ends)
        estimates.append(Estimate(mean, low, high, n))
    return tuple(estimates)

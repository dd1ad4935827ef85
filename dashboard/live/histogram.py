"""Percentiles of durations in memory that does not grow: a count for each millisecond."""

from __future__ import annotations

from typing import Final

import numpy as np

LARGEST_MILLISECONDS: Final = 10_000
"""Longer ones count as this."""


class MillisecondHistogram:
    """Durations, to the millisecond."""

    def __init__(self) -> None:
        self._counts = np.zeros(LARGEST_MILLISECONDS + 1, dtype=np.int64)

    def __len__(self) -> int:
        return int(self._counts.sum())

    def add(self, milliseconds: float) -> None:
        """Count one duration, 0 or more."""
        self._counts[min(LARGEST_MILLISECONDS, max(0, round(milliseconds)))] += 1

    def quantile(self, share: float) -> float | None:
        """Return the smallest duration in milliseconds that ``share`` in (0, 1] of all do not exceed; None of none."""
        total = len(self)
        if not total:
            return None
        return float(np.searchsorted(np.cumsum(self._counts), max(1, np.ceil(share * total))))

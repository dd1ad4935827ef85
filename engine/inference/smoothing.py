"""One face's answers over time: probabilities smoothed exponentially, and a label that does not flicker.

Both work on time, not on frames, so that a slow machine or a film of another rate gives the same behaviour.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.errors import UsageError
from engine.records import Float32


@dataclass(frozen=True)
class Smoothing:
    """How strongly to smooth.

    Attributes:
        half_life_seconds: after this time an answer counts half; 0 takes each frame by itself.
        margin: by how much another class must be ahead of the label shown, difference of probabilities in [0, 1).
        hold_seconds: for how long without a break it must be ahead; 0 with margin 0 shows the best class at once.
    """

    half_life_seconds: float = 0.3
    margin: float = 0.08
    hold_seconds: float = 0.25

    def __post_init__(self) -> None:
        if not (0.0 <= self.half_life_seconds <= 60.0 and 0.0 <= self.hold_seconds <= 60.0):
            raise UsageError(
                f"Expected smoothing from 0 to 60 seconds, got {self.half_life_seconds} (half-life) and "
                f"{self.hold_seconds} (hold); choose others."
            )
        if not 0.0 <= self.margin < 1.0:
            raise UsageError(f"Expected a label margin from 0 to below 1, got {self.margin}; choose another.")


NO_SMOOTHING = Smoothing(half_life_seconds=0.0, margin=0.0, hold_seconds=0.0)
"""Each frame by itself."""


@dataclass(frozen=True, eq=False)
class Smoothed:
    """The state after one answer: (K,) float32 probabilities that sum to 1, and the index of the label shown."""

    probabilities: Float32
    label: int


class AnswerSmoother:
    """The memory of one face and one model."""

    def __init__(self) -> None:
        self._probabilities: Float32 | None = None
        self._seconds = 0.0
        self._label = 0
        self._ahead_since: float | None = None

    def update(self, probabilities: Float32, seconds: float, how: Smoothing) -> Smoothed:
        """Take one answer.

        Args:
            probabilities: (K,) float32, sums to 1.
            seconds: when the frame was taken; time that does not advance counts as none passed.
            how: may change from call to call.
        """
        if self._probabilities is None:
            smoothed = probabilities.astype(np.float32)
            self._label = int(smoothed.argmax())
        else:
            passed = max(0.0, seconds - self._seconds)
            kept = 0.5 ** (passed / how.half_life_seconds) if how.half_life_seconds > 0.0 else 0.0
            smoothed = (kept * self._probabilities + (1.0 - kept) * probabilities).astype(np.float32)
        self._probabilities = smoothed
        self._seconds = max(self._seconds, seconds)
        self._settle_label(smoothed, seconds, how)
        return Smoothed(smoothed, self._label)

    def _settle_label(self, smoothed: Float32, seconds: float, how: Smoothing) -> None:
        """Change the label once another class has been ahead by the margin for the whole hold."""
        best = int(smoothed.argmax())
        if best == self._label or float(smoothed[best] - smoothed[self._label]) < how.margin:
            self._ahead_since = None
            return
        if self._ahead_since is None:
            self._ahead_since = seconds
        if seconds - self._ahead_since >= how.hold_seconds:
            self._label, self._ahead_since = best, None

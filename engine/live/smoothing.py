"""One face's answers over time: probabilities smoothed exponentially, and a label that does not flicker.

Both work on time, not on frames, so that a slow machine or a film of another rate gives the same behaviour.

The label is kept by a cumulative sum [1] of how far another class is ahead in the answers themselves: one that leads
clearly takes over within a few frames, one that leads narrowly must do so for longer, and one that leads now and then
never comes so far. When it takes over, the average starts anew from the answers that made it do so: what was shown
before the expression changed would only delay what is shown after it.

[1] E. S. Page. Continuous Inspection Schemes. Biometrika 41(1/2), 1954.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.errors import UsageError
from engine.records import Float32

_ONE_ANSWER = 0.75
"""Share of the hold that one answer can fill at most: at few frames a second, too, none changes the label alone."""


@dataclass(frozen=True)
class Smoothing:
    """How strongly to smooth.

    Attributes:
        half_life_seconds: after this time an answer counts half; 0 takes each frame by itself.
        margin: what a class must be ahead of the label shown to gain on it, difference of probabilities in [0, 1).
        patience: half-lives for which a class must be ahead by 1 more than the margin to be shown; one that is ahead
            by half as much needs twice as long. 0 shows the class that is ahead by the margin at once.
    """

    half_life_seconds: float = 0.3
    margin: float = 0.1
    patience: float = 0.25

    def __post_init__(self) -> None:
        if not 0.0 <= self.half_life_seconds <= 60.0:
            raise UsageError(f"Expected smoothing from 0 to 60 seconds, got {self.half_life_seconds}; choose another.")
        if not 0.0 <= self.margin < 1.0:
            raise UsageError(f"Expected a label margin from 0 to below 1, got {self.margin}; choose another.")
        if not 0.0 <= self.patience <= 10.0:
            raise UsageError(f"Expected a label's patience from 0 to 10, got {self.patience}; choose another.")

    @property
    def hold_seconds(self) -> float:
        """The patience in seconds."""
        return self.patience * self.half_life_seconds


NO_SMOOTHING = Smoothing(half_life_seconds=0.0, margin=0.0, patience=0.0)
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
        self._gained = np.zeros(0)  # (K,) seconds at full lead that each class has gained on the label
        self._since = np.zeros(0)  # (K,) sum of the answers since one gained, each times its weight in seconds
        self._since_seconds = 0.0

    def update(self, probabilities: Float32, seconds: float, how: Smoothing) -> Smoothed:
        """Take one answer.

        Args:
            probabilities: (K,) float32, sums to 1.
            seconds: when the frame was taken; time that does not advance counts as none passed.
            how: may change from call to call.
        """
        if self._probabilities is None:
            self._probabilities = probabilities.astype(np.float32)
            self._label = int(probabilities.argmax())
            self._start_over()
        else:
            passed = max(0.0, seconds - self._seconds)
            kept = 0.5 ** (passed / how.half_life_seconds) if how.half_life_seconds > 0.0 else 0.0
            self._probabilities = (kept * self._probabilities + (1.0 - kept) * probabilities).astype(np.float32)
            self._settle_label(probabilities, passed, how)
        self._seconds = max(self._seconds, seconds)
        return Smoothed(self._probabilities, self._label)

    def _settle_label(self, answer: Float32, passed: float, how: Smoothing) -> None:
        """Count what each class gains on the label with this answer, and show one that has gained enough."""
        lead = answer.astype(np.float64) - float(answer[self._label]) - how.margin
        weight = min(passed, _ONE_ANSWER * how.hold_seconds)
        self._gained = np.maximum(0.0, self._gained + weight * lead)
        if self._gained.any():
            self._since += weight * answer
            self._since_seconds += weight
        else:
            self._start_over()
        best = int((self._gained if how.hold_seconds > 0.0 else lead).argmax())
        over = self._gained[best] >= how.hold_seconds if how.hold_seconds > 0.0 else lead[best] >= 0.0
        if best != self._label and over:
            self._label = best
            if self._since_seconds > 0.0:
                self._probabilities = (self._since / self._since_seconds).astype(np.float32)
            self._start_over()

    def _start_over(self) -> None:
        """Let no class have gained anything on the label."""
        classes = 0 if self._probabilities is None else len(self._probabilities)
        self._gained, self._since, self._since_seconds = np.zeros(classes), np.zeros(classes), 0.0

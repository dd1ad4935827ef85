"""The last half minute of each face, sampled for the timeline."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from engine.inference.live_frame import LiveFrame
from engine.records import Float32

SPAN_SECONDS: Final = 30.0
STEP_SECONDS: Final = 0.2
"""Between samples: finer than the eye reads a line of half a minute."""


@dataclass(frozen=True, eq=False)
class FaceHistory:
    """One face's smoothed probabilities by the main model, oldest first.

    Attributes:
        track: the face's number.
        classes: K names.
        ages: (N,) float32, seconds before now, falling from at most :data:`SPAN_SECONDS`.
        probabilities: (N, K) float32.
        label: shown now, or last.
        confidence: its probability, in [0, 1].
    """

    track: int
    classes: tuple[str, ...]
    ages: Float32
    probabilities: Float32
    label: str
    confidence: float

    def __post_init__(self) -> None:
        if self.probabilities.shape != (len(self.ages), len(self.classes)):
            raise ValueError(
                f"expected probabilities as ({len(self.ages)}, {len(self.classes)}), got {self.probabilities.shape}"
            )


@dataclass
class _Line:
    model: str
    classes: tuple[str, ...]
    label: str = ""
    confidence: float = 0.0
    samples: deque[tuple[float, Float32]] = field(default_factory=deque)


class HistoryMemory:
    """Samples of one stream; what is older than the span is forgotten, and faces with it."""

    def __init__(self) -> None:
        self._lines: dict[int, _Line] = {}
        self._now = 0.0

    def add(self, live: LiveFrame) -> None:
        """Sample the frame's faces; another main model starts a face's line anew."""
        self._now = now = live.timestamp_seconds
        for face in live.faces:
            reading = face.reading
            line = self._lines.get(face.track)
            if line is None or line.model != reading.model:
                line = self._lines[face.track] = _Line(reading.model, reading.classes)
            line.label, line.confidence = reading.label, reading.confidence
            if not line.samples or now - line.samples[-1][0] >= STEP_SECONDS:
                line.samples.append((now, reading.probabilities))
        for line in self._lines.values():
            while line.samples and now - line.samples[0][0] > SPAN_SECONDS:
                line.samples.popleft()
        self._lines = {track: line for track, line in self._lines.items() if line.samples}

    def faces(self, count: int) -> tuple[FaceHistory, ...]:
        """Return the ``count`` faces sampled last, by track number."""
        latest = sorted(self._lines, key=lambda track: -self._lines[track].samples[-1][0])[:count]
        return tuple(self._record(track, self._lines[track]) for track in sorted(latest))

    def _record(self, track: int, line: _Line) -> FaceHistory:
        ages = np.array([self._now - seconds for seconds, _ in line.samples], dtype=np.float32)
        probabilities = np.stack([values for _, values in line.samples])
        return FaceHistory(track, line.classes, ages, probabilities, line.label, line.confidence)

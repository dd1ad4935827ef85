"""The last half minute of each face, sampled for the timeline."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.live.frame import LiveFrame
from engine.records import Float32

SPAN_SECONDS: Final = 30.0
STEP_SECONDS: Final = 0.2
"""Between samples: finer than the eye reads a line of half a minute."""
PAUSE_SECONDS: Final = 5.0
"""Without a frame; lines begin anew after it."""


@dataclass(frozen=True, eq=False)
class FaceHistory:
    """One face's smoothed probabilities by the main model, oldest first.

    Attributes:
        track: the face's number.
        classes: K names.
        ages: (N,) float32, seconds before now, falling from at most :data:`SPAN_SECONDS`.
        probabilities: (N, K) float32.
        starts: (N,) bool, where a line begins: before it the face was away.
        label: shown now, or last.
        confidence: its probability, in [0, 1].
        whole: whether it is no face but each frame as one picture.
    """

    track: int
    classes: tuple[str, ...]
    ages: Float32
    probabilities: Float32
    starts: NDArray[np.bool_]
    label: str
    confidence: float
    whole: bool = False

    def __post_init__(self) -> None:
        if self.probabilities.shape != (len(self.ages), len(self.classes)) or len(self.starts) != len(self.ages):
            raise ValueError(
                f"expected probabilities as ({len(self.ages)}, {len(self.classes)}) and as many starts, got "
                f"{self.probabilities.shape} and {len(self.starts)}"
            )


@dataclass
class _Line:
    model: str
    classes: tuple[str, ...]
    label: str = ""
    confidence: float = 0.0
    away: bool = True
    whole: bool = False
    samples: deque[tuple[float, Float32, bool]] = field(default_factory=deque)


class HistoryMemory:
    """Samples of one stream; what is older than the span is forgotten, and faces with it."""

    def __init__(self) -> None:
        self._lines: dict[int, _Line] = {}
        self._now = 0.0

    def add(self, live: LiveFrame) -> None:
        """Sample the frame's faces; another main model starts a face's line anew."""
        now = live.timestamp_seconds
        paused = now - self._now > PAUSE_SECONDS
        self._now = now
        shown = {face.track for face in live.faces}
        for track, known in self._lines.items():
            known.away = known.away or paused or track not in shown
        for face in live.faces:
            reading = face.reading
            line = self._lines.get(face.track)
            if line is None or line.model != reading.model:
                line = self._lines[face.track] = _Line(reading.model, reading.classes, whole=face.over is not None)
            line.label, line.confidence = reading.label, reading.confidence
            if line.away or now - line.samples[-1][0] >= STEP_SECONDS:
                line.samples.append((now, reading.probabilities, line.away))
                line.away = False
        for line in self._lines.values():
            while line.samples and now - line.samples[0][0] > SPAN_SECONDS:
                line.samples.popleft()
        self._lines = {track: line for track, line in self._lines.items() if line.samples}

    def faces(self, count: int) -> tuple[FaceHistory, ...]:
        """Return the ``count`` faces sampled last, by track number."""
        latest = sorted(self._lines, key=lambda track: -self._lines[track].samples[-1][0])[:count]
        return tuple(self._record(track, self._lines[track]) for track in sorted(latest))

    def _record(self, track: int, line: _Line) -> FaceHistory:
        ages = np.array([self._now - seconds for seconds, _, _ in line.samples], dtype=np.float32)
        probabilities = np.stack([values for _, values, _ in line.samples])
        starts = np.array([start for _, _, start in line.samples], dtype=np.bool_)
        return FaceHistory(track, line.classes, ages, probabilities, starts, line.label, line.confidence, line.whole)

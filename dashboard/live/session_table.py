"""The table of a session as CSV text, in memory: one row for each frame, face and model."""

from __future__ import annotations

import csv
import io
from collections import OrderedDict, deque
from typing import Final

from engine.live.frame import LiveFace, LiveFrame, ModelReading

ROWS_KEPT: Final = 60_000
"""The latest; one face and one model at 25 frames a second fill them in 40 minutes, with about 10 MB."""
_WAITING: Final = 30  # frames whose latency may still be reported: where frames are dropped, it comes many late

PLACES: Final[tuple[str, ...]] = (
    "frame", "time_seconds", "latency_ms", "server_ms", "face", "seen", "left", "top", "width", "height", "model",
    "label", "confidence", "raw_label",
)  # fmt: skip
"""The first columns. ``time_seconds`` counts from the session's first frame on the browser's clock; ``latency_ms`` is
from camera to screen, empty where the browser did not report it; boxes are in pixels of the frame as it was taken;
``label``, ``confidence`` and ``p_...`` are smoothed, ``raw_label`` is not. A frame without a face has one row without
one."""


class SessionTable:
    """Rows of one session.

    Args:
        classes: every class that a model may answer; a column each.
    """

    def __init__(self, classes: tuple[str, ...]) -> None:
        self.columns = (*PLACES, *(f"p_{name}" for name in classes))
        self.dropped = 0
        self._classes = classes
        self._start: float | None = None
        self._rows: deque[str] = deque()
        self._waiting: OrderedDict[int, list[list[object]]] = OrderedDict()

    def add(self, live: LiveFrame, server_seconds: float) -> None:
        """Take the rows of one frame; they wait some frames for their latency."""
        if self._start is None:
            self._start = live.timestamp_seconds
        first = [live.index, f"{live.timestamp_seconds - self._start:.4f}", "", f"{1000 * server_seconds:.1f}"]
        rows = [[*first, *self._reading(face, reading)] for face in live.faces for reading in face.readings]
        self._waiting[live.index] = rows or [[*first, *[""] * (len(self.columns) - len(first))]]
        while len(self._waiting) > _WAITING:
            self._close(next(iter(self._waiting)))

    def shown(self, index: int, latency_milliseconds: float) -> None:
        """Note a frame's latency; one that came too late for it is left without."""
        for row in self._waiting.get(index, ()):
            row[PLACES.index("latency_ms")] = f"{latency_milliseconds:.1f}"

    def text(self) -> str:
        """Return the whole table."""
        while self._waiting:
            self._close(next(iter(self._waiting)))
        return _line(self.columns) + "".join(self._rows)

    def _reading(self, face: LiveFace, reading: ModelReading) -> list[object]:
        probability = dict(zip(reading.classes, reading.probabilities, strict=True))
        return [
            face.track,
            int(face.seen),
            *face.box.as_list(),
            reading.model,
            reading.label,
            f"{reading.confidence:.4f}",
            reading.raw_label,
            *(f"{probability[name]:.4f}" if name in probability else "" for name in self._classes),
        ]

    def _close(self, index: int) -> None:
        self._rows.extend(_line(row) for row in self._waiting.pop(index))
        while len(self._rows) > ROWS_KEPT:
            self._rows.popleft()
            self.dropped += 1


def _line(values: tuple[str, ...] | list[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(values)
    return buffer.getvalue()

"""What a session came to: how fast it was, and for how long each face was read as what."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from dataclasses import dataclass, field
from typing import Final

from dashboard.live.histogram import MillisecondHistogram
from engine.live.frame import LiveFrame

FACES_KEPT: Final = 200
"""Faces remembered, the latest found."""
_LONGEST_STEP: Final = 1.0  # seconds; a longer break between frames is nobody's time


@dataclass(frozen=True)
class FaceSummary:
    """One face by the main model: seconds in sight, (label, share of them) largest first, and label changes.

    ``whole``: it is no face but the frames as pictures.
    """

    track: int
    seconds: float
    shares: tuple[tuple[str, float], ...]
    changes: int
    whole: bool = False


@dataclass(frozen=True)
class SessionSummary:
    """A session's figures; times in milliseconds are None where nothing was measured.

    Attributes:
        seconds: between the first frame taken and the last.
        frames: answered by the server. shown: of those, seen on the screen as the browser reported.
        with_face: frames with one face or more.
        frames_per_second: shown, over ``seconds``.
        latency_median, latency_95: camera to screen, median and 95th percentile.
        server_median, server_95: from the frame's arrival at the server to its answer.
        faces: in order of appearance.
        rows_dropped: table rows that are gone because the session was long.
    """

    seconds: float
    frames: int
    shown: int
    with_face: int
    frames_per_second: float | None
    latency_median: float | None
    latency_95: float | None
    server_median: float | None
    server_95: float | None
    faces: tuple[FaceSummary, ...]
    rows_dropped: int = 0


@dataclass
class _Seen:
    seconds: float = 0.0
    by_label: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    label: str = ""
    changes: int = 0
    latest: float = 0.0
    whole: bool = False


class SessionTally:
    """Counts while a session runs; its memory does not grow with time."""

    def __init__(self) -> None:
        self._latency, self._server = MillisecondHistogram(), MillisecondHistogram()
        self._first: float | None = None
        self._latest = 0.0
        self._frames = self._with_face = 0
        self._faces: OrderedDict[int, _Seen] = OrderedDict()

    def add(self, live: LiveFrame, server_seconds: float) -> None:
        """Count one frame."""
        now = live.timestamp_seconds
        self._first = now if self._first is None else self._first
        self._latest = now
        self._frames += 1
        self._with_face += bool(live.faces)
        self._server.add(1000 * server_seconds)
        for face in live.faces:
            seen = self._faces.setdefault(face.track, _Seen(label=face.label, latest=now, whole=face.over is not None))
            passed = now - seen.latest
            if passed <= _LONGEST_STEP:
                seen.seconds += passed
                seen.by_label[seen.label] += passed  # the time since its last frame was the label's shown then
            seen.changes += face.label != seen.label
            seen.label, seen.latest = face.label, now
        while len(self._faces) > FACES_KEPT:
            self._faces.popitem(last=False)

    def shown(self, latency_milliseconds: float) -> None:
        """Count one frame that the browser showed."""
        self._latency.add(latency_milliseconds)

    def summary(self, rows_dropped: int = 0) -> SessionSummary:
        """Return the figures so far."""
        seconds = 0.0 if self._first is None else self._latest - self._first
        shown = len(self._latency)
        return SessionSummary(
            seconds=seconds,
            frames=self._frames,
            shown=shown,
            with_face=self._with_face,
            frames_per_second=shown / seconds if seconds > 0.0 and shown > 1 else None,
            latency_median=self._latency.quantile(0.5),
            latency_95=self._latency.quantile(0.95),
            server_median=self._server.quantile(0.5),
            server_95=self._server.quantile(0.95),
            faces=tuple(_summary(track, seen) for track, seen in self._faces.items()),
            rows_dropped=rows_dropped,
        )


def _summary(track: int, seen: _Seen) -> FaceSummary:
    shares = sorted(seen.by_label.items(), key=lambda item: -item[1])
    whole = max(seen.seconds, 1e-9)
    return FaceSummary(
        track, seen.seconds, tuple((name, value / whole) for name, value in shares), seen.changes, seen.whole
    )

"""One person's camera: their choices, their pipeline, and what their session has come to. Shared with nobody."""

from __future__ import annotations

import math
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dashboard.live.choices import Choices
from dashboard.live.exchange import read_frame, write_frame
from dashboard.live.history import HistoryMemory
from dashboard.live.limits import Limits
from dashboard.live.live_loaders import LiveModels
from dashboard.live.pace import Pace
from dashboard.live.session_summary import SessionSummary, SessionTally
from dashboard.live.session_table import SessionTable
from dashboard.live.timeline import FACES, timeline
from dashboard.live.turn import LatestTurn
from dashboard.live.views import mirrored, seen_by
from engine.errors import UsageError
from engine.live.annotate import annotate
from engine.live.frame import LiveFrame
from engine.live.pipeline import LivePipeline
from engine.records import UInt8

TIMELINE_EVERY_SECONDS = 0.5
_REPORTS = 16  # latencies that one message may carry
_LONGEST_LATENCY = 60_000.0  # milliseconds


@dataclass(frozen=True)
class DrawnFrame:
    """One model's picture: the checkpoint's name, what stands under it, and the frame as a JPEG's data address."""

    model: str
    caption: str
    address: str


@dataclass(frozen=True)
class FrameAnswer:
    """What goes back for one frame.

    Attributes:
        index: the frame's, from 0 in this session.
        pictures: one a model, the main one first.
        faces: how many are shown.
        server_milliseconds: from the frame's arrival to this answer.
        worked_milliseconds: of it, without the wait for the frame before.
        timeline: HTML, or None where it is not due.
    """

    index: int
    pictures: tuple[DrawnFrame, ...]
    faces: int
    server_milliseconds: float
    worked_milliseconds: float
    timeline: str | None

    def document(self) -> dict[str, Any]:
        """Return what the page's script reads."""
        return {
            "index": self.index,
            "pictures": [asdict(item) for item in self.pictures],
            "faces": self.faces,
            "server_ms": round(self.server_milliseconds, 1),
            "worked_ms": round(self.worked_milliseconds, 1),
            "timeline": self.timeline,
        }


class Viewer:
    """State of one open page; safe to call from several threads, which take turns.

    Args:
        models: shared by all.
        limits: see :class:`Limits`.
        choices: the controls' first values.
        clock: seconds that never run backwards.
    """

    def __init__(
        self, models: LiveModels, limits: Limits, choices: Choices, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.token = secrets.token_urlsafe(24)
        self.used = clock()
        self.running = False
        self._models, self._limits, self._clock = models, limits, clock
        self._lock = threading.Lock()
        self._turn = LatestTurn()
        self._choices = choices
        self._pipeline: LivePipeline | None = None
        self._latest: str | None = None
        self._taken = 0.0
        self._drawn: float | None = None
        self._reset()

    @property
    def choices(self) -> Choices:
        """The controls' values that are in force."""
        return self._choices

    def choose(self, choices: Choices) -> None:
        """Take other choices from the next frame on; where they make no sense the old ones stay.

        Raises:
            FerLensError: no such model, overlay or layer, or the model has no such gate.
        """
        main, beside = self._load(choices)
        with self._lock:
            if self._pipeline is None:
                self._pipeline = LivePipeline(main, main.live_detector, beside=beside, settings=choices.settings())
            else:
                self._pipeline.configure(choices.settings(), model=main, beside=beside)
            self._choices = choices

    def begin(self) -> None:
        """Start a session: no face is known, nothing is counted."""
        main, beside = self._load(self._choices)
        with self._lock:
            self._pipeline = LivePipeline(main, main.live_detector, beside=beside, settings=self._choices.settings())
            self._reset()
            self.running, self.used = True, self._clock()

    def frame(self, address: object, taken: object, reports: object) -> FrameAnswer | None:
        """Answer one frame; None where it is dropped: a later one came while it waited, or too many come.

        Args:
            address: see :func:`dashboard.live.exchange.read_frame`.
            taken: milliseconds on the browser's clock.
            reports: (index, milliseconds from camera to screen) of frames shown since the last message.

        Raises:
            FerLensError: the session has not begun, or this is no frame.
        """
        came = self._clock()
        with self._turn.take() as granted:
            if not granted:
                return None
            with self._lock:
                return self._answer(address, taken, reports, came)

    def finish(self, reports: object = ()) -> SessionSummary:
        """End the session and say what it came to; its table stays until the next one begins."""
        with self._lock:
            self._note(reports)
            self.running = False
            self._latest = None
            return self._tally.summary(self._table.dropped)

    def table(self) -> str:
        """Return the session's table as CSV text, as far as it has come."""
        with self._lock:
            return self._table.text()

    def snapshot(self) -> str:
        """Return the latest frame as it was taken, a JPEG's data address. Raises UsageError where there is none."""
        if self._latest is None:
            raise UsageError("Expected a frame to take, but none has come; start the camera first.")
        return self._latest

    def _answer(self, address: object, taken: object, reports: object, came: float) -> FrameAnswer | None:
        if self._pipeline is None or not self.running:
            raise UsageError("Expected a running session, but this one has ended; start the camera again.")
        self.used = began = self._clock()
        if not self._pace.allows(came):
            return None
        self._note(reports)  # of a dropped frame the page sends them again
        pixels = read_frame(address, largest_bytes=1_000 * self._limits.frame_kilobytes)
        self._latest = str(address)
        live = self._pipeline.process(pixels, self._seconds(taken))
        pictures = self._draw(pixels, live)
        self._history.add(live)
        lines = self._timeline(live)
        done = self._clock()
        self._tally.add(live, done - came)
        self._table.add(live, done - came)
        return FrameAnswer(live.index, pictures, len(live.faces), 1000 * (done - came), 1000 * (done - began), lines)

    def _load(self, choices: Choices) -> tuple[Any, Any]:
        main = self._models.predictor(choices.model)
        return main, None if choices.beside is None else self._models.predictor(choices.beside)

    def _reset(self) -> None:
        self._history, self._tally = HistoryMemory(), SessionTally()
        self._table = SessionTable(self._models.classes())
        self._latest = None
        self._taken = 0.0
        self._drawn = None
        self._pace = Pace(self._limits.frames_per_second)

    def _seconds(self, taken: object) -> float:
        """Return the frame's time; a page that sends nonsense gets the server's clock instead of an error."""
        if isinstance(taken, int | float) and math.isfinite(taken):
            self._taken = max(self._taken, float(taken) / 1000)
        return self._taken

    def _note(self, reports: object) -> None:
        """Count the latencies that the browser reports; what is none is passed over."""
        if not isinstance(reports, Sequence) or isinstance(reports, str):
            return
        for report in reports[:_REPORTS]:
            if not (isinstance(report, Sequence) and len(report) == 2):
                continue
            index, latency = report
            if not (isinstance(index, int) and isinstance(latency, int | float)):
                continue
            if 0.0 <= latency <= _LONGEST_LATENCY:
                self._tally.shown(float(latency))
                self._table.shown(index, float(latency))

    def _draw(self, pixels: UInt8, live: LiveFrame) -> tuple[DrawnFrame, ...]:
        drawing = self._choices.drawing()
        shown, seen = mirrored(pixels, live) if self._choices.mirror else (pixels, live)
        return tuple(
            DrawnFrame(
                name, _caption(name, seen_by(seen, slot)), write_frame(annotate(shown, seen_by(seen, slot), drawing))
            )
            for slot, name in enumerate(self._choices.models)
        )

    def _timeline(self, live: LiveFrame) -> str | None:
        now = live.timestamp_seconds
        if self._drawn is not None and now - self._drawn < TIMELINE_EVERY_SECONDS:
            return None
        self._drawn = now
        return timeline(self._history.faces(FACES))


def _caption(model: str, live: LiveFrame) -> str:
    """Say what is drawn over the faces, if anything."""
    seen = [face.reading for face in live.faces if face.seen]
    if live.overlay == "none" or not seen:
        return model
    if all(reading.face_map is None for reading in seen):  # a second model without the layer that was asked for
        return f"{model} · has no layer {live.layer}"
    if live.overlay == "gate":
        return f"{model} · attention gate {live.layer}, 0 to 1"
    return f"{model} · Grad-CAM {live.layer}, predicted class"

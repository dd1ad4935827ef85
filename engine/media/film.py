"""Read a film, a camera or a stream: upright RGB frames, each with its own time.

Times come from the film itself, frame by frame, so that a film of variable frame rate keeps its pace.
"""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final, Self
from urllib.parse import urlsplit

# FFmpeg's own complaints would stand beside our one sentence. OpenCV reads this when it first opens a film.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

import cv2
import cv2.utils.logging

from engine.errors import FilmError
from engine.media.budget import NARROWEST
from engine.media.pictures import MAXIMUM_PIXELS
from engine.records import UInt8

FilmSource = str | Path | int
"""A path, a stream's URL, or a camera's index."""

SCHEMES: Final = ("http", "https", "rtsp", "rtsps", "rtmp", "rtmps", "udp", "tcp", "srt")
"""Of streams. Others (FFmpeg knows many, among them some that read files) are refused."""
SMALLEST_SIDE: Final = 32
_RUN_UP_SECONDS: Final = 2.0  # a jump lands at a key frame near the time asked for
TIMEOUT_SECONDS: Final = 10
"""How long a stream may stay silent."""


@dataclass(frozen=True, eq=False)
class FilmFrame:
    """One frame: its index from 0, its time in seconds from the film's start, (H, W, 3) uint8 RGB pixels, upright."""

    index: int
    seconds: float
    pixels: UInt8


class Film:
    """An open film; use it in a ``with`` block, once.

    Attributes:
        name: to show, without any folder.
        live: whether it is a camera: it has no end, and its times are the clock's.
        frames_per_second: as the film says, on average; None where it says nothing credible.
        expected_frames: how many it says that it has; None where it does not know.
        width, height: of the upright frames, in pixels.
    """

    def __init__(self, capture: Any, name: str, *, live: bool) -> None:
        self.name, self.live = name, live
        self._capture = capture
        rate = float(capture.get(cv2.CAP_PROP_FPS))
        self.frames_per_second: float | None = rate if math.isfinite(rate) and 0.5 <= rate <= 240.0 else None
        count = float(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.expected_frames: int | None = int(count) if not live and 0 < count < 1e8 else None
        self._first = self._grab(0, 0.0)
        if self._first is None:
            raise FilmError(
                f"Expected a camera that gives pictures, but '{name}' gives none; close other programs that use it."
                if live
                else f"Expected a film, but not one frame of '{name}' can be read: it is damaged, cut short or holds "
                "no picture; copy or save it again as MP4."
            )
        self.height, self.width = self._first.pixels.shape[:2]
        short, long = sorted((self.width, self.height))
        if short < SMALLEST_SIDE or long > NARROWEST * short or short * long > MAXIMUM_PIXELS:
            raise FilmError(
                f"Expected frames of at least {SMALLEST_SIDE} x {SMALLEST_SIDE} pixels, at most {NARROWEST} times as "
                f"long as wide and at most {MAXIMUM_PIXELS // 10**6} megapixels, but '{name}' has "
                f"{self.width:,} x {self.height:,}; convert it."
            )
        self._given = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the file or the camera go."""
        self._capture.release()

    def skip_to(self, seconds: float) -> FilmFrame | None:
        """Jump to about ``seconds`` and return the frame there, from which :meth:`frames` can go on; None at the end.

        Its index is OpenCV's estimate. A jump may miss; look at the frame's time.
        """
        if self.live or seconds <= 0.0:
            return self._first
        self._capture.set(cv2.CAP_PROP_POS_MSEC, 1000.0 * (seconds + self._start))
        return self._grab(max(1, int(self._capture.get(cv2.CAP_PROP_POS_FRAMES))), 0.0)

    def frames(self, start: FilmFrame | None = None) -> Iterator[FilmFrame]:
        """Yield the frames in order, from the first or from ``start``; their times never run backwards."""
        frame, began = start or self._first, time.monotonic()
        while frame is not None:
            self._given = frame.index + 1
            yield frame
            after = frame.seconds
            frame = self._grab(self._given, after, clock=time.monotonic() - began if self.live else None)

    @property
    def cut_short(self) -> bool:
        """Whether fewer frames came than the film says that it has; asked after the last one.

        The counts of some formats are estimates, so a twentieth may be missing.
        """
        return self.expected_frames is not None and self._given < 0.95 * self.expected_frames - 1

    def _grab(self, index: int, after: float, *, clock: float | None = None) -> FilmFrame | None:
        ok, bgr = self._capture.read()
        if not ok or bgr is None:
            return None
        if bgr.ndim == 2:
            bgr = cv2.cvtColor(bgr, cv2.COLOR_GRAY2BGR)
        step = 1.0 / (self.frames_per_second or 25.0)
        said = clock if self.live else float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000.0
        if index == 0:
            self._start = said if said is not None and math.isfinite(said) else 0.0
            seconds = 0.0
        else:
            seconds = math.nan if said is None else said - (0.0 if self.live else self._start)
            if not (math.isfinite(seconds) and seconds > after):  # some streams give no times, or the same one twice
                seconds = after + step
        return FilmFrame(index, seconds, cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))


def open_film(source: FilmSource) -> Film:
    """Open a film, a stream or a camera.

    Args:
        source: a path; a URL with one of :data:`SCHEMES`; or a camera's index (also as digits, unless a file has that
            name).

    Raises:
        FilmError: one sentence that says what was expected, what came and what to do.
    """
    camera = _camera_index(source)
    if camera is not None:
        name = f"camera {camera}"
        with quiet():
            capture = cv2.VideoCapture(camera)
        if not capture.isOpened():
            capture.release()
            raise FilmError(
                f"Expected a camera with index {camera}, but none answers; check that it is plugged in and free, "
                "or try another index."
            )
        return _film(capture, name, live=True)
    text = str(source)
    if "://" in text:
        return _open_stream(text)
    path = Path(text)
    _check_file(path)
    with quiet():
        capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    if not capture.isOpened():
        capture.release()
        raise FilmError(
            f"Expected a film (MP4, MOV, WebM, MKV, AVI), but '{path.name}' cannot be opened as one: it is cut short, "
            "damaged or of another kind; copy or save it again."
        )
    # Telephones film lying on their side and note so: OpenCV then turns the frames upright.
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    return _film(capture, path.name, live=False)


def frame_at(source: str | Path, seconds: float) -> FilmFrame:
    """Return the frame of a film that is shown at ``seconds``: the last one whose time is not later.

    Raises:
        FilmError: the film cannot be read.
    """
    with open_film(source) as film:
        landed = film.skip_to(seconds - _RUN_UP_SECONDS)
        shown = None if landed is None else _last_until(film.frames(landed), seconds)
    if shown is None or shown.seconds > seconds:  # beyond the end; or the jump missed, as it may at a varying rate
        with open_film(source) as film:
            shown = _last_until(film.frames(), seconds)
    if shown is None:
        raise FilmError(f"Expected a film, but '{film.name}' has no frame; save it again.")
    return shown


def _last_until(frames: Iterator[FilmFrame], seconds: float) -> FilmFrame | None:
    """Return the last frame whose time is not later, or the first one of all."""
    shown = None
    for frame in frames:
        if shown is not None and frame.seconds > seconds:
            break
        shown = frame
    return shown


def _film(capture: Any, name: str, *, live: bool) -> Film:
    try:
        return Film(capture, name, live=live)
    except BaseException:
        capture.release()
        raise


def _camera_index(source: FilmSource) -> int | None:
    if isinstance(source, int):
        if source < 0:
            raise FilmError(f"Expected a camera's index from 0, but got {source}; the first camera is 0.")
        return source
    text = str(source)
    return int(text) if re.fullmatch(r"\d{1,3}", text) and not Path(text).exists() else None


def _open_stream(url: str) -> Film:
    parts = urlsplit(url)
    name = PurePosixPath(parts.path).name or "the stream"  # never user and password, which a URL may hold
    if parts.scheme.lower() not in SCHEMES:
        raise FilmError(
            f"Expected a stream's URL with {', '.join(SCHEMES)}, but got one with '{parts.scheme}'; "
            "for a file give its path."
        )
    limits = [
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
        1000 * TIMEOUT_SECONDS,
        cv2.CAP_PROP_READ_TIMEOUT_MSEC,
        1000 * TIMEOUT_SECONDS,
    ]
    with quiet():
        capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, limits)
    if not capture.isOpened():
        capture.release()
        raise FilmError(
            f"Expected a stream, but '{name}' gave none within {TIMEOUT_SECONDS} seconds; check its address."
        )
    return _film(capture, name, live=False)


def _check_file(path: Path) -> None:
    try:
        if path.is_dir():
            raise FilmError(f"Expected a film, but '{path.name}' is a folder; name a file in it.")
        if not path.exists():
            raise FilmError(f"Expected a film, but there is no file '{path.name}'; check the path.")
        if not path.is_file():
            raise FilmError(f"Expected a film, but '{path.name}' is not an ordinary file; copy it into one.")
        if path.stat().st_size == 0:
            raise FilmError(f"Expected a film, but '{path.name}' is empty (0 bytes); save or upload it again.")
        with path.open("rb"):
            pass
    except (OSError, ValueError) as error:
        raise FilmError(f"Expected a readable film, but '{path.name}' cannot be read; check it.") from error


@contextmanager
def quiet() -> Iterator[None]:
    """Keep OpenCV's own lines off stderr while it tries."""
    before = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(before)

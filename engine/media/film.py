"""Read a film, a camera or a stream: upright RGB frames, each with its own time.

Times come from the film itself, frame by frame, so that a film of variable frame rate keeps its pace.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, Self
from urllib.parse import urlsplit

import cv2
import numpy as np

from engine.errors import FilmError, printable
from engine.media.budget import NARROWEST
from engine.media.film_source import UNREADABLE, CameraSource, FrameSource, open_file, open_stream, quiet
from engine.media.pictures import MAXIMUM_PIXELS
from engine.records import UInt8

FilmSource = str | Path | int
"""A path, a stream's URL, or a camera's index."""

SCHEMES: Final = ("http", "https", "rtsp", "rtsps", "rtmp", "rtmps", "udp", "tcp", "srt")
"""Of streams. Others (FFmpeg knows many, among them some that read files) are refused."""
SMALLEST_SIDE: Final = 32
_USUAL_RATE: Final = 25.0  # frames per second, where a film names none
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

    def __init__(self, source: FrameSource, name: str) -> None:
        self.name, self.live = name, source.live
        self._source = source
        self.frames_per_second, self.expected_frames = source.rate, source.count
        self._size: tuple[int, int] | None = None
        self._start = 0.0
        self._first = self._grab(0, 0.0)
        if self._first is None:
            raise FilmError(
                f"Expected a camera that gives pictures, but '{name}' gives none; close other programs that use it."
                if self.live
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
        self._size = (self.width, self.height)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the file or the camera go."""
        self._source.close()

    def skip_to(self, seconds: float) -> FilmFrame | None:
        """Jump to about ``seconds`` and return the frame there, from which :meth:`frames` can go on; None at the end.

        Its index is an estimate. A jump may miss; look at the frame's time.
        """
        if self.live or seconds <= 0.0:
            return self._first
        if not self._source.seek(seconds + self._start):
            return None
        frame = self._source.read()
        if frame is None:
            return None
        pixels, said = frame
        landed = seconds if said is None else max(0.0, said - self._start)
        return FilmFrame(max(1, round(landed * (self.frames_per_second or _USUAL_RATE))), landed, self._fitted(pixels))

    def frames(self, start: FilmFrame | None = None) -> Iterator[FilmFrame]:
        """Yield the frames in order, from the first or from ``start``; their times never run backwards."""
        frame, began = start or self._first, time.monotonic()
        while frame is not None:
            yield frame
            frame = self._grab(frame.index + 1, frame.seconds, clock=time.monotonic() - began if self.live else None)

    @property
    def damaged(self) -> bool:
        """Whether something in it could not be decoded; asked after the last frame.

        What a film says of its own length is no measure: sound that goes on, edit lists and varying rates all make it
        another than that of the pictures.
        """
        return self._source.failed

    def _grab(self, index: int, after: float, *, clock: float | None = None) -> FilmFrame | None:
        frame = self._source.read()
        if frame is None:
            return None
        pixels, said = frame
        if index == 0:
            self._start = said or 0.0
            return FilmFrame(0, 0.0, pixels)
        seconds = clock if self.live or said is None else said - self._start
        if seconds is None or not (math.isfinite(seconds) and seconds > after):
            # Some streams give no times, or the same one twice, or begin to count anew.
            seconds = after + 1.0 / (self.frames_per_second or _USUAL_RATE)
        return FilmFrame(index, seconds, self._fitted(pixels))

    def _fitted(self, pixels: UInt8) -> UInt8:
        """Return a frame in the size of the first, with black beside it where its shape is another.

        A broadcast or a call over the network changes its size in the middle.
        """
        height, width = pixels.shape[:2]
        if self._size in (None, (width, height)):
            return pixels
        scale = min(self.width / width, self.height / height)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        framed = np.zeros((self.height, self.width, 3), dtype=np.uint8)
        left, top = (self.width - size[0]) // 2, (self.height - size[1]) // 2
        framed[top : top + size[1], left : left + size[0]] = cv2.resize(
            pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        )
        return framed


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
        return _film(CameraSource(capture), name)
    text = str(source)
    if "://" in text:
        return _open_stream(text)
    path = Path(text)
    _check_file(path)
    try:
        opened = open_file(path)
    except LookupError as error:
        raise FilmError(
            f"Expected a film, but '{path.name}' holds no moving picture; choose a file that does."
        ) from error
    except UNREADABLE as error:
        raise FilmError(
            f"Expected a film (MP4, MOV, WebM, MKV, AVI), but '{path.name}' cannot be opened as one: it is cut short, "
            "damaged or of another kind; copy or save it again."
        ) from error
    return _film(opened, printable(path.name))


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


def _film(source: FrameSource, name: str) -> Film:
    try:
        return Film(source, name)
    except BaseException:
        source.close()
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
    try:
        opened = open_stream(url, TIMEOUT_SECONDS)
    except (LookupError, *UNREADABLE) as error:
        raise FilmError(
            f"Expected a stream, but '{name}' gave none within {TIMEOUT_SECONDS} seconds; check its address."
        ) from error
    return _film(opened, name)


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

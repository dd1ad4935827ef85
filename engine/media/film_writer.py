"""Write frames with their times as a film; what was written stays playable if the work is broken off.

Keep some lines of native libraries off stderr, which write to it past Python and past their own log levels.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

import cv2

from engine.errors import FilmError, UnknownNameError
from engine.media.film import quiet
from engine.records import UInt8

_STDERR: Final = 2
_lock = threading.Lock()


@contextmanager
def without_lines(start: bytes) -> Iterator[None]:
    """Drop the lines that begin with ``start`` from what this process writes to stderr meanwhile.

    All other lines, those of other threads among them, come out at the end. One caller at a time; keep it short.
    """
    with _lock:
        try:
            outside = os.dup(_STDERR)
        except OSError:  # started without a stderr: nothing to keep off it
            yield
            return
        with tempfile.TemporaryFile() as caught:
            os.dup2(caught.fileno(), _STDERR)
            try:
                yield
            finally:
                os.dup2(outside, _STDERR)
                os.close(outside)
                caught.seek(0)
                others = b"".join(line for line in caught if not line.startswith(start))
                if others:
                    os.write(_STDERR, others)


CODECS: Final[dict[str, tuple[str, ...]]] = {".mp4": ("avc1", "mp4v"), ".webm": ("VP80",), ".avi": ("MJPG",)}
"""File ending → codecs, the first that opens is taken. OpenCV's wheels rarely bring avc1 (H.264), so an .mp4 mostly is
mp4v, which players play and browsers do not; .webm plays in browsers, too."""
USUAL_RATE: Final = 25.0
"""Frames per second, where the source names no rate."""
_LONGEST_STILL_SECONDS: Final = 10.0


class FilmWriter:
    """A film being written at a constant rate; use it in a ``with`` block, which finishes it whatever happens.

    Args:
        path: a new file, ending as in :data:`CODECS`.
        width, height: of the frames, in pixels; an odd side is continued by one line, as the codecs want.
        frames_per_second: of the film written.

    Raises:
        UnknownNameError: no codec for this ending.
        FilmError: the file exists already, or cannot be written.
    """

    def __init__(self, path: Path, width: int, height: int, frames_per_second: float | None) -> None:
        check_new(path)
        suffix = path.suffix.lower()
        if suffix not in CODECS:
            raise UnknownNameError("film ending", path.suffix or "(none)", CODECS)
        self.path, self._size = path, (width, height)
        self._odd = (height % 2, width % 2)
        self.frames_per_second = min(120.0, max(1.0, frames_per_second or USUAL_RATE))
        self._writer, self.codec = self._open(suffix)
        self._written = 0
        self._start = 0.0
        self._latest: UInt8 | None = None

    def _open(self, suffix: str) -> tuple[Any, str]:
        size = (self._size[0] + self._odd[1], self._size[1] + self._odd[0])
        for codec in CODECS[suffix]:
            # The codec is found for a WebM, too, but not before OpenCV has said on stderr that the tag is unknown.
            with quiet(), without_lines(b"OpenCV: FFMPEG: "):
                code = cv2.VideoWriter.fourcc(*codec)
                writer = cv2.VideoWriter(str(self.path), cv2.CAP_FFMPEG, code, self.frames_per_second, size)
            if writer.isOpened():
                return writer, codec
            writer.release()
        raise FilmError(
            f"'{self.path.name}' cannot be written as a film; check that its folder exists and may be written, or "
            f"choose another ending: {', '.join(CODECS)}."
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, picture: UInt8, seconds: float) -> None:
        """Add a frame, (H, W, 3) uint8 RGB of the film's size, shown from ``seconds`` on.

        Frames before it are held until then, for ten seconds at most, so that the film keeps the source's pace; one
        that comes before the next is due is left out.
        """
        if (picture.shape[1], picture.shape[0]) != self._size:
            picture = cv2.resize(picture, self._size, interpolation=cv2.INTER_AREA)
        bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
        if any(self._odd):
            bgr = cv2.copyMakeBorder(bgr, 0, self._odd[0], 0, self._odd[1], cv2.BORDER_REPLICATE)
        if self._latest is None:
            self._start = seconds
        due = round((seconds - self._start) * self.frames_per_second)
        if due - self._written > _LONGEST_STILL_SECONDS * self.frames_per_second:
            held = round(_LONGEST_STILL_SECONDS * self.frames_per_second)
            self._start += (due - self._written - held) / self.frames_per_second
            due = self._written + held
        if self._latest is not None:
            while self._written < due:
                self._put(self._latest)
        if self._written <= due:
            self._put(bgr)
        self._latest = bgr

    def close(self) -> None:
        """Finish the file."""
        self._writer.release()

    def _put(self, bgr: UInt8) -> None:
        self._writer.write(bgr)
        self._written += 1


def check_new(path: Path) -> None:
    """Refuse what exists, and a folder that does not.

    Raises:
        FilmError: one sentence.
    """
    if path.exists():
        raise FilmError(f"'{path.name}' exists already; choose another name, or remove it first.")
    if not path.parent.is_dir():
        raise FilmError(
            f"The folder '{path.parent.name}' for '{path.name}' does not exist; make it, or choose another."
        )

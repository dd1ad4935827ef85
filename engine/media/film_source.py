"""Where a film's frames come from: FFmpeg for files and streams (through PyAV), OpenCV for numbered cameras.

What is opened is data: of files only kinds that hold their own pictures, never a playlist that names other files or
addresses, and of streams no protocol that reads files.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Protocol

import av
import cv2
import cv2.utils.logging
import numpy as np
from av.stream import Disposition

from engine.media.pictures import MAXIMUM_PIXELS
from engine.records import UInt8

Frame = tuple[UInt8, float | None]
"""Upright pixels, (H, W, 3) uint8 RGB, and seconds by the source's own clock, None where it names no time."""

FORMATS: Final = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,m4v,h264,hevc,dv,mxf,asf,flv,ogg,gif,apng,ivf,nut,"
    "rm,wtv,yuv4mpegpipe"
)
"""FFmpeg's names of the kinds of files that are opened."""
PROTOCOLS: Final = "http,https,httpproxy,tcp,tls,udp,rtp,rtsp,rtmp,rtmps,srt,crypto"
"""FFmpeg's names of what a stream may be made of."""
UNREADABLE: Final = (av.error.FFmpegError, OSError, ValueError)
"""What PyAV raises where it cannot go on."""
_BUFFER: Final = 256 * 1024
_MOST_ASPECT: Final = 8
"""Pixels are taken for square where a film says that they are longer than so many times their width."""
_EARLY: Final = 0.95
"""Pictures that end before this share of their own length, and a second, are cut short."""
_MOST_ERRORS: Final = 200
"""Packets in a row that cannot be decoded, after which nothing more is expected."""


class FrameSource(Protocol):
    """Gives frames.

    Attributes:
        live: whether it has no clock of its own, and no end.
        rate: frames per second on average; None where nothing credible is known.
        count: frames there should be, by what the file says; None where it does not know.
        failed: whether something in it could not be decoded so far.
    """

    live: bool
    rate: float | None
    count: int | None
    failed: bool

    def read(self) -> Frame | None:
        """Return the next frame, None where there is none any more."""
        ...

    def seek(self, seconds: float) -> bool:
        """Go on at or before ``seconds`` of the source's own clock; return whether that could be done."""
        ...

    def close(self) -> None:
        """Let the file or the camera go."""
        ...


class CameraSource:
    """A camera: OpenCV's capture, already open."""

    live: bool = True
    count: int | None = None
    failed: bool = False

    def __init__(self, capture: Any) -> None:
        self._capture = capture
        self.rate = _credible(float(capture.get(cv2.CAP_PROP_FPS)))

    def read(self) -> Frame | None:
        """Return the next picture, without a time."""
        ok, bgr = self._capture.read()
        if not ok or bgr is None:
            return None
        code = cv2.COLOR_GRAY2RGB if bgr.ndim == 2 else cv2.COLOR_BGR2RGB
        return np.asarray(cv2.cvtColor(bgr, code), dtype=np.uint8), None

    def seek(self, seconds: float) -> bool:  # noqa: ARG002 - a camera has only what it sees now
        """Say that it cannot."""
        return False

    def close(self) -> None:
        """Let the camera go."""
        self._capture.release()


class ContainerSource:
    """A file or a stream. It closes ``container`` where it cannot be used, and ``file`` with it.

    Args:
        container: PyAV's, open for reading.
        file: what it reads from, None for a stream.

    Raises:
        LookupError: there is no picture in it but perhaps that of a cover.
    """

    live: bool = False

    def __init__(self, container: Any, file: Any = None) -> None:
        self._container, self._file = container, file
        # A cover is a stream of one picture, which is no film.
        streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
        if not streams:
            self.close()
            raise LookupError
        best = container.streams.best("video")
        self._stream = best if best in streams else streams[0]
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.options = {"max_pixels": str(MAXIMUM_PIXELS)}
        self.failed = False
        average = self._stream.average_rate or self._stream.guessed_rate
        self.rate = _credible(float(average)) if average else None
        self.count = self._said_count()
        self._waiting: deque[Any] = deque()
        self._packets: Iterator[Any] = container.demux(self._stream)
        self._began = False
        self._latest = 0.0

    def _own_seconds(self) -> float:
        """Return how long the pictures last, of what its own tag says; 0 where there is none.

        Matroska and WebM have it. Their reader passes over what is missing without a word, and a file's length may be
        that of its sound.
        """
        tag = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", self._stream.metadata.get("DURATION", ""))
        return 0.0 if tag is None else 3600 * int(tag[1]) + 60 * int(tag[2]) + float(tag[3])

    def _said_count(self) -> int | None:
        if self._stream.frames > 0:
            return int(self._stream.frames)
        if self.rate is None:
            return None
        if self._stream.duration and self._stream.time_base:
            return round(float(self._stream.duration * self._stream.time_base) * self.rate)
        return round(self._container.duration / 1e6 * self.rate) if self._container.duration else None

    def read(self) -> Frame | None:
        """Return the next frame that can be decoded."""
        while True:
            while self._waiting:
                frame = self._waiting.popleft()
                if frame.width * frame.height <= MAXIMUM_PIXELS:
                    self._began = True
                    seconds = self._seconds(frame)
                    self._latest = max(self._latest, seconds or 0.0)
                    return self._upright(frame), seconds
                self.failed = True
            if not self._decode_more():
                return None

    def _decode_more(self) -> bool:
        """Decode packets until one gives a frame; return whether one did."""
        errors = 0
        while errors < _MOST_ERRORS:
            try:
                packet = next(self._packets)
            except (StopIteration, EOFError):
                self.failed |= self._latest < _EARLY * self._own_seconds() - 1.0
                return False
            except UNREADABLE:
                self.failed = True
                return False
            # In a broadcast that is a gap in the count of its packets, as where two recordings were joined.
            self.failed |= bool(packet.is_corrupt) and self._container.format.name != "mpegts"
            try:
                frames = packet.decode()
            except EOFError:
                return False
            except UNREADABLE:
                # Recordings of a broadcast begin in the middle: what cannot be shown before the first frame is no
                # damage.
                self.failed |= self._began
                errors += 1
                continue
            self._waiting.extend(frames)
            if frames:
                return True
        self.failed = True
        return False

    def seek(self, seconds: float) -> bool:
        """Go on at the key frame before ``seconds``."""
        try:
            self._container.seek(math.floor(seconds / self._stream.time_base), stream=self._stream)
        except UNREADABLE:
            return False
        self._waiting.clear()
        self._packets = self._container.demux(self._stream)
        return True

    def close(self) -> None:
        """Let the file or the connection go."""
        self._container.close()
        if self._file is not None:
            self._file.close()

    def _seconds(self, frame: Any) -> float | None:
        ticks = frame.pts if frame.pts is not None else frame.dts
        return None if ticks is None or frame.time_base is None else float(ticks * frame.time_base)

    def _upright(self, frame: Any) -> UInt8:
        """Return pixels as they are meant to be seen: square (DV and DVD store others), and the right way up."""
        width, height = frame.width, frame.height
        aspect = self._stream.sample_aspect_ratio or self._stream.codec_context.sample_aspect_ratio or Fraction(1)
        if 1 < aspect <= _MOST_ASPECT:
            width = round(width * aspect)
        elif 1 / Fraction(_MOST_ASPECT) <= aspect < 1:
            height = round(height / aspect)
        pixels = frame.to_ndarray(format="rgb24", width=width, height=height)
        # Telephones film lying on their side and note so.
        return np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90) % 4))


def _credible(rate: float) -> float | None:
    return rate if math.isfinite(rate) and 0.5 <= rate <= 240.0 else None


def open_file(path: Path) -> ContainerSource:
    """Open a film's file. What is opened is a file object, so no name is ever taken for an address.

    Raises:
        OSError, ValueError: it cannot be read, or not as a film of :data:`FORMATS`. LookupError: it has no picture.
    """
    file = path.open("rb")
    try:
        options = {"format_whitelist": FORMATS}
        container = av.open(file, options=options, metadata_errors="replace", buffer_size=_BUFFER)
    except BaseException:
        file.close()
        raise
    return ContainerSource(container, file)


def open_stream(url: str, timeout_seconds: float) -> ContainerSource:
    """Open a stream; each wait for it ends after ``timeout_seconds``.

    Raises:
        OSError, ValueError: it gives nothing, or nothing that can be read. LookupError: it has no picture.
    """
    options = {"protocol_whitelist": PROTOCOLS}
    if url.lower().startswith("rtsp"):
        options["rtsp_transport"] = "tcp"
    return ContainerSource(
        av.open(url, options=options, metadata_errors="replace", timeout=(timeout_seconds, timeout_seconds))
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Keep OpenCV's own lines off stderr while it tries."""
    before = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(before)

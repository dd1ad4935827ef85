"""Write frames with their times as a film; what was written stays playable if the work is broken off."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from fractions import Fraction
from io import BufferedWriter
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Self

import av
import cv2
import numpy as np
from av.video.reformatter import Colorspace

from engine.errors import FerLensError, FilmError, StorageError, UnknownNameError
from engine.media.film_source import UNREADABLE
from engine.records import UInt8
from engine.writing.whole import disk_full, whole_file


class Codec(NamedTuple):
    """How pictures are written: the codec, FFmpeg's names of container, encoder and pixels, the encoder's options."""

    name: str
    container: str
    encoder: str
    pixels: str
    options: dict[str, str]


CODECS: Final = MappingProxyType(
    {
        ".mp4": Codec("h264", "mp4", "libx264", "yuv420p", {"crf": "20", "preset": "veryfast"}),
        ".webm": Codec("vp8", "webm", "libvpx", "yuv420p", {"deadline": "realtime", "cpu-used": "6", "crf": "8"}),
        ".avi": Codec("mjpeg", "avi", "mjpeg", "yuvj420p", {"qmin": "2", "qmax": "5"}),
    }
)
"""File ending → codec. H.264 in .mp4 and VP8 in .webm play in browsers; an .avi is for other programs."""
USUAL_RATE: Final = 25.0
"""Frames per second, where the source names no rate."""
_LONGEST_STILL_SECONDS: Final = 10.0


class _Sink:
    """What the encoder writes to: a file, or from the first error on nothing.

    An error that PyAV meets while it finishes a file is printed by it as a traceback; so none reaches it.
    """

    def __init__(self, file: BufferedWriter) -> None:
        self._file = file
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        return self._tried(lambda: self._file.write(data), len(data))

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._tried(lambda: self._file.seek(offset, whence), 0)

    def tell(self) -> int:
        return self._tried(self._file.tell, 0)

    def check(self) -> None:
        """Raise the error that there was."""
        if self.error is not None:
            raise self.error

    def _tried(self, ask: Callable[[], int], otherwise: int) -> int:
        if self.error is None:
            try:
                return ask()
            except OSError as error:
                self.error = error
        return otherwise


class FilmWriter:
    """A film being written at a constant rate; use it in a ``with`` block, which finishes it whatever happens.

    It has its name once it is finished, and none where the disk is full or no frame came before an error.

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
        self.codec = CODECS[suffix].name
        self._written = 0
        self._start = 0.0
        self._latest: UInt8 | None = None
        self._place = ExitStack()
        self._container: Any = None
        try:
            self._file = self._place.enter_context(whole_file(path)).open("xb")
            self._sink = _Sink(self._file)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            self._container, self._stream = self._begin(CODECS[suffix])
        except BaseException as error:
            self._drop(error)
            raise

    def _begin(self, codec: Codec) -> tuple[Any, Any]:
        """Open the encoder; what it writes goes through our own file, so that no name is taken for an address."""
        rate = Fraction(self.frames_per_second).limit_denominator(1000)
        width, height = self._size[0] + self._odd[1], self._size[1] + self._odd[0]
        try:
            container = av.open(self._sink, "w", format=codec.container)
            stream: Any = container.add_stream(codec.encoder, rate=rate, options=codec.options)
            stream.width, stream.height, stream.pix_fmt = width, height, codec.pixels
            stream.bit_rate = max(500_000, round(0.15 * width * height * self.frames_per_second))
            stream.codec_context.colorspace = Colorspace.ITU601.value
            stream.thread_type = "AUTO"
        except UNREADABLE as error:
            raise self._unwritable(error) from error
        return container, stream

    def _unwritable(self, error: Exception) -> FerLensError:
        full = disk_full(self.path, error)
        if full is not None:
            return full
        strerror = getattr(error, "strerror", None)
        why = f" ({strerror})" if strerror else ""
        return FilmError(
            f"'{self.path.name}' cannot be written as a film{why}; check that its folder exists and may be written, or "
            f"choose another ending: {', '.join(CODECS)}."
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, StorageError) or (error is not None and not self._written):
            self._drop(error)  # a full disk, here or for what is written beside it; or there is no frame
        else:
            self.close()

    def write(self, picture: UInt8, seconds: float) -> None:
        """Add a frame, (H, W, 3) uint8 RGB of the film's size, shown from ``seconds`` on.

        Frames before it are held until then, for ten seconds at most, so that the film keeps the source's pace; one
        that comes before the next is due is left out.
        """
        if (picture.shape[1], picture.shape[0]) != self._size:
            picture = cv2.resize(picture, self._size, interpolation=cv2.INTER_AREA)
        if any(self._odd):
            picture = np.asarray(
                cv2.copyMakeBorder(picture, 0, self._odd[0], 0, self._odd[1], cv2.BORDER_REPLICATE), dtype=np.uint8
            )
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
            self._put(picture)
        self._latest = picture

    def close(self) -> None:
        """Finish the file; more than once does nothing.

        Raises:
            StorageError: the disk is full. FilmError: it cannot be finished.
        """
        if self._file.closed:
            return
        try:
            self._container.mux(self._stream.encode(None))
            self._container.close()
            self._sink.check()
            self._file.close()
        except UNREADABLE as error:
            said = self._unwritable(error)
            self._drop(said)
            raise said from error
        self._place.close()  # now it has its name

    def _drop(self, error: BaseException) -> None:
        """Leave nothing of it, because of ``error``."""
        with suppress(*UNREADABLE):  # the disk may take no end of it
            if self._container is not None:
                self._container.close()
        with suppress(OSError):
            self._file.close()
        self._place.__exit__(type(error), error, error.__traceback__)

    def _put(self, picture: UInt8) -> None:
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        frame.pts = self._written
        try:
            self._container.mux(self._stream.encode(frame))
            self._sink.check()
        except UNREADABLE as error:
            raise self._unwritable(error) from error
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

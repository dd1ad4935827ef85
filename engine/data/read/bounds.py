"""What reading a dataset may cost: a small archive can hold far more than a machine has, and a table need not end."""

from __future__ import annotations

import bz2
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Protocol

from engine.errors import DataError

MAX_ENTRIES: Final = 1_000_000
"""Files and rows of tables together; a larger dataset is read as a folder."""
MAX_LINE: Final = 4_000_000
"""Characters in a table's row; the pixels of 1000x1000 fit."""
MAX_RATIO: Final = 100
"""An archive may unpack to this many times its own size: pictures hardly shrink, and numbers as text to a quarter."""
FREE_BYTES: Final = 4_000_000
"""A small archive may unpack to so much whatever its size."""
MAX_UNPACKED: Final = 200_000_000_000
"""Bytes that an archive may unpack to in all; every picture of the largest face datasets fits."""
MAX_SHEET_BYTES: Final = 5_000_000
"""Of a table of clips, unpacked."""

_UNPACKING_MEMORY: Final = 256 * 2**20  # an xz file names the memory it wants; xz -9 wants 65 MB
_MAX_NAME: Final = 1_000_000  # bytes of a tar's extended header, which is read whole
_CHUNK: Final = 1 << 16


class Meter:
    """Counts what comes out of one archive or table, and ends the reading when it is more than an honest one holds."""

    def __init__(self, path: Path) -> None:
        self._name = path.name
        self._size = path.stat().st_size
        self._unpacked = 0
        self._entries = 0

    def entry(self) -> None:
        """Count one file or row. Raises DataError."""
        self._entries += 1
        if self._entries > MAX_ENTRIES:
            raise DataError(
                f"Expected at most {MAX_ENTRIES:,} pictures in '{self._name}', but it holds more; split it, or unpack "
                "it and give the folder."
            )

    def announce(self, size: int) -> None:
        """Judge ``size`` more bytes before they are unpacked. Raises DataError."""
        total = self._unpacked + size
        if total > max(FREE_BYTES, MAX_RATIO * self._size) or total > MAX_UNPACKED:
            limit = min(max(FREE_BYTES, MAX_RATIO * self._size), MAX_UNPACKED)
            raise DataError(
                f"Expected '{self._name}', which has {_in_words(self._size)}, to unpack to at most {_in_words(limit)}, "
                "but it holds more; an honest dataset does not: look at what is in it, and give the folder."
            )

    def unpacked(self, size: int) -> None:
        """Count ``size`` bytes that were unpacked. Raises DataError."""
        self.announce(size)
        self._unpacked += size


def _in_words(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{size / 1e3:,.1f} kB"


def check_zip(archive: zipfile.ZipFile, meter: Meter) -> None:
    """Judge a zip by its table of contents, before anything in it is opened. Raises DataError."""
    for info in archive.infolist():
        meter.entry()
        meter.unpacked(info.file_size)


def check_sheet(path: Path) -> None:
    """Judge a table of clips, a CSV or an Excel sheet (a zip), before it is read whole.

    Raises:
        DataError: it is too large.
        OSError, zipfile.BadZipFile: it cannot be read.
    """
    meter, size = Meter(path), path.stat().st_size
    if path.suffix.lower() == ".xlsx":
        with zipfile.ZipFile(path) as archive:
            check_zip(archive, meter)
            size = sum(info.file_size for info in archive.infolist())
    if size > MAX_SHEET_BYTES:
        raise DataError(
            f"Expected a table of at most {MAX_SHEET_BYTES // 10**6} MB, but '{path.name}' has more; "
            "keep the columns for subject, clip and emotion alone."
        )


class _Unpacker(Protocol):
    eof: bool
    unused_data: bytes

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


_UNPACKERS: Final[dict[bytes, Any]] = {
    b"\x1f\x8b": lambda: zlib.decompressobj(wbits=31),
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_UNPACKING_MEMORY),
}
"""By first bytes, what unpacks the stream around a tar; each yields a little at a time, whatever it is fed."""


class UnpackedStream(io.RawIOBase):
    """A compressed tar as the bytes inside it, counted as they come. Its file is closed with it."""

    def __init__(self, path: Path, meter: Meter) -> None:
        self._file = path.open("rb")
        self._pieces = self._unpack()
        self._rest = b""
        self._meter = meter

    def readable(self) -> bool:
        """Say that it is one."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer`` with what comes next; 0 at the end. Raises DataError past the meter's bounds."""
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._meter.unpacked(len(piece))
            self._rest = piece
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    def _unpack(self) -> Iterator[bytes]:
        data = self._file.read(_CHUNK)
        make = next((make for start, make in _UNPACKERS.items() if data.startswith(start)), None)
        if make is None:
            while data:
                yield data
                data = self._file.read(_CHUNK)
            return
        unpacker = make()
        while data:
            yield from _pieces(unpacker, data)
            data = self._file.read(_CHUNK)
            if unpacker.eof:  # streams may follow one another in a file
                data = unpacker.unused_data + data
                unpacker = make()
                if not data.strip(b"\0"):
                    return
        if not unpacker.eof:
            raise EOFError("the stream ends too early")


def _pieces(unpacker: Any, data: bytes) -> Iterator[bytes]:
    """Yield what ``data`` unpacks to in pieces of bearable size, and leave no input behind."""
    if hasattr(unpacker, "unconsumed_tail"):  # zlib keeps what it did not take
        while data and not unpacker.eof:
            yield unpacker.decompress(data, _CHUNK)
            data = unpacker.unconsumed_tail
        return
    yield unpacker.decompress(data, _CHUNK)
    while not unpacker.eof and not unpacker.needs_input:
        yield unpacker.decompress(b"", _CHUNK)


class BoundedTarInfo(tarfile.TarInfo):
    """A member whose extended header is not read where it would fill the memory."""

    def _proc_member(self, tar: tarfile.TarFile) -> Any:
        whole = {
            tarfile.XHDTYPE,
            tarfile.XGLTYPE,
            tarfile.SOLARIS_XHDTYPE,
            tarfile.GNUTYPE_LONGNAME,
            tarfile.GNUTYPE_LONGLINK,
        }
        if self.type in whole and self.size > _MAX_NAME:
            raise tarfile.ReadError("an extended header of more than a megabyte")
        return super()._proc_member(tar)  # type: ignore[misc]  # meant to be overridden, as its source says

"""Tables of text as people really have them: any line end, UTF-8 or UTF-16, commas, semicolons or tabs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import IO, Any, Final

from engine.data.read.bounds import MAX_LINE

DELIMITERS: Final = (",", ";", "\t", "|")
_LOOKED_AT: Final = 64

csv.field_size_limit(MAX_LINE)  # Python's own bound is a picture of 190x190


def encoding_of(beginning: bytes) -> str:
    """Return the encoding of a text by its first bytes: a mark, or every other byte a zero; else UTF-8."""
    for mark, name in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if beginning.startswith(mark):
            return name
    even, odd = beginning[0::2], beginning[1::2]
    if odd and not any(odd) and any(even):
        return "utf-16-le"
    return "utf-16-be" if len(even) > 1 and not any(even) and any(odd) else "utf-8"


class _Forward(io.RawIOBase):
    """A stream read from front to end alone, as a member of a tar is; its owner closes it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def table_lines(stream: IO[bytes]) -> Iterator[str]:
    """Yield the lines of a text without their ends, which may be LF, CR LF or CR; what cannot be decoded is U+FFFD.

    Of a line that is longer than ``MAX_LINE`` characters its beginning alone, ``MAX_LINE`` + 1 characters.
    """
    buffered = io.BufferedReader(_Forward(stream))
    beginning = buffered.peek(_LOOKED_AT)[:_LOOKED_AT]
    text = io.TextIOWrapper(buffered, encoding=encoding_of(beginning), errors="replace", newline=None)
    while line := text.readline(MAX_LINE + 1):
        yield line.rstrip("\n").lstrip("\ufeff")
        while line and not line.endswith("\n"):
            line = text.readline(MAX_LINE)


def cells_of(line: str, delimiter: str = ",") -> list[str]:
    """Cut a row into its cells; a row of these tables is a line, so a stray quote costs one row and not the rest."""
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def delimiter_of(header: str) -> str:
    """Return what parts the cells of a table's first line: that of :data:`DELIMITERS` which gives the most cells."""
    return max(DELIMITERS, key=lambda one: (len(cells_of(header, one)), -DELIMITERS.index(one)))

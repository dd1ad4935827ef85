"""Changes to an MP4 that OpenCV wrote, byte by byte: its rotation flag, and frames of uneven length."""

from __future__ import annotations

import struct
from collections.abc import Sequence

CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")


def lying_on_its_side(data: bytes) -> bytes:
    """Set the track's matrix to a quarter turn clockwise, as a telephone held upright does (ISO 14496-12, 8.3.2)."""
    start = data.index(b"tkhd") + 4 + 4 + 20 + 16  # after version and flags, times and identity, and layer
    turned = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    return data[:start] + turned + data[start + len(turned) :]


def with_durations(data: bytes, durations: Sequence[int]) -> bytes:
    """Give each frame a length of its own, in units of the track's clock (8.6.1.2, the table ``stts``)."""
    return _rebuild(data, durations)


def clock_of(data: bytes) -> int:
    """Return the units a second of the track's clock (8.4.2, ``mdhd`` version 0)."""
    at = data.index(b"mdhd") + 4 + 4 + 8
    return int(struct.unpack(">I", data[at : at + 4])[0])


def _rebuild(data: bytes, durations: Sequence[int]) -> bytes:
    out, at = b"", 0
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + size]
        if kind in CONTAINERS:
            body = _rebuild(body, durations)
        elif kind == b"stts":
            body = struct.pack(">II", 0, len(durations)) + b"".join(struct.pack(">II", 1, d) for d in durations)
        elif kind == b"edts":  # the edit list states the old length
            at += size
            continue
        out += struct.pack(">I4s", 8 + len(body), kind) + body
        at += size
    return out

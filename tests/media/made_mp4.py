"""A change to an MP4, byte by byte: its rotation flag."""

from __future__ import annotations

import struct


def lying_on_its_side(data: bytes) -> bytes:
    """Set the track's matrix to a quarter turn clockwise, as a telephone held upright does (ISO 14496-12, 8.3.2)."""
    start = data.index(b"tkhd") + 4 + 4 + 20 + 16  # after version and flags, times and identity, and layer
    turned = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    return data[:start] + turned + data[start + len(turned) :]

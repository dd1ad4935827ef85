"""A selection of many pictures of a data set as a short text, for an address: their places among all of its pictures.

Ids are long and an address has to stay short; places are two bytes each, packed. A checksum of the ids goes along, so
that the same text on data that is ordered or filled otherwise is refused instead of naming other pictures.
"""

from __future__ import annotations

import base64
import binascii
import sys
import zlib
from array import array
from collections.abc import Mapping, Sequence
from typing import Final

from engine.errors import UsageError

MOST: Final = 10_000
"""Pictures of a selection."""
LONGEST: Final = 4 * MOST * 4 // 3
"""Characters of a packed selection."""


def pack(ids: Sequence[str], places: Mapping[str, int]) -> str | None:
    """Return the ids as text, in their order; None where one of them is not known.

    Args:
        ids: :data:`MOST` at most.
        places: id → its place among all pictures of the data set, from 0.
    """
    if len(ids) > MOST or any(name not in places for name in ids):
        return None
    numbers = array("I", [places[name] for name in ids])
    if sys.byteorder == "big":
        numbers.byteswap()
    raw = _checksum(ids) + _planes(numbers.tobytes())
    return base64.urlsafe_b64encode(zlib.compress(raw, 9)).decode("ascii").rstrip("=")


def unpack(text: str, known: Sequence[str]) -> tuple[str, ...]:
    """Return the ids that :func:`pack` wrote.

    Args:
        text: as it came, from anywhere. known: all pictures of the data set, in their order.

    Raises:
        UsageError: it is no such text, or was made of other pictures.
    """
    said = UsageError(
        "Expected a selection of this data set’s pictures in the address, got one that was made of others or is "
        "damaged; select the pictures anew on the page that they came from."
    )
    if len(text) > LONGEST or not text.isascii():
        raise said
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        reader = zlib.decompressobj()
        raw = reader.decompress(packed, 4 + 4 * MOST + 1)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise said from error
    body = raw[4:]
    if not reader.eof or not body or len(body) % 4:
        raise said
    numbers = array("I", _joined(body))
    if sys.byteorder == "big":
        numbers.byteswap()
    if max(numbers) >= len(known):
        raise said
    ids = tuple(known[number] for number in numbers)
    if _checksum(ids) != raw[:4] or len(set(ids)) != len(ids):
        raise said
    return ids


def _checksum(ids: Sequence[str]) -> bytes:
    return zlib.crc32("\n".join(ids).encode()).to_bytes(4, "little")


def _planes(data: bytes) -> bytes:
    """Return all first bytes of the four-byte numbers, then all second ones: the high ones are nothing, mostly."""
    return b"".join(data[at::4] for at in range(4))


def _joined(data: bytes) -> bytes:
    """Undo :func:`_planes`."""
    size = len(data) // 4
    joined = bytearray(len(data))
    for at in range(4):
        joined[at::4] = data[at * size : (at + 1) * size]
    return bytes(joined)

"""Many ids as a short text, and back; what is not such a text is refused in a sentence."""

from __future__ import annotations

import base64
import zlib

import numpy as np
import pytest

from engine.data.picked import MOST, pack, unpack
from engine.errors import UsageError

KNOWN = tuple(f"private/{number:05d}" for number in range(3589))
PLACES = {name: place for place, name in enumerate(KNOWN)}


def test_a_selection_comes_back_in_its_order_and_is_short() -> None:
    some = [KNOWN[place] for place in np.random.default_rng(0).permutation(len(KNOWN))[:412]]
    text = pack(some, PLACES)
    assert text is not None
    assert unpack(text, KNOWN) == tuple(some)
    assert len(text) < 3 * 412  # the ids themselves are 13 letters each
    assert text.isascii()
    assert not set(text) & set("&=?+/ ")


def test_what_is_not_of_the_data_set_is_not_packed() -> None:
    assert pack(["private/00001", "elsewhere/1"], PLACES) is None
    many = tuple(str(number) for number in range(MOST + 1))
    assert pack(many, {name: place for place, name in enumerate(many)}) is None


def test_the_same_text_on_other_data_is_refused() -> None:
    text = pack(KNOWN[10:200], PLACES)
    assert text is not None
    for other in (KNOWN[1:], KNOWN[:50], tuple(reversed(KNOWN))):
        with pytest.raises(UsageError, match="made of others or is damaged"):
            unpack(text, other)


def test_what_is_no_selection_is_refused() -> None:
    bomb = base64.urlsafe_b64encode(zlib.compress(bytes(50_000_000), 9)).decode().rstrip("=")
    twice = pack(["private/00001", "private/00001"], PLACES)
    assert twice is not None
    for text in ("", "x", "%%%", "é", "A" * 100_000, bomb, twice):
        with pytest.raises(UsageError, match="select the pictures anew"):
            unpack(text, KNOWN)

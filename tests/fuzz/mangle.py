"""Ways to make something odd of something good: bytes, documents, texts, values. All of it by one generator."""

from __future__ import annotations

import copy
import json
from random import Random
from typing import Any, Final

TEXTS: Final = (
    "", " ", "x", "x" * 5_000, "a/b", "../../etc/passwd", "/etc/passwd", "/dev/zero", "C:\\x", "file:///etc/passwd",
    "http://hostile.invalid/a.png", "![m](http://hostile.invalid/b.png)", "<img src=x onerror=alert(1)>", "%s%n{0}",
    "\0", "\x1b[31m", "\u202egnp.exe", "\udcff", "\U0001f600", "é" * 300, "a\nb", "a\r\nb", "'; DROP TABLE x; --",
    "NaN", "-1", "1e400", "0x10", "١٢", "True", "null", "predicted", "happy-sad", "happy", "__class__",
    "{{7*7}}", "%00", "-",
)  # fmt: skip
VALUES: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63), 10**400, 0.5, -0.0, 1e308, float("nan"), float("inf"), [], {},
    [[]], {"a": {}}, [None], [1, "a"], "x", "", {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}},
)  # fmt: skip


def text(chance: Random) -> str:
    """Return a text that somebody might send, alone or glued to another."""
    picked = chance.choice(TEXTS)
    return picked + chance.choice(TEXTS) if chance.random() < 0.2 else picked


def value(chance: Random) -> Any:
    """Return a value of JSON, and some that are none."""
    roll = chance.random()
    if roll < 0.55:
        return copy.deepcopy(chance.choice(VALUES))
    if roll < 0.9:
        return text(chance)
    nested: Any = chance.choice(VALUES)
    for _ in range(chance.choice((3, 40, 2_000, 100_000))):
        nested = [nested] if chance.random() < 0.7 else {"a": nested}
    return nested


def bytes_of(good: bytes, chance: Random) -> tuple[str, bytes]:
    """Return what was done to ``good``, and the bytes: a few bits, numbers, a part twice, a part missing, or chaos."""
    data = bytearray(good)
    way = chance.choice(("whole", "bits", "number", "cut", "twice", "hole", "noise", "front", "zeros"))
    if way == "whole" or not data:
        return "whole", bytes(data)
    at = chance.randrange(min(len(data), chance.choice((64, 1_000, len(data)))) or 1)
    span = min(len(data) - at, chance.choice((1, 4, 64, 4_096)))
    if way == "bits":
        for _ in range(chance.choice((1, 3, 30))):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    elif way == "number":
        number = chance.choice(
            (b"\xff" * 4, b"\x7f\xff\xff\xff", b"\0" * 4, b"\0\0\xff\xff", b"\xff\xff\0\0", b"\x01\0\0\0")
        )
        data[at : at + 4] = number
    elif way == "cut":
        del data[at:]
    elif way == "twice":
        data[at:at] = data[at : at + span] * chance.choice((1, 2, 500))
    elif way == "hole":
        del data[at : at + span]
    elif way == "noise":
        data[at : at + span] = chance.randbytes(span)
    elif way == "zeros":
        data[at : at + span] = bytes(span)
    else:
        data[:0] = chance.randbytes(span)
    return way, bytes(data)


def document(good: Any, chance: Random) -> Any:
    """Return a copy of a JSON document with one to three of its places changed, taken out or added."""
    made = {"": copy.deepcopy(good)}
    for _ in range(chance.choice((1, 1, 2, 3))):
        inside, key = _place(made, chance)
        way = chance.random()
        if way < 0.7 or inside is made:
            inside[key] = value(chance)
        elif way < 0.85:
            del inside[key]
        elif isinstance(inside, dict):
            inside[text(chance)] = value(chance)
        else:
            inside.extend(inside * chance.choice((1, 50)))
    return made[""]


def _place(made: dict[str, Any], chance: Random) -> tuple[Any, Any]:
    """Walk down from the top and stop somewhere; return what holds the place and its key."""
    inside: Any = made
    key: Any = ""
    while isinstance(inside[key], dict | list) and inside[key] and chance.random() < 0.85:
        inside = inside[key]
        key = chance.choice(list(inside)) if isinstance(inside, dict) else chance.randrange(len(inside))
    return inside, key


def written(made: Any) -> bytes:
    """Return a document as JSON, however deep it is; half of a surrogate pair as an escape."""
    try:
        return json.dumps(made).encode()
    except RecursionError:
        return b"[" * 200_000 + b"]" * 200_000
    except ValueError:  # a number of more digits than Python writes
        return b'{"a": ' + b"9" * 5_000 + b"}"

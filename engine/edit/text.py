"""An edit as a short text that an address can hold, and back.

Parts are joined by dots, each a word, a dash and its value; what is left as it was is left out, so no edit is the empty
text. ``hide-eyes-mouth.fill-grey.turn--10`` hides eyes and mouth under grey and turns the face 10 degrees clockwise.
A stroke is ``brush-`` and its bytes in the URL-safe base 64 of RFC 4648: the diameter, then x and y of each point. Only
letters, digits, dot, dash and underscore occur, which no address has to escape.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from engine.edit.edit import DEFAULT_FILL, SPANS, Edit, Stroke, simplified
from engine.errors import UnknownNameError, UsageError

LONGEST: Final = 1800
"""Characters that an edit may take; some servers cut addresses off at 2,000 or so."""

TOLERANCES: Final = (1.0, 2.0, 4.0, 8.0)
"""Steps (256ths of the face) by which strokes may stray from what was drawn, tried one after the other."""

NUMBERS: Final[dict[str, str]] = {
    "light": "brightness",
    "contrast": "contrast",
    "turn": "rotation",
    "blur": "blur_tenths",
}
"""The word of each number, and its field."""

WORDS: Final = ("brush", "hide", "fill", "swap", *NUMBERS)


def _pack(stroke: Stroke) -> str:
    data = bytes([stroke.diameter, *(part for point in stroke.points for part in point)])
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _unpack(text: str) -> Stroke:
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if len(data) < 3 or len(data) % 2 == 0:
        raise UsageError(f"A brush stroke of this address is damaged ('{text[:24]}'); copy the whole address again.")
    return Stroke(tuple(zip(data[1::2], data[2::2], strict=True)), data[0])


def to_text(edit: Edit) -> str:
    """Return the edit as a text, empty for one that changes nothing; :func:`from_text` gives an equal edit back."""
    parts = [f"brush-{_pack(stroke)}" for stroke in edit.strokes]
    if edit.hidden:
        parts.append("-".join(("hide", *edit.hidden)))
    if edit.fill != DEFAULT_FILL:
        parts.append(f"fill-{edit.fill}")
    if edit.swapped:
        parts.append("-".join(("swap", *edit.swapped)))
    parts += [
        f"{word}-{getattr(edit, name)}" for word, name in NUMBERS.items() if getattr(edit, name) != SPANS[name].neutral
    ]
    return ".".join(parts)


def _names(text: str, regions: Sequence[str]) -> tuple[str, ...]:
    names = tuple(text.split("-"))
    for name in names:
        if name not in regions:
            raise UnknownNameError("region", name[:24], regions)
    return names


def from_text(text: str, regions: Sequence[str]) -> Edit:
    """Read what :func:`to_text` wrote.

    Args:
        text: the edit.
        regions: the names that a region may have.

    Raises:
        UsageError: with one sentence, for whatever is no edit.
    """
    if len(text) > LONGEST:
        raise UsageError(f"An edit takes {LONGEST:,} characters at most, got {len(text):,}; copy the address again.")
    strokes: list[Stroke] = []
    fields: dict[str, Any] = {}
    for part in text.split(".") if text else ():
        word, dash, value = part.partition("-")
        if word not in WORDS or not dash:
            raise UnknownNameError("part of an edit", part[:24], WORDS)
        field = {"hide": "hidden", "swap": "swapped", "fill": "fill", **NUMBERS}.get(word, "")
        if field in fields:
            raise UsageError(f"An edit says '{word}' once at most, and this one says it again; copy the address again.")
        if word == "brush":
            strokes.append(_unpack(value))
        elif word in {"hide", "swap"}:
            fields[field] = _names(value, regions)
        elif word == "fill":
            fields[field] = value[:24]
        elif value.removeprefix("-").isdecimal() and len(value) <= 4:
            fields[field] = int(value)
        else:
            raise UsageError(f"'{word}' of an edit takes a whole number, got '{value[:24]}'; copy the address again.")
    return Edit(strokes=tuple(strokes), **fields)


def shortened(edit: Edit) -> Edit:
    """Return the edit with its strokes simplified as little as it takes to fit into :data:`LONGEST` characters.

    Raises:
        UsageError: it does not fit even with the roughest strokes.
    """
    for tolerance in TOLERANCES:
        rough = replace(edit, strokes=tuple(simplified(stroke, tolerance) for stroke in edit.strokes))
        if (length := len(to_text(rough))) <= LONGEST:
            return rough
    raise UsageError(
        f"This edit takes {length:,} characters even with its strokes simplified, and an address holds {LONGEST:,}; "
        "undo a stroke or hide a region instead."
    )

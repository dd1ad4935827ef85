"""The one door by which the bytes of a picture file become pixels: here where they are plain, apart where not."""

from __future__ import annotations

from typing import Final

from engine.media.apart import decode_apart
from engine.media.budget import Budget
from engine.media.decoder_process import Request
from engine.media.decoding import FORMS, Decoded
from engine.media.headers import read_header

_ENOUGH: Final = 64
"""Bytes, to say what a file is that is no picture; the rest of it is nobody's business."""


def decode_file(data: bytes, form: str, *, shown: str, budget: Budget) -> Decoded:
    """Decode the bytes of a picture file within ``budget``.

    Args:
        data: the whole file.
        form: one of :data:`~engine.media.decoding.FORMS`.
        shown: the name for messages.
        budget: what it may cost.

    Raises:
        PictureError: one sentence, or for form ``sample`` the reason alone.
    """
    header = read_header(data)
    if not header.format:
        return FORMS[form].decode(data[:_ENOUGH], shown, budget)
    if header.width and header.height:
        FORMS[form].check(header.width, header.height, shown, budget)
    if header.plain:
        return FORMS[form].decode(data, shown, budget)
    return decode_apart(Request(data, form, shown, budget))

"""One picture a clip: the apex frame minus the onset frame, which shows what moved.

A micro-expression is a small movement; the frame where it begins (onset) and the one where it is strongest (apex)
differ by the movement alone, if the head is still. A sheet names both by number (:mod:`engine.data.label_sheet`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np

from engine.data.label_sheet import KeyFrames, clip_key
from engine.data.read.gather import read_pixels
from engine.data.read.sources import Entry
from engine.errors import DataError, PictureError
from engine.records import UInt8

FRAMES: Final = "frames"
ONSET_APEX: Final = "onset-apex"
CLIPS: Final[dict[str, str]] = {
    FRAMES: "every frame of a clip is a picture",
    ONSET_APEX: "one picture a clip: 128 + (apex - onset) / 2, each pixel and channel for itself",
}
"""How clips become pictures."""


def difference(onset: UInt8, apex: UInt8) -> UInt8:
    """Return ``128 + (apex - onset) / 2``, rounded down: 0 and 255 are the largest fall and rise, 128 is no change.

    Args:
        onset, apex: uint8 (H, W) or (H, W, 3) of one size; a grey one counts as RGB beside an RGB one.

    Raises:
        PictureError: they are of two sizes.
    """
    if onset.shape[:2] != apex.shape[:2]:
        raise PictureError(
            f"its onset frame is {onset.shape[1]}x{onset.shape[0]} and its apex frame {apex.shape[1]}x{apex.shape[0]}"
        )
    first, second = (
        picture[..., None] if picture.ndim < max(onset.ndim, apex.ndim) else picture for picture in (onset, apex)
    )
    return ((second.astype(np.int16) - first + 256) // 2).astype(np.uint8)


def frame_number(name: str) -> int | None:
    """Return the last whole number in a file's name: 5562 of ``006_05562.jpg``, 46 of ``reg_img46.jpg``."""
    found = re.findall(r"\d+", PurePosixPath(name).stem)
    return int(found[-1]) if found else None


def read_differences(frames: Iterable[Entry], key_frames: KeyFrames | None, place: Path) -> Iterator[Entry]:
    """Yield one entry a clip, ``<subject>/<clip>``, whose pixels are :func:`difference` of its two key frames.

    Args:
        frames: every frame of every clip, of :func:`engine.data.read.samm.read_samm`.
        key_frames: what the sheet says. place: for messages.

    Raises:
        DataError: there is no sheet that names onset and apex.
    """
    if not key_frames:
        raise DataError(
            f"Expected a label sheet in '{place.name}' with the columns Onset Frame and Apex Frame; without them give "
            'every frame (clips = "frames").'
        )
    clips: dict[tuple[str, str], list[Entry]] = {}
    for entry in frames:
        if not entry.foreign:
            folder, clip = PurePosixPath(entry.id).parts[:2]
            clips.setdefault((folder, clip), []).append(entry)
    for (folder, clip), entries in clips.items():
        one = entries[0]
        name = f"{folder}/{clip}"
        try:
            pixels = _of_clip(entries, key_frames.get((one.subject, clip_key(clip))))
            yield Entry(name, None, one.word, pixels, subject=one.subject)
        except PictureError as error:
            yield Entry(name, None, one.word, None, reason=str(error), subject=one.subject)


def _of_clip(entries: list[Entry], wanted: tuple[int, int] | None) -> UInt8:
    if wanted is None:
        raise PictureError("the label sheet does not name its onset and apex frames")
    if wanted[0] == wanted[1]:
        raise PictureError("the label sheet names one frame as its onset and its apex")
    pixels = []
    for what, number in zip(("onset", "apex"), wanted, strict=True):
        found = [entry for entry in entries if frame_number(entry.id) == number]
        if len(found) != 1:
            raise PictureError(f"expected one frame {number} (its {what}), found {len(found)}")
        try:
            pixels.append(read_pixels(found[0]))
        except PictureError as error:
            raise PictureError(f"its {what} frame cannot be used ({error})") from error
    return difference(*pixels)

"""SAMM and sets like it: frames of short clips, and who is in them.

Two layouts: ``<class>/<subject>_<clip>_<frame>.*``, in a folder or an archive; or ``<subject>/<clip>/`` with the frames
in it or below, beside a sheet (CSV or Excel) that says each clip's emotion (:mod:`engine.data.read.samm`).

A dataset's table of clips, as CSV or Excel: which emotion each subject's clip shows, and its key frames.

The header may stand below other lines, as in SAMM's own sheet; columns are known by name, whatever their order.

One picture a clip: the apex frame minus the onset frame, which shows what moved.

A micro-expression is a small movement; the frame where it begins (onset) and the one where it is strongest (apex)
differ by the movement alone, if the head is still. A sheet names both by number (:mod:`engine.data.read.samm`).
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np

from engine.data.read.bounds import check_sheet
from engine.data.read.clutter import clutter
from engine.data.read.gather import read_pixels
from engine.data.read.sources import Entry, read_source
from engine.errors import DataError, PictureError, printable
from engine.extras import extra
from engine.media.pictures import SUFFIXES
from engine.records import UInt8

SHEET_SUFFIXES: Final = (".csv", ".xlsx")
COLUMN_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "subject": ("subject", "subjectid", "subjects"),
    "clip": ("filename", "clip", "clipid", "video"),
    "emotion": ("estimatedemotion", "emotion", "label", "expression"),
}
"""What SAMM's and CASME's sheets, and plain ones, call each column (letters alone, in lower case)."""
FRAME_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "onset": ("onsetframe", "onset", "onsetf"),
    "apex": ("apexframe", "apex", "apexf"),
}
"""The same for the columns that :func:`read_key_frames` reads."""
_HEADER_WITHIN: Final = 40

ClipEmotions = dict[tuple[str, str], str]
"""(:func:`subject_key`, :func:`clip_key`) → the emotion as written."""
KeyFrames = dict[tuple[str, str], tuple[int, int]]
"""The same key → the numbers of the clip's onset and apex frames."""


def subject_key(name: str) -> str:
    """Return what ``6``, ``006``, ``sub06`` and ``s6`` have in common."""
    return re.sub(r"^(?:subject|sub|s)?[_ ]?0*(?=\d)", "", re.sub(r"\.0$", "", name.strip().lower()))


def clip_key(name: str) -> str:
    """Return a clip's name in lower case; of a plain number, without its zeros in front (a sheet drops them)."""
    plain = re.sub(r"\.0$", "", name.strip().lower())
    return (plain.lstrip("0") or "0") if plain.isdigit() else plain


def _rows(path: Path) -> list[list[str]]:
    if path.suffix.lower() == ".csv":
        check_sheet(path)
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
            return list(csv.reader(file))
    extra("openpyxl", "openpyxl", f"'{path.name}'")
    import pandas as pd

    try:
        check_sheet(path)
        table = pd.read_excel(path, header=None, dtype=str, engine="openpyxl")
    except DataError:
        raise
    except Exception as error:  # openpyxl and zipfile raise many kinds; all mean the same to the reader
        raise DataError(
            f"Expected '{path.name}' to be an Excel sheet, but it cannot be read; save it again."
        ) from error
    return [[str(cell) for cell in row] for row in table.fillna("").to_numpy().tolist()]


def _columns(row: Sequence[str], wanted: Mapping[str, tuple[str, ...]]) -> dict[str, int] | None:
    plain = [re.sub(r"[^a-z]", "", cell.lower()) for cell in row]
    found = {
        column: next((plain.index(name) for name in names if name in plain), -1) for column, names in wanted.items()
    }
    return found if min(found.values()) >= 0 else None


def read_label_sheet(path: Path) -> ClipEmotions | None:
    """Read a sheet; None where no line among its first has the three columns.

    Raises:
        DataError: it cannot be read, or says two things of one clip.
        MissingExtraError: an Excel sheet, and openpyxl is not installed.
    """
    found = _table(path, COLUMN_NAMES)
    return None if found is None else _emotions(*found, path.name)


def read_key_frames(path: Path) -> KeyFrames:
    """Read the onset and apex frames of the clips for which a sheet names both by number; it may name none.

    Raises:
        As :func:`read_label_sheet`.
    """
    rows, columns = _table(path, {**COLUMN_NAMES, **FRAME_NAMES}) or ([], {})
    key_frames: KeyFrames = {}
    for row in rows:
        if len(row) > max(columns.values()):
            subject, clip, *frames = (row[columns[name]].strip() for name in ("subject", "clip", "onset", "apex"))
            numbers = [re.sub(r"\.0$", "", frame) for frame in frames]
            if all(number.isascii() and number.isdigit() for number in numbers):
                key_frames[subject_key(subject), clip_key(clip)] = int(numbers[0]), int(numbers[1])
    return key_frames


def _table(path: Path, wanted: Mapping[str, tuple[str, ...]]) -> tuple[list[list[str]], dict[str, int]] | None:
    """Return the rows below the header and where the wanted columns stand; None where no line has them all."""
    try:
        rows = _rows(path)
    except (csv.Error, OSError) as error:
        raise DataError(f"'{path.name}' cannot be read as a table; save it again as CSV.") from error
    for number, row in enumerate(rows[:_HEADER_WITHIN]):
        columns = _columns(row, wanted)
        if columns is not None:
            return rows[number + 1 :], columns
    return None


def _emotions(rows: list[list[str]], columns: dict[str, int], name: str) -> ClipEmotions:
    found: ClipEmotions = {}
    for row in rows:
        if len(row) <= max(columns.values()):
            continue
        subject, clip, emotion = (row[columns[column]].strip() for column in ("subject", "clip", "emotion"))
        if not (subject and clip and emotion):
            continue
        key = subject_key(subject), clip_key(clip)
        if found.setdefault(key, emotion).lower() != emotion.lower():
            raise DataError(
                f"'{name}' calls clip '{clip}' of subject '{subject}' both '{found[key]}' and '{emotion}'; mend it."
            )
    return found


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


def read_samm(place: Path, clips: str = FRAMES) -> Iterator[Entry]:
    """Yield the frames at ``place``, or what :data:`engine.data.read.samm.CLIPS` makes of them, with their subjects.

    Raises:
        DataError: there are two sheets, or one that cannot be read, or the key frames are not known.
    """
    sheet = _sheet(place) if place.is_dir() else None
    frames = _named_frames(place) if sheet is None else _clips(place, sheet[1])
    if clips == FRAMES:
        return frames
    key_frames: KeyFrames | None = None if sheet is None else read_key_frames(sheet[0])
    return read_differences(frames, key_frames, place)


def _sheet(place: Path) -> tuple[Path, ClipEmotions] | None:
    """Return the one sheet in the folder and what it says; None where there is none."""
    files = sorted(
        path
        for path in place.iterdir()
        # Excel leaves a ~$ file beside an open sheet.
        if path.suffix.lower() in SHEET_SUFFIXES and not path.name.startswith((".", "~$"))
    )
    found = [(path, sheet) for path in files if (sheet := read_label_sheet(path)) is not None]
    if len(found) > 1:
        names = ", ".join(path.name for path, _ in found)
        raise DataError(f"Expected one label sheet in '{place.name}', got {names}; leave one.")
    return found[0] if found else None


def _named_frames(place: Path) -> Iterator[Entry]:
    for entry in read_source(place):
        subject, line, _ = PurePosixPath(entry.id).stem.partition("_")
        if entry.reason or (line and subject):
            yield replace(entry, subject=subject_key(subject))
        else:
            yield replace(entry, payload=None, reason="expected a name <subject>_<clip>_<frame>")


def _clips(place: Path, emotions: ClipEmotions) -> Iterator[Entry]:
    for folder, subfolders, files in os.walk(place):
        subfolders.sort()
        here = Path(folder)
        folders = tuple(map(printable, here.relative_to(place).parts))
        clip = _clip_of(folders, emotions)
        for name in sorted(files):
            shown = printable(name)
            path = PurePosixPath(*folders, shown)
            rubbish = clutter(path)
            if rubbish:
                yield Entry(str(path), None, "", None, reason=rubbish, foreign=True)
            if rubbish is not None or path.suffix.lower() not in SUFFIXES:
                continue
            if clip is None:
                reason = "its folder is no clip of the label sheet"
                yield Entry("/".join((*folders, shown)), None, "", None, reason=reason, foreign=True)
            else:
                start, word = clip
                subject = subject_key(folders[start])
                yield Entry("/".join((*folders[start:], shown)), None, word, here / name, subject=subject)


def _clip_of(folders: tuple[str, ...], emotions: ClipEmotions) -> tuple[int, str] | None:
    """Return where in a path its subject's folder stands, the clip's below it, and the clip's emotion."""
    for start in range(len(folders) - 1):
        word = emotions.get((subject_key(folders[start]), clip_key(folders[start + 1])))
        if word is not None:
            return start, word
    return None

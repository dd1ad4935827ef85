"""A dataset's table of clips, as CSV or Excel: which emotion each subject's clip shows, and its key frames.

The header may stand below other lines, as in SAMM's own sheet; columns are known by name, whatever their order.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from engine.data.extras import extra
from engine.errors import DataError

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
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
            return list(csv.reader(file))
    extra("openpyxl", "openpyxl", f"'{path.name}'")
    import pandas as pd

    try:
        table = pd.read_excel(path, header=None, dtype=str, engine="openpyxl")
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

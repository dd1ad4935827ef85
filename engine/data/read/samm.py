"""SAMM and sets like it: frames of short clips, and who is in them.

Two layouts: ``<class>/<subject>_<clip>_<frame>.*``, in a folder or an archive; or ``<subject>/<clip>/`` with the frames
in it or below, beside a sheet (CSV or Excel) that says each clip's emotion (:mod:`engine.data.label_sheet`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from engine.data.decode import SUFFIXES
from engine.data.key_frames import FRAMES, read_differences
from engine.data.label_sheet import (
    SHEET_SUFFIXES,
    ClipEmotions,
    KeyFrames,
    clip_key,
    read_key_frames,
    read_label_sheet,
    subject_key,
)
from engine.data.read.sources import Entry, read_source
from engine.errors import DataError


def read_samm(place: Path, clips: str = FRAMES) -> Iterator[Entry]:
    """Yield the frames at ``place``, or what :data:`engine.data.key_frames.CLIPS` makes of them, with their subjects.

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
        subfolders[:] = sorted(name for name in subfolders if not name.startswith((".", "__MACOSX")))
        here = Path(folder)
        folders = here.relative_to(place).parts
        clip = _clip_of(folders, emotions)
        for name in sorted(files):
            if Path(name).suffix.lower() not in SUFFIXES or name.startswith("."):
                continue
            if clip is None:
                reason = "its folder is no clip of the label sheet"
                yield Entry("/".join((*folders, name)), None, "", None, reason=reason, foreign=True)
            else:
                start, word = clip
                subject = subject_key(folders[start])
                yield Entry("/".join((*folders[start:], name)), None, word, here / name, subject=subject)


def _clip_of(folders: tuple[str, ...], emotions: ClipEmotions) -> tuple[int, str] | None:
    """Return where in a path its subject's folder stands, the clip's below it, and the clip's emotion."""
    for start in range(len(folders) - 1):
        word = emotions.get((subject_key(folders[start]), clip_key(folders[start + 1])))
        if word is not None:
            return start, word
    return None

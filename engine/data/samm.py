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
from engine.data.label_sheet import SHEET_SUFFIXES, ClipEmotions, clip_key, read_label_sheet, subject_key
from engine.data.sources import Entry, read_source
from engine.errors import DataError


def read_samm(place: Path) -> Iterator[Entry]:
    """Yield the frames at ``place``, each with its subject.

    Raises:
        DataError: there are two sheets, or one that cannot be read.
    """
    sheet = _sheet(place) if place.is_dir() else None
    return _named_frames(place) if sheet is None else _clips(place, sheet)


def _sheet(place: Path) -> ClipEmotions | None:
    """Return what the one sheet in the folder says; None where there is none."""
    files = sorted(
        path
        for path in place.iterdir()
        # Excel leaves a ~$ file beside an open sheet.
        if path.suffix.lower() in SHEET_SUFFIXES and not path.name.startswith((".", "~$"))
    )
    found = {path.name: sheet for path in files if (sheet := read_label_sheet(path)) is not None}
    if len(found) > 1:
        raise DataError(f"Expected one label sheet in '{place.name}', got {', '.join(found)}; leave one.")
    return next(iter(found.values()), None)


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

"""Which pictures of a dataset are to be enhanced, and where each goes: the same folders, as PNG."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from engine.data.balanced import is_balanced
from engine.data.dataset import SkippedFile
from engine.data.enhanced import enhancement_at
from engine.data.read.sources import Entry
from engine.data.registry import KINDS, read_entries
from engine.errors import DataError, UsageError
from engine.labels import canonical


@dataclass(frozen=True)
class EnhancePlan:
    """What is to be done.

    Attributes:
        dataset: its name. place: where it lies.
        written: for each picture's id the path of its enhanced picture in the new folder.
        skipped: what is left out, and why.
        fingerprint: sha256 over ids and sizes in bytes; it changes when pictures come, go or are replaced by others
            of another size.
    """

    dataset: str
    place: Path
    written: dict[str, str]
    skipped: tuple[SkippedFile, ...]
    fingerprint: str

    def entries(self) -> Iterator[Entry]:
        """Yield the planned pictures, read anew from where they lie."""
        return (entry for entry in read_entries(self.dataset, self.place) if entry.id in self.written)


def _refuse(place: Path) -> None:
    if is_balanced(place):
        raise DataError(f"'{place.name}' is balanced already; enhance what it was made of, and balance that.")
    if enhancement_at(place) is not None:
        raise DataError(f"'{place.name}' is enhanced already; point --data at what it was made of.")


def plan_enhancement(dataset: str, place: Path, *, drop_unknown: bool = False, limit: int | None = None) -> EnhancePlan:
    """Look at every picture's name, not at its pixels, and decide.

    Args:
        dataset: one of :data:`engine.data.registry.KINDS`.
        place: where it lies.
        drop_unknown: leave out classes that the dataset does not have instead of raising.
        limit: take so many pictures of each split, spread evenly.

    Raises:
        DataError: there are no pictures, unknown classes, or pictures that were enhanced or balanced before.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"Expected a --limit of 1 or more, got {limit}.")
    _refuse(place)
    found: list[tuple[str, str | None, int]] = []
    skipped: list[tuple[SkippedFile, str | None]] = []
    unknown: Counter[str] = Counter()
    for entry in read_entries(dataset, place):
        if entry.word and canonical(entry.word) not in KINDS[dataset].classes:
            unknown[entry.word] += 1
            skipped.append((SkippedFile(entry.id, f"unknown class '{entry.word}'"), entry.split))
        elif entry.reason:
            skipped.append((SkippedFile(entry.id, entry.reason), entry.split))
        else:
            found.append((entry.id, entry.split, _bytes(entry)))
    if unknown and not drop_unknown:
        listed = ", ".join(f"'{word}' ({count})" for word, count in sorted(unknown.items()))
        raise DataError(
            f"'{place.name}' has classes that are not among {', '.join(KINDS[dataset].classes)}: {listed}; "
            "rename them, or leave them out with --drop-unknown."
        )
    if any(split for _, split, _ in found):
        # What lies beside train/ and test/ is something else, as when the data is loaded.
        found = [one for one in found if one[1]]
        skipped = [one for one in skipped if one[1]]
    if not found:
        raise DataError(f"Expected train|val|test/<class>/*, or class folders alone, in '{place.name}'; none is there.")
    chosen = _limited(found, limit)
    digest = hashlib.sha256()
    for picture_id, _, size in chosen:
        digest.update(f"{picture_id}\0{size}\n".encode())
    files = tuple(sorted((file for file, _ in skipped), key=lambda file: file.id))
    return EnhancePlan(dataset, place, _names([one[0] for one in chosen]), files, digest.hexdigest())


def _bytes(entry: Entry) -> int:
    if isinstance(entry.payload, Path):
        return entry.payload.stat().st_size
    if isinstance(entry.payload, np.ndarray):
        return entry.payload.nbytes
    return len(entry.payload or b"")


def _limited(found: list[tuple[str, str | None, int]], limit: int | None) -> list[tuple[str, str | None, int]]:
    """Take ``limit`` pictures of each split, spread evenly; the first ones would all be of one class."""
    if limit is None:
        return found
    by_split: dict[str | None, list[tuple[str, str | None, int]]] = {}
    for one in found:
        by_split.setdefault(one[1], []).append(one)
    chosen: list[tuple[str, str | None, int]] = []
    for ones in by_split.values():
        chosen += [ones[index * len(ones) // limit] for index in range(limit)] if limit < len(ones) else ones
    return chosen


def _names(ids: list[str]) -> dict[str, str]:
    """Return where each picture goes: its own path as .png, with its whole name where two would be the same."""
    names: dict[str, str] = {}
    used: set[str] = set()
    for picture_id in ids:
        if picture_id in names:
            raise DataError(f"Expected each picture once, but '{picture_id}' is there again; give one copy alone.")
        path = PurePosixPath(picture_id)
        name = path.with_suffix(".png").as_posix()
        if name.lower() in used:  # some file systems do not tell a from A
            name = path.with_name(f"{path.name}.png").as_posix()
        if name.lower() in used:
            raise DataError(f"Two pictures are called '{picture_id}' but for capitals or endings; rename one.")
        used.add(name.lower())
        names[picture_id] = name
    return names

"""Write a dataset's enhanced pictures into a new folder that FERLens reads again, complete or absent, resumably.

Work goes on in ``<out>.partial``, which becomes ``<out>`` at the end. A picture is written beside its place and
renamed, and only then entered in ``enhance.csv``, so that whatever ends the work costs the batch at hand alone; what is
entered is not written again.

Which pictures of a dataset are to be enhanced, and where each goes: the same folders, as PNG.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np
from PIL import Image

from engine.data.balance.balance import is_balanced
from engine.data.balance.folder import refuse_place
from engine.data.dataset import SkippedFile
from engine.data.enhance.enhance import NOTE, Enhancer, enhancement_at
from engine.data.read.gather import read_pixels, unknown_classes
from engine.data.read.samm import SHEET_SUFFIXES
from engine.data.read.sources import MAX_MEMBER_BYTES, Entry
from engine.data.registry import KINDS, read_entries
from engine.documents import BAD_VALUES, read_document
from engine.errors import DataError, PictureError, UsageError
from engine.labels import canonical
from engine.records import UInt8
from engine.writing.whole import whole_file


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
        raise unknown_classes(place.name, unknown, KINDS[dataset].classes)
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


MANIFEST: Final = "enhance.csv"
COLUMNS: Final = ("id", "source", "height", "width", "channels")
"""Of the manifest: the picture, what it was made of, and what that was in pixels."""
LIBRARIES: Final = ("torch", "spandrel", "spandrel-extra-arches", "opencv-python-headless", "pillow")


@dataclass(frozen=True)
class _Row:
    id: str
    source: str
    height: int
    width: int
    channels: int


def write_enhanced(
    out: Path,
    plan: EnhancePlan,
    enhancer: Enhancer,
    *,
    limit: int | None = None,
    on_start: Callable[[int], None] | None = None,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Enhance the planned pictures into the new folder ``out``, going on with what an earlier call left.

    Args:
        out: the folder to make.
        plan: which pictures. limit: as the plan was made, for the note.
        enhancer: how.
        on_start: told how many pictures are done already. progress: told after each picture.

    Returns:
        What ``enhance.json`` says.

    Raises:
        UsageError: ``out`` is there, or was begun with other settings.
        DataError: no picture can be read.
    """
    refuse_place(out, plan.place)
    settings = _settings(plan, enhancer, limit)
    folder = out.with_name(f"{out.name}.partial")
    rows = _begin(folder, settings)
    left = {source for source in plan.written if source not in rows}
    if on_start is not None:
        on_start(len(plan.written) - len(left))
    skipped = list(plan.skipped)
    with (folder / MANIFEST).open("a", newline="", encoding="utf-8") as file:
        manifest = csv.writer(file, lineterminator="\n")
        # Batches are those of an undisturbed run, done pictures and all: a network's last bits hang on the batch.
        for batch in _batches(plan.entries(), enhancer.tiling.batch):
            undone = sum(entry.id in left for entry in batch)
            for source, pixels, picture in _enhanced(batch, enhancer, skipped) if undone else ():
                if source not in left:
                    continue
                try:
                    height, width = pixels.shape[:2]
                    row = _Row(plan.written[source], source, height, width, 1 if pixels.ndim == 2 else 3)
                    _write(picture, folder / row.id)
                except PictureError as error:
                    skipped.append(SkippedFile(source, str(error)))
                    continue
                manifest.writerow([getattr(row, column) for column in COLUMNS])
                file.flush()
                rows[source] = row
            if progress is not None and undone:
                progress(undone)
    if not rows:
        raise DataError(f"No picture of '{plan.place.name}' can be read ({skipped[0].reason}); get the data again.")
    return _finish(out, folder, settings, [rows[source] for source in plan.written if source in rows], skipped, plan)


def _settings(plan: EnhancePlan, enhancer: Enhancer, limit: int | None) -> dict[str, Any]:
    return {
        "dataset": plan.dataset,
        "pictures": len(plan.written),
        "pictures_sha256": plan.fingerprint,
        "limit": limit,
        **enhancer.described(),
    }


_WORDS: Final = {
    "dataset": "dataset",
    "pictures": "number of pictures",
    "pictures_sha256": "pictures",
    "limit": "--limit",
    "networks": "networks",
    "tile": "--tile",
    "overlap": "--overlap",
}
"""What each setting is called in a message."""


def _begin(folder: Path, settings: dict[str, Any]) -> dict[str, _Row]:
    """Make the folder, or go on with it: return by source what is done.

    Raises:
        UsageError: it was begun with other settings.
    """
    if not folder.exists():
        folder.mkdir()
        _write_note(folder, settings)
        (folder / MANIFEST).write_text(",".join(COLUMNS) + "\n", encoding="utf-8")
        return {}
    cure = f"give the same as before, or remove '{folder.name}' to begin afresh"
    try:
        begun = read_document(folder / NOTE)
        different = [
            words for key, words in _WORDS.items() if _compared(key, begun[key]) != _compared(key, settings[key])
        ]
    except (OSError, *BAD_VALUES) as error:
        raise UsageError(
            f"'{folder.name}' holds no work that can be gone on with; remove it to begin afresh."
        ) from error
    if different:
        raise UsageError(f"'{folder.name}' was begun with other settings ({', '.join(different)}); {cure}.")
    rows = {row.source: row for row in _rows(folder / MANIFEST) if (folder / row.id).is_file()}
    _write_rows(folder, rows.values())  # without a line that was cut short
    return rows


def _compared(key: str, value: Any) -> Any:
    """Return what counts of a setting: of networks their content, not what the file is called."""
    return [network["sha256"] for network in value] if key == "networks" else value


def _rows(manifest: Path) -> Iterator[_Row]:
    if not manifest.is_file():
        return
    with manifest.open(newline="", encoding="utf-8") as file:
        for cells in csv.reader(file):
            if len(cells) == len(COLUMNS) and all(cell.isdigit() for cell in cells[2:]):
                yield _Row(cells[0], cells[1], int(cells[2]), int(cells[3]), int(cells[4]))


def _write_rows(folder: Path, rows: Iterable[_Row]) -> None:
    with whole_file(folder / MANIFEST) as part, part.open("w", newline="", encoding="utf-8") as file:
        manifest = csv.writer(file, lineterminator="\n")
        manifest.writerow(COLUMNS)
        manifest.writerows([getattr(row, column) for column in COLUMNS] for row in rows)


def _write_note(folder: Path, document: dict[str, Any]) -> None:
    with whole_file(folder / NOTE) as part:
        part.write_text(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def _batches(entries: Iterable[Entry], size: int) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    for entry in entries:
        batch.append(entry)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _enhanced(batch: list[Entry], enhancer: Enhancer, skipped: list[SkippedFile]) -> Iterator[tuple[str, UInt8, UInt8]]:
    """Yield id, pixels and enhanced picture of each readable entry; note the others."""
    read: list[tuple[str, UInt8]] = []
    for entry in batch:
        try:
            pixels = read_pixels(entry)
            enhancer.refuse_huge(pixels)
            read.append((entry.id, pixels))
        except PictureError as error:
            skipped.append(SkippedFile(entry.id, str(error)))
    pictures = enhancer([pixels for _, pixels in read])
    yield from ((source, pixels, picture) for (source, pixels), picture in zip(read, pictures, strict=True))


def _write(picture: UInt8, path: Path) -> None:
    data = io.BytesIO()
    Image.fromarray(picture).save(data, format="PNG")
    if len(data.getbuffer()) > MAX_MEMBER_BYTES:
        raise PictureError(f"enhanced it is larger than {MAX_MEMBER_BYTES // 1_000_000} MB")
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as part:
        part.write_bytes(data.getbuffer())


def _finish(
    out: Path,
    folder: Path,
    settings: dict[str, Any],
    rows: list[_Row],
    skipped: list[SkippedFile],
    plan: EnhancePlan,
) -> dict[str, Any]:
    """Write what was done, and give the folder its name."""
    if plan.place.is_dir() and plan.dataset == "samm":
        for sheet in sorted(plan.place.iterdir()):  # says what each clip shows
            if sheet.suffix.lower() in SHEET_SUFFIXES and not sheet.name.startswith((".", "~$")):
                shutil.copyfile(sheet, folder / sheet.name)
    sizes = {(row.height, row.width) for row in rows}
    height, width = sizes.pop() if len(sizes) == 1 else (None, None)
    document = {
        **settings,
        "made": len(rows),
        "source": {"height": height, "width": width, "grey": all(row.channels == 1 for row in rows)},
        "skipped": [{"id": file.id, "reason": file.reason} for file in sorted(skipped, key=lambda file: file.id)],
        "versions": _versions(),
    }
    for stray in folder.rglob(".*.part*"):  # and their locks: of pictures that a killed run was at
        stray.unlink()
    _write_rows(folder, rows)
    _write_note(folder, document)
    refuse_place(out, plan.place)  # again: another run may have been quicker
    folder.rename(out)
    return document


def _versions() -> dict[str, str]:
    found = {}
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found

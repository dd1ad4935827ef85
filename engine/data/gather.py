"""Decode a stream of entries into pixels, labels and digests, keeping only what the wanted split needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np

from engine.data.dataset import SkippedFile
from engine.data.decode import decode_picture, fit_picture, pixel_digest
from engine.data.sources import MAX_MEMBER_BYTES, Entry
from engine.errors import DataError, PictureError
from engine.labels import canonical
from engine.records import UInt8

Need = Literal["pixels", "digest", "nothing"]
"""What the caller wants of an entry: its picture, only whether it equals another, or nothing."""

CHUNK = 512
THREADS = 4


@dataclass(frozen=True, eq=False)
class Picture:
    """One decoded entry: its label, digest and, where the caller needs them, pixels uint8 (size, size[, 3])."""

    id: str
    split: str | None
    label: int
    digest: bytes
    pixels: UInt8 | None
    row: int


def _read(entry: Entry) -> UInt8:
    """Return an entry's own pixels, or raise PictureError with the reason."""
    if entry.reason:
        raise PictureError(entry.reason)
    payload = entry.payload
    if isinstance(payload, np.ndarray):
        return payload
    if isinstance(payload, Path):
        try:
            if payload.stat().st_size > MAX_MEMBER_BYTES:
                raise PictureError(f"larger than {MAX_MEMBER_BYTES // 1_000_000} MB")
            payload = payload.read_bytes()
        except OSError as error:
            raise PictureError("the file cannot be read") from error
    return decode_picture(payload or b"")


def _chunks(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    stream = iter(entries)
    while chunk := list(islice(stream, CHUNK)):
        yield chunk


def gather(
    entries: Iterable[Entry],
    classes: Sequence[str],
    *,
    size: int,
    channels: int | None,
    need: Callable[[str | None], Need],
    drop_unknown: bool,
    source: str,
) -> tuple[list[Picture], list[SkippedFile]]:
    """Decode entries in small chunks on a few threads, so that no more than one chunk of files is in memory at a time.

    Args:
        entries: from :mod:`engine.data.sources`.
        classes: the K class names a label indexes.
        size: side of the pictures in pixels.
        channels: 1, 3, or None for RGB only where a picture is coloured.
        need: what is wanted of the pictures of a split.
        drop_unknown: list pictures of other classes as skipped instead of raising.
        source: the file name for messages.

    Returns:
        The pictures in their stable order (CSV rows, else by id) and what was left out.

    Raises:
        DataError: for unknown classes, repeated ids, or when more than half of the picture files are unreadable.
    """
    index = {name: number for number, name in enumerate(classes)}
    unknown: dict[tuple[str, bool], int] = {}
    left_out: list[tuple[SkippedFile, bool]] = []
    pictures: list[Picture] = []
    unreadable = 0
    layout_has_splits = False

    def decode(entry: Entry) -> Picture | str:
        label = index.get(canonical(entry.word) or "", -1)
        wanted = need(entry.split)
        try:
            pixels = _read(entry)
            fitted = None
            if wanted == "pixels":
                depth = channels if channels is not None else (1 if pixels.ndim == 2 else 3)
                fitted = fit_picture(pixels, size, depth)
            return Picture(entry.id, entry.split, label, pixel_digest(pixels), fitted, entry.row)
        except PictureError as error:
            return str(error)

    with ThreadPoolExecutor(THREADS) as pool:
        for chunk in _chunks(entries):
            todo = []
            for entry in chunk:
                layout_has_splits = layout_has_splits or entry.split is not None
                if need(entry.split) == "nothing":
                    continue
                if entry.word and canonical(entry.word) not in index:
                    key = (entry.word, entry.split is not None)
                    unknown[key] = unknown.get(key, 0) + 1
                    left_out.append((SkippedFile(entry.id, f"unknown class '{entry.word}'"), key[1]))
                else:
                    todo.append(entry)
            for entry, result in zip(todo, pool.map(decode, todo), strict=True):
                if isinstance(result, Picture):
                    pictures.append(result)
                    continue
                unreadable += "is not a picture file" not in result
                if need(entry.split) == "pixels":
                    left_out.append((SkippedFile(entry.id, result), entry.split is not None))

    if layout_has_splits:
        # What lies beside train/ and test/ is something else: another dataset, a report's pictures.
        unknown = {key: count for key, count in unknown.items() if key[1]}
        left_out = [(file, inside) for file, inside in left_out if inside]
        pictures = [picture for picture in pictures if picture.split is not None]
    skipped = [file for file, _ in left_out]
    if unknown and not drop_unknown:
        listed = ", ".join(f"'{word}' ({count})" for (word, _), count in sorted(unknown.items()))
        raise DataError(
            f"'{source}' has classes that are not among {', '.join(classes)}: {listed}; rename them, or leave them out with --drop-unknown."
        )
    if unreadable > len(pictures):
        raise DataError(
            f"Only {len(pictures)} of {len(pictures) + unreadable} pictures in '{source}' can be read "
            f"(the first: {skipped[0].id if skipped else 'unknown'}); expected at least half, so check the copy."
        )
    pictures.sort(key=lambda picture: (picture.row, picture.id))
    for one, other in zip(pictures, pictures[1:], strict=False):
        if one.id == other.id:
            raise DataError(
                f"'{source}' holds '{one.id}' more than once; give the folder or archive of one copy alone."
            )
    return pictures, sorted(skipped, key=lambda file: file.id)

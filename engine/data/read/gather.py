"""Decode a stream of entries into pixels, labels and digests, keeping only what the wanted split needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final, Literal

import numpy as np

from engine.data.dataset import SkippedFile
from engine.data.read.sources import ALL_ROWS, MAX_MEMBER_BYTES, Entry, decode_picture, fit_picture, pixel_digest
from engine.errors import DataError, PictureError, shown
from engine.labels import few, label_of
from engine.media.fit import fitted
from engine.records import InputSpec, UInt8

Need = Literal["pixels", "look", "digest", "person", "nothing"]
"""What the caller wants of an entry: its picture, what it looks like, only whether it equals another, only who is
shown, or nothing."""

LOOK_SIDE: Final = 48
"""Side in pixels of a grey picture that is kept to see what looks alike."""

THREADS: Final = 4
CHUNK: Final = 1024
CHUNK_BYTES: Final = 64_000_000
"""Files in memory at a time, and their bytes; each thread takes a slice, since handing over single 48x48 pictures
costs more than decoding them."""
_LISTED: Final = 4
_CLASSES_LISTED: Final = 12
"""Folders that a message names at most."""


@dataclass(frozen=True, eq=False)
class Picture:
    """One decoded entry: its label, digest and, where the caller needs them, pixels uint8 (size, size[, 3]).

    Where only its look is needed, the pixels are (48, 48), grey. ``subject`` is the person shown, or empty;
    ``wrapper`` the folders around its class folder, where there is no split.
    """

    id: str
    split: str | None
    label: int
    digest: bytes
    pixels: UInt8 | None
    row: int
    subject: str = ""
    wrapper: str = ""


@dataclass(frozen=True)
class _LeftOut:
    """One entry that gave no picture: of an unknown class (``word``), or unreadable, or no picture file at all."""

    file: SkippedFile
    split: str | None
    word: str = ""
    unreadable: bool = False

    @property
    def id(self) -> str:
        """The entry's."""
        return self.file.id


@dataclass(frozen=True, eq=False)
class Decoder:
    """Turns entries into pictures; called from several threads.

    Attributes:
        labels: the label of each class name, as :func:`engine.labels.label_of` takes it.
        size: side of the pictures in pixels.
        channels: 1, 3, or None for RGB only where a picture is coloured.
        need: what is wanted of the pictures of a split.
        spec: what a model takes that says how pictures are fitted; None brings both sides to ``size``.
    """

    labels: Mapping[str, int]
    size: int
    channels: int | None
    need: Callable[[str | None], Need]
    spec: InputSpec | None = None

    def __call__(self, entries: Sequence[Entry]) -> list[Picture | _LeftOut]:
        """Decode ``entries`` in order."""
        return [self._decode(entry) for entry in entries]

    def _decode(self, entry: Entry) -> Picture | _LeftOut:
        if self.need(entry.split) == "nothing":
            return _LeftOut(SkippedFile(entry.id, "of another split"), entry.split)
        if self.need(entry.split) == "person":
            return Picture(entry.id, entry.split, -1, b"", None, entry.row, entry.subject)
        label = label_of(entry.word, self.labels)
        if label < 0 and entry.word:
            file = SkippedFile(entry.id, f"unknown class '{entry.word}'")
            return _LeftOut(file, entry.split, word=entry.word)
        try:
            pixels = read_pixels(entry)
        except PictureError as error:
            file = SkippedFile(entry.id, str(error), unreadable=not entry.foreign)
            return _LeftOut(file, entry.split, unreadable=not entry.foreign)
        seen = None
        if self.need(entry.split) == "look":
            seen = fit_picture(pixels, LOOK_SIDE, 1)
        elif self.need(entry.split) == "pixels":
            seen = self._fitted(pixels)
        return Picture(entry.id, entry.split, label, pixel_digest(pixels), seen, entry.row, entry.subject,
                       entry.wrapper)  # fmt: skip

    def _fitted(self, pixels: UInt8) -> UInt8:
        if self.spec is not None and self.spec.fit:
            return fitted(pixels, self.spec)
        return fit_picture(pixels, self.size, self.channels or (1 if pixels.ndim == 2 else 3))


def read_pixels(entry: Entry) -> UInt8:
    """Return an entry's own pixels, uint8 (H, W) or (H, W, 3).

    Raises:
        PictureError: the entry cannot be read; the message is the reason alone.
    """
    if entry.reason:
        raise PictureError(entry.reason)
    payload = entry.payload
    if isinstance(payload, np.ndarray):
        return payload
    if isinstance(payload, Path):
        try:
            if not payload.is_file():
                raise PictureError("not an ordinary file")
            if payload.stat().st_size > MAX_MEMBER_BYTES:
                raise PictureError(f"larger than {MAX_MEMBER_BYTES // 1_000_000} MB")
            payload = payload.read_bytes()
        except OSError as error:
            raise PictureError("the file cannot be read") from error
    return decode_picture(payload or b"")


def _chunks(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Cut a stream so that no more than one chunk of files is in memory at a time."""
    chunk: list[Entry] = []
    size = 0
    for entry in entries:
        chunk.append(entry)
        payload = entry.payload
        size += payload.nbytes if isinstance(payload, np.ndarray) else len(payload) if isinstance(payload, bytes) else 0
        if len(chunk) == CHUNK or size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _decode_all(entries: Iterable[Entry], decoder: Decoder) -> Iterator[Picture | _LeftOut]:
    """Decode on a few threads, in order."""
    with ThreadPoolExecutor(THREADS) as pool:
        for chunk in _chunks(entries):
            step = -(-len(chunk) // (4 * THREADS))
            for outcomes in pool.map(decoder, (chunk[start : start + step] for start in range(0, len(chunk), step))):
                yield from outcomes


def _sorted_out(outcomes: Iterable[Picture | _LeftOut]) -> tuple[list[Picture], list[_LeftOut], list[SkippedFile]]:
    """Return what became a picture, what did not, and what belongs to no split of a source that has some.

    What lies beside train/ and test/ is something else: another dataset, a report's pictures, a row without a Usage.
    """
    together = list(outcomes)
    splits = ", ".join(sorted({outcome.split for outcome in together if outcome.split}))
    beside = [
        outcome.file
        if isinstance(outcome, _LeftOut) and not outcome.word
        else SkippedFile(outcome.id, _beside(outcome, splits))
        for outcome in together
        if splits and not outcome.split
    ]
    inside = [outcome for outcome in together if outcome.split or not splits]
    pictures = [outcome for outcome in inside if isinstance(outcome, Picture)]
    return pictures, [outcome for outcome in inside if isinstance(outcome, _LeftOut)], beside


def _beside(outcome: Picture | _LeftOut, splits: str) -> str:
    """Say why an outcome without a split is none of the data, where others have one of ``splits``."""
    if outcome.id.startswith(ALL_ROWS):
        return "its row names no Usage, though others do"
    return f"it belongs to none of the source's splits ({splits})"


def _refuse_wrappers(pictures: Sequence[Picture], decoder: Decoder, source: str) -> None:
    """Refuse one class in folders side by side that are called like no split: nobody knows which of them train.

    Raises:
        DataError: there are such folders.
    """
    around: dict[int, Counter[str]] = {}
    for picture in pictures:
        if picture.split is None:
            around.setdefault(picture.label, Counter())[picture.wrapper] += 1
    torn = {label: counts for label, counts in around.items() if len(counts) > 1}
    if not torn:
        return
    names = {label: name for name, label in decoder.labels.items()}
    folders = sum(torn.values(), Counter())
    raise DataError(
        f"'{source}' has the class '{names[min(torn)]}' in several folders whose names are no splits: "
        f"{_counted(folders, _LISTED, source)}; call them train, val and test, or point --data at one of them."
    )


def _counted(names: Mapping[str, int], most: int, unnamed: str = "") -> str:
    """List the first names from outside, which may be many and long, with their counts."""
    listed = ", ".join(f"'{shown(name or unnamed)}' ({count})" for name, count in sorted(names.items())[:most])
    return listed + (f" and {len(names) - most} more" if len(names) > most else "")


def unknown_classes(source: str, unknown: Mapping[str, int], known: Iterable[str]) -> DataError:
    """Return the error for pictures of classes, by name and count, that are not among the ``known``."""
    return DataError(
        f"'{source}' has classes that are not among {few(list(known))}: {_counted(unknown, _CLASSES_LISTED)}; "
        "rename them, or leave them out with --drop-unknown."
    )


def gather(
    entries: Iterable[Entry],
    decoder: Decoder,
    *,
    drop_unknown: bool,
    source: str,
) -> tuple[list[Picture], tuple[SkippedFile, ...]]:
    """Decode what is needed of ``entries``.

    Args:
        entries: from :mod:`engine.data.read.sources`.
        decoder: how to decode and what is needed.
        drop_unknown: list pictures of other classes as skipped instead of raising.
        source: the file name for messages.

    Returns:
        The pictures in their stable order (CSV rows, else by id) and, by id, what was left out.

    Raises:
        DataError: for unknown classes, repeated ids, one class in several folders that are no splits, or when more
            than half of the picture files are unreadable.
    """
    pictures, left_out, beside = _sorted_out(_decode_all(entries, decoder))
    _refuse_wrappers(pictures, decoder, source)

    unknown = Counter(outcome.word for outcome in left_out if outcome.word)
    if unknown and not drop_unknown:
        raise unknown_classes(source, unknown, decoder.labels)
    unreadable = [outcome.file for outcome in left_out if outcome.unreadable]
    if len(unreadable) > len(pictures):
        raise DataError(
            f"Expected most pictures in '{source}' to be readable, but {len(unreadable)} of "
            f"{len(pictures) + len(unreadable)} are not (the first, "
            f"'{shown(unreadable[0].id)}': {shown(unreadable[0].reason)}); "
            "get the data again."
        )
    pictures.sort(key=lambda picture: (picture.row, picture.id))
    for one, other in pairwise(pictures):
        if one.id == other.id:
            raise DataError(
                f"Expected each picture of '{source}' once, but '{one.id}' is there again; give one copy alone."
            )
    skipped = [*beside, *(outcome.file for outcome in left_out if decoder.need(outcome.split) == "pixels")]
    return pictures, tuple(sorted(skipped, key=lambda file: file.id))

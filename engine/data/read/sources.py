"""Readers: a folder, a .zip, a .tar.* or a CSV becomes a stream of entries, one a picture, nothing unpacked to disk.

A member's path is only ever read as text: it says the split and the class and is never opened, so an archive cannot
reach outside itself.

From a file's bytes to pixels, refusing what is no picture instead of making one up.
"""

from __future__ import annotations

import hashlib
import lzma
import os
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final

import numpy as np
from PIL import Image

from engine.data.read.bounds import MAX_LINE, BoundedTarInfo, Meter, UnpackedStream, check_zip
from engine.data.read.clutter import clutter
from engine.data.read.split_names import split_of
from engine.data.read.tables import cells_of, delimiter_of, table_lines
from engine.errors import DataError, PictureError, printable
from engine.labels import FER2013_CSV_ORDER, canonical
from engine.media.budget import DATASET_PICTURE, OverBudgetError
from engine.media.decode import decode_file
from engine.media.headers import read_header
from engine.media.pictures import SUFFIXES
from engine.records import UInt8

MAX_PIXELS: Final = DATASET_PICTURE.pixels
"""A picture that claims more is refused from its header, before any pixel is decoded."""


def decode_picture(data: bytes) -> UInt8:
    """Decode the first frame of a picture file, upright.

    Args:
        data: the whole file.

    Returns:
        uint8, (H, W) for a grey picture or (H, W, 3) RGB for a coloured one; a colour file whose three channels are
        equal everywhere counts as grey, so that the same face saved both ways is the same picture.

    Raises:
        PictureError: for empty, unreadable, truncated or huge files; the message is the reason alone.
    """
    if not data:
        raise PictureError("the file is empty")
    try:
        pixels = decode_file(data, "sample", shown="the picture", budget=DATASET_PICTURE).pixels
    except OverBudgetError as error:
        raise PictureError(f"it takes more than {error.limit} to decode") from error
    if pixels.ndim == 3 and (pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 0] == pixels[..., 2]).all():
        pixels = pixels[..., 0]
    return np.ascontiguousarray(pixels)


def pixel_digest(pixels: UInt8) -> bytes:
    """Return 16 bytes that are equal for two pictures exactly when shape and every pixel are."""
    return hashlib.blake2b(np.ascontiguousarray(pixels).data, digest_size=16, key=str(pixels.shape).encode()).digest()


def fit_picture(pixels: UInt8, size: int, channels: int) -> UInt8:
    """Bring a picture to (size, size) for 1 of ``channels`` or (size, size, 3) for 3, averaging areas to shrink it.

    Sides are scaled separately: datasets ship face crops that are square or nearly so.
    """
    mode = "L" if channels == 1 else "RGB"
    if pixels.shape[:2] == (size, size) and pixels.ndim == (2 if channels == 1 else 3):
        return pixels
    picture = Image.fromarray(pixels).convert(mode)
    if picture.size != (size, size):
        shrinks = min(picture.size) >= size
        picture = picture.resize((size, size), Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR)
    return np.asarray(picture)


MAX_MEMBER_BYTES: Final = 20_000_000
ALL_ROWS: Final = "all/"
"""How the id of a row begins that names no split."""
_BEGINNING: Final = 64
_FIRST_ROWS: Final = 1_000
_NUMBERS: Final = re.compile(r"(?: *[0-9]{1,3})(?: +[0-9]{1,3})* *")
_ZIP_METHODS: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2}  # others want memory by their word
# What the libraries raise on archives that are cut short, or whose headers are not what they should be.
_DAMAGE: Final = (
    zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error, struct.error, EOFError, OSError, ValueError,
    LookupError, ArithmeticError, TypeError, AttributeError, MemoryError,
)  # fmt: skip
ARCHIVE_SUFFIXES: Final = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2")


@dataclass(frozen=True, eq=False)
class Entry:
    """One picture before decoding.

    Attributes:
        id: its stable name.
        split: ``train``, ``val``, ``test``, ``public``, ``private``, or None where the layout has no splits.
        word: the class as written there.
        payload: the file's bytes, where to read them, or pixels uint8 (H, W); None where ``reason`` says why not.
        reason: why the entry cannot be used, or empty.
        foreign: it is no picture file by its name, so it does not count as a damaged one.
        row: the row in a CSV, so that its order is kept; 0 for files.
        subject: the person shown, or empty where the layout does not tell.
        wrapper: the folders around its class folder, as they are left out of the id; only where there is no split.
    """

    id: str
    split: str | None
    word: str
    payload: bytes | Path | UInt8 | None
    reason: str = ""
    foreign: bool = False
    row: int = 0
    subject: str = ""
    wrapper: str = ""


def locate(path: PurePosixPath) -> tuple[str, str | None, str] | None:
    """Read a picture's id, split and class word out of its relative path.

    What a split may be called, see :func:`engine.data.read.split_names.split_of`.

    The innermost folder that is named like a split and has a class folder in it counts; what wraps it is left out of
    the id. Without such a folder the class is the outermost one with a known class name, else the picture's own folder.

    Returns:
        (id, split or None, class word), or None for a file that lies in no class folder.
    """
    folders = path.parts[:-1]
    for index in range(len(folders) - 2, -1, -1):
        split = split_of(folders[index])
        if split is not None:
            return "/".join(path.parts[index:]), split, folders[index + 1]
    if not folders or split_of(folders[-1]) is not None:
        return None
    known = [index for index, folder in enumerate(folders) if canonical(folder) is not None]
    start = known[0] if known else len(folders) - 1
    return "/".join(path.parts[start:]), None, folders[start]


def _entry(path: PurePosixPath, payload: bytes | Path | None, reason: str = "") -> Entry | None:
    rubbish = clutter(path)
    if rubbish is not None:
        return Entry(str(path), None, "", None, reason=rubbish, foreign=True) if rubbish else None
    found = locate(path)
    if found is None:
        return None
    name, split, word = found
    if path.suffix.lower() not in SUFFIXES and not _begins_as_picture(payload):
        if canonical(word) is None:
            return None  # a readme beside the class folders
        return Entry(
            name, split, word, None, reason=f"not a kind of picture that can be read ({path.name})", foreign=True
        )
    around = path.parts[: len(path.parts) - name.count("/") - 1]
    return Entry(name, split, word, payload, reason=reason, wrapper="" if split else "/".join(around))


def _begins_as_picture(payload: bytes | Path | None) -> bool:
    """Whether a file of any name is a picture, by its first bytes."""
    try:
        if isinstance(payload, Path):
            with payload.open("rb") as stream:
                payload = stream.read(_BEGINNING)
        return payload is not None and bool(read_header(payload[:_BEGINNING]).format)
    except OSError:
        return False


def read_folder(root: Path) -> Iterator[Entry]:
    """Yield the pictures below ``root``; their bytes are read later, by whoever decodes them."""
    for folder, subfolders, files in os.walk(root):
        subfolders.sort()
        here = Path(folder)
        inside = PurePosixPath(printable(here.relative_to(root).as_posix()))
        for name in sorted(files):
            path = inside / printable(name)
            entry = _entry(path, here / name)
            if entry is not None:
                yield entry


def _read_members(members: Iterable[tuple[str, IO[bytes] | None]], meter: Meter) -> Iterator[Entry]:
    """Turn pairs of a path and the opened member into entries, reading no more of a member than the bound allows."""
    for member, stream in members:
        parts = printable(member.replace("\\", "/")).split("/")
        path = PurePosixPath(*[part for part in parts if part not in {"", ".", ".."}])
        if stream is None:
            continue
        if path.suffix.lower() == ".csv" and clutter(path) is None:
            lines = table_lines(stream)
            header = _header(lines)
            if header is not None:
                yield from _read_rows(lines, header, meter, path.name)
            continue
        data = stream.read(MAX_MEMBER_BYTES + 1)
        too_large = len(data) > MAX_MEMBER_BYTES
        reason = f"larger than {MAX_MEMBER_BYTES // 1_000_000} MB" if too_large else ""
        entry = _entry(path, None if too_large else data, reason)
        if entry is not None:
            yield entry


def _zip_members(archive: zipfile.ZipFile) -> Iterator[tuple[str, IO[bytes] | None]]:
    for info in archive.infolist():
        is_link = (info.external_attr >> 16) & 0o170000 == 0o120000
        if info.is_dir() or is_link:
            continue
        if info.compress_type not in _ZIP_METHODS:
            raise NotImplementedError
        with archive.open(info) as stream:
            yield info.filename, stream


def _tar_members(archive: tarfile.TarFile, meter: Meter) -> Iterator[tuple[str, IO[bytes] | None]]:
    for info in archive:
        meter.entry()
        meter.announce(info.size)
        yield info.name, archive.extractfile(info) if info.isreg() else None


def read_archive(path: Path) -> Iterator[Entry]:
    """Yield the pictures of a .zip or .tar.*, or the rows of a CSV inside it, reading members in memory one by one.

    Raises:
        DataError: for an archive that is damaged, truncated, encrypted, or holds more than an honest one of its size.
    """
    meter = Meter(path)
    try:
        if path.name.lower().endswith(".zip"):
            with zipfile.ZipFile(path) as archive:
                check_zip(archive, meter)
                yield from _read_members(_zip_members(archive), meter)
        else:
            with (
                UnpackedStream(path, meter) as stream,
                tarfile.open(fileobj=stream, mode="r|", tarinfo=BoundedTarInfo) as tar,
            ):
                yield from _read_members(_tar_members(tar, meter), meter)
    except (RuntimeError, NotImplementedError) as error:
        raise DataError(
            f"'{path.name}' is encrypted or packed in an unusual way; unpack it and give the folder."
        ) from error
    except _DAMAGE as error:
        raise DataError(
            f"Expected '{path.name}' to be a whole archive, but it is damaged or cut short; get it again."
        ) from error


@dataclass(frozen=True)
class _Header:
    """A table's first line: where ``emotion``, ``pixels`` and perhaps ``usage`` stand, and what parts the cells."""

    columns: dict[str, int]
    delimiter: str


def _header(lines: Iterator[str]) -> _Header | None:
    """Read a table's first line; None if it is another table."""
    first = next(lines, "")[:1000]
    delimiter = delimiter_of(first)
    columns = {name.strip().lower(): index for index, name in enumerate(cells_of(first, delimiter))}
    return _Header(columns, delimiter) if {"emotion", "pixels"} <= columns.keys() else None


def is_table(path: Path) -> bool:
    """Say whether a CSV holds pictures: columns ``emotion`` and ``pixels``."""
    try:
        with path.open("rb") as stream:
            return _header(table_lines(stream)) is not None
    except OSError:
        return False


def _emotion(cell: str) -> str:
    """Return the class word of a cell: FER2013's number, the same with ".0", or an emotion's name.

    Raises:
        ValueError: it is neither, with the reason.
    """
    word = cell.strip()
    # The eighth code is CK+'s: ckextended.csv goes on where FER2013 stops.
    names = (*FER2013_CSV_ORDER, "contempt")
    code = word.partition(".")
    if code[0].isascii() and code[0].isdigit() and not code[2].strip("0") and int(code[0]) < len(names):
        return names[int(code[0])]
    named = canonical(word)
    if named is None:
        raise ValueError(f"expected an emotion from 0 to {len(names) - 1} or by its name, got '{word[:20]}'")
    return named


def _parse_row(cells: list[str], columns: dict[str, int]) -> tuple[str, UInt8]:
    """Return a row's class word and its pixels, uint8 (H, H); raise ValueError with the reason."""
    if len(cells) <= max(columns.values()):
        raise ValueError(f"expected {len(columns)} columns, got {len(cells)}")
    word = _emotion(cells[columns["emotion"]])
    text = cells[columns["pixels"]]
    if not _NUMBERS.fullmatch(text):
        raise ValueError("expected whole numbers from 0 to 255 as pixels")
    values = np.fromstring(text, dtype=np.int64, sep=" ")
    side = round(len(values) ** 0.5)
    if side * side != len(values) or side == 0:
        raise ValueError(f"expected the pixels of a square picture, got {len(values)} numbers")
    if values.max() > 255:
        raise ValueError(f"expected pixels from 0 to 255, got {values.max()}")
    return word, values.astype(np.uint8).reshape(side, side)


def _row_entry(row: int, cells: list[str], columns: dict[str, int]) -> Entry:
    """Turn one row into an entry; one that makes no sense keeps its reason instead of pixels."""
    usage = cells[columns["usage"]].strip() if columns.get("usage", len(cells)) < len(cells) else ""
    split = split_of(usage)
    part = usage if split else ALL_ROWS.rstrip("/")
    if usage and split is None:
        reason = f"expected Training, PublicTest or PrivateTest as Usage, got '{usage[:20]}'"
        return Entry(f"{part}/unknown/{row}", None, "", None, reason=reason, row=row)
    try:
        word, pixels = _parse_row(cells, columns)
    except ValueError as error:
        return Entry(f"{part}/unknown/{row}", split, "", None, reason=str(error), row=row)
    return Entry(f"{part}/{word}/{row}", split, word, pixels, row=row)


def _read_rows(lines: Iterator[str], header: _Header, meter: Meter, name: str) -> Iterator[Entry]:
    """Yield a table's rows. Raises DataError where there are too many, or not one of the first is a picture."""
    good, first_reason = 0, ""
    for row, line in enumerate(lines):
        if not line.strip():
            continue
        meter.entry()
        if len(line) > MAX_LINE:
            entry = Entry(f"all/unknown/{row}", None, "", None, f"longer than {MAX_LINE:,} characters", row=row)
        else:
            entry = _row_entry(row, cells_of(line, header.delimiter), header.columns)
        good += not entry.reason
        first_reason = first_reason or entry.reason
        if row >= _FIRST_ROWS and not good:
            raise DataError(
                f"Expected rows of pictures in '{name}', but its first {_FIRST_ROWS:,} hold none (the first: "
                f"{first_reason}); mend that in the table, or give another one."
            )
        yield entry


def read_csv(path: Path) -> Iterator[Entry]:
    """Yield the rows of ``fer2013.csv`` or a sibling: columns emotion, pixels and perhaps Usage, however ordered."""
    meter = Meter(path)
    with path.open("rb") as stream:
        rows = table_lines(stream)
        header = _header(rows)
        if header is None:
            raise DataError(f"Expected columns 'emotion' and 'pixels' in '{path.name}', but its first line has others.")
        yield from _read_rows(rows, header, meter, path.name)


def read_source(path: Path) -> Iterator[Entry]:
    """Yield the entries of a folder, an archive or a CSV, by what ``path`` is.

    Raises:
        DataError: for any other kind of file.
    """
    name = path.name.lower()
    if path.is_dir():
        return read_folder(path)
    if not path.is_file():  # a pipe or a device may give bytes for ever
        raise DataError(f"Expected a folder or an ordinary file, but '{path.name}' is neither; copy it into one.")
    if name.endswith(ARCHIVE_SUFFIXES):
        return read_archive(path)
    if name.endswith(".csv"):
        return read_csv(path)
    raise DataError(f"Expected a folder, a CSV or an archive ({', '.join(ARCHIVE_SUFFIXES)}), got '{path.name}'.")

"""Make the table of files and rows anew: which rows of ``fer2013.csv`` each file of the Kaggle folder is.

    python -m engine.data.votes.make_table --csv fer2013.csv --data FOLDER --out fer2013_files.npz

The folder's JPEGs differ a little from the CSV's pixels, so each file is taken to be the row of its part and class that
is nearest in squared differences, where the mean difference is at most ``MOST``; rows of the same part with exactly the
same pixels are the same picture and are named with it. FER2013 takes about a minute. The table that comes with FERLens
was made in this way from a copy without the pictures that hold no face, which therefore have no row; FER+ has no votes
for an emotion on those.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.data.read.gather import read_pixels
from engine.data.read.sources import Entry, pixel_digest, read_source
from engine.data.votes.file import USAGES
from engine.data.votes.table import ANY_CLASS, FileTable, write_table
from engine.errors import DataError, FerLensError
from engine.labels import EMOTIONS, canonical

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

MOST: Final = 6.0
"""Mean difference, of 255, that is still the same picture: JPEG's is 1 to 3, that of two faces 30 and more."""
_CHUNK: Final = 1024


@dataclass(frozen=True, eq=False)
class _Side:
    """The pictures of one part and class on one side: names or rows, and pixels uint8 (n, H * W)."""

    names: list[str]
    rows: list[int]
    pixels: UInt8


def match(folder: Sequence[Entry], rows: Sequence[Entry]) -> tuple[FileTable, float]:
    """Match the files of a folder with the rows of a CSV.

    Returns:
        The table, and the largest mean difference of a match.

    Raises:
        DataError: the two have no part and class in common, or pictures of different sizes.
    """
    files, lines = _sides(folder, _part_of_name), _sides(rows, lambda entry: entry.id.partition("/")[0])
    if not files.keys() & lines.keys():
        raise DataError("Expected pictures of the same parts and classes in the folder and the CSV; give FER2013's.")
    copies = _copies(lines)
    total = max(entry.row for entry in rows) + 1
    found: dict[tuple[str, int], list[tuple[str, tuple[int, ...]]]] = defaultdict(list)
    largest = 0.0
    for (part, word), side in files.items():
        other = lines.get((part, word))
        for name, near, difference in _nearest(side, other) if other else ((name, -1, 0.0) for name in side.names):
            number = int(name.rpartition("_")[2].partition(".")[0])
            if near < 0 or difference > MOST:
                found[part, number].append((word, ()))
                continue
            largest = max(largest, difference)
            found[part, number].append((word, copies[part, near]))
    return _table(found, total), largest


def _part_of_name(entry: Entry) -> str:
    return entry.id.rpartition("/")[2].partition("_")[0]


def _sides(entries: Sequence[Entry], part_of: Callable[[Entry], str]) -> dict[tuple[str, str], _Side]:
    """Sort entries by part and class, decoded."""
    names: dict[tuple[str, str], list[str]] = defaultdict(list)
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    pixels: dict[tuple[str, str], list[UInt8]] = defaultdict(list)
    for entry in entries:
        part, word = part_of(entry), canonical(entry.word)
        if part in USAGES and word in EMOTIONS:
            key = (part, word)
            names[key].append(entry.id)
            rows[key].append(entry.row)
            pixels[key].append(read_pixels(entry).reshape(-1))
    if len({one.shape for some in pixels.values() for one in some}) > 1:
        raise DataError("Expected grey pictures of one size, 48x48 in FER2013, got several; give the original folder.")
    return {key: _Side(names[key], rows[key], np.stack(pixels[key])) for key in names}


def _copies(lines: dict[tuple[str, str], _Side]) -> dict[tuple[str, int], tuple[int, ...]]:
    """Return for each row (by part and number) all rows of its part that have the same pixels, in order."""
    groups: dict[tuple[str, bytes], list[int]] = defaultdict(list)
    for (part, _), side in lines.items():
        for row, pixels in zip(side.rows, side.pixels, strict=True):
            groups[part, pixel_digest(pixels)].append(row)
    return {(part, row): tuple(sorted(group)) for (part, _), group in groups.items() for row in group}


def _nearest(side: _Side, other: _Side) -> Iterator[tuple[str, int, float]]:
    """Yield each file's name, the row nearest to it, and their mean difference."""
    theirs = other.pixels.astype(np.float32)
    norms = np.square(theirs).sum(axis=1)
    for start in range(0, len(side.names), _CHUNK):
        own = side.pixels[start : start + _CHUNK].astype(np.float32)
        nearest = (norms - 2.0 * own @ theirs.T).argmin(axis=1)
        differences = np.abs(own - theirs[nearest]).mean(axis=1)
        for offset, (place, difference) in enumerate(zip(nearest, differences, strict=True)):
            yield side.names[start + offset], other.rows[place], float(difference)


def _table(found: dict[tuple[str, int], list[tuple[str, tuple[int, ...]]]], total: int) -> FileTable:
    lines = [
        (USAGES.index(part), number, EMOTIONS.index(word) if len(same) > 1 else ANY_CLASS, rows)
        for (part, number), same in sorted(found.items(), key=lambda item: (USAGES.index(item[0][0]), item[0][1]))
        for word, rows in sorted(same)
    ]
    return FileTable(
        part=np.array([line[0] for line in lines], np.uint8),
        number=np.array([line[1] for line in lines], np.int64),
        word=np.array([line[2] for line in lines], np.uint8),
        copies=np.array([len(line[3]) for line in lines], np.uint8),
        rows=np.array([row for line in lines for row in line[3]], np.int64),
        total=total,
    )


def main(words: Sequence[str] | None = None) -> int:
    """Make the table; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m engine.data.votes.make_table", description=__doc__)
    parser.add_argument("--csv", type=Path, required=True, help="fer2013.csv or icml_face_data.csv")
    parser.add_argument("--data", type=Path, required=True, help="the Kaggle folder, or an archive of it")
    parser.add_argument("--out", type=Path, required=True, help="the table to write, .npz")
    arguments = parser.parse_args(words)
    try:
        table, largest = match(list(read_source(arguments.data)), list(read_source(arguments.csv)))
    except FerLensError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    write_table(arguments.out, table)
    without = int((table.copies == 0).sum())
    sys.stderr.write(
        f"{len(table.number):,} files, {without:,} without a row, of {table.total:,} rows; the largest mean difference "
        f"of a match is {largest:.1f} of 255; written to {arguments.out.name}.\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

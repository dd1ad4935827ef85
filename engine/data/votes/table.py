"""Which rows of ``fer2013.csv`` each file of the Kaggle folder is: a table of our own, found by comparing pixels.

The folder's file names say nothing of the CSV's order, and FER+'s votes stand in that order. The table names files and
rows and holds no picture, no label and no vote; :mod:`engine.data.votes.make_table` makes it anew.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.data.votes.file import USAGES
from engine.errors import DataError
from engine.labels import EMOTIONS, canonical

Int64 = NDArray[np.int64]
UInt8 = NDArray[np.uint8]

TABLE: Final = Path(__file__).parent / "fer2013_files.npz"
ANY_CLASS: Final = 255
_FILE: Final = re.compile(rf"(?:(?:.*/)?(?P<word>[^/]+)/)?(?P<part>{'|'.join(USAGES)})_(?P<number>\d{{1,9}})\.\w+")


@dataclass(frozen=True, eq=False)
class FileTable:
    """F files and the rows that they are.

    Attributes:
        part: uint8 (F,), which of :data:`engine.data.votes.file.USAGES` begins the name.
        number: int64 (F,), the number in the name.
        word: uint8 (F,), the class folder (an index of ``EMOTIONS``) where two folders hold a file of that name, else
            :data:`ANY_CLASS`.
        copies: uint8 (F,), how many rows are this picture: 0 where none was found, several for exact copies inside a
            part.
        rows: int64 (copies.sum(),), the rows of one file after those of another, counted from 0.
        total: how many rows ``fer2013.csv`` has.
    """

    part: UInt8
    number: Int64
    word: UInt8
    copies: UInt8
    rows: Int64
    total: int

    def __post_init__(self) -> None:
        lengths = {len(self.part), len(self.number), len(self.word), len(self.copies)}
        if len(lengths) != 1 or int(self.copies.sum()) != len(self.rows):
            raise ValueError(f"expected columns of one length and {self.copies.sum()} rows, got {lengths}")
        if len(self.rows) and not 0 <= self.rows.min() <= self.rows.max() < self.total:
            raise ValueError(f"expected rows from 0 to {self.total - 1}, got {self.rows.min()} to {self.rows.max()}")

    @cached_property
    def _places(self) -> dict[tuple[int, int, int], tuple[int, int]]:
        ends = np.cumsum(self.copies, dtype=np.int64).tolist()
        keys = zip(self.part.tolist(), self.number.tolist(), self.word.tolist(), strict=True)
        return {key: (end - count, end) for key, end, count in zip(keys, ends, self.copies.tolist(), strict=True)}

    def rows_of(self, picture: str) -> Int64 | None:
        """Return the rows, int64, of a picture by its id or path; empty where it has none, None for another's file.

        The name alone counts, whatever its suffix; the class folder only where the name is there twice.
        """
        found = _FILE.fullmatch(picture)
        if found is None:
            return None
        part, number = USAGES.index(found["part"]), int(found["number"])
        word = canonical(found["word"] or "")
        places = self._places
        place = places.get((part, number, ANY_CLASS))
        if place is None and word in EMOTIONS:
            place = places.get((part, number, EMOTIONS.index(word)))
        return None if place is None else self.rows[place[0] : place[1]]


def read_table(path: Path | None = None) -> FileTable:
    """Read a table; None for the one that comes with FERLens.

    Raises:
        DataError: it cannot be read.
    """
    return _read(TABLE if path is None else path)


@lru_cache(maxsize=2)
def _read(path: Path) -> FileTable:
    try:
        with np.load(path) as kept:
            return FileTable(
                part=kept["part"],
                number=np.cumsum(kept["step"], dtype=np.int64),
                word=kept["word"],
                copies=kept["copies"],
                rows=kept["rows"].astype(np.int64),
                total=int(kept["total"]),
            )
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"The table '{path.name}' cannot be read; install FERLens again.") from error


def write_table(path: Path, table: FileTable) -> None:
    """Write a table, sorted by part and number, as :func:`read_table` reads it (about 160 kB for FER2013)."""
    order = np.lexsort((table.word, table.number, table.part))
    starts = np.cumsum(table.copies, dtype=np.int64) - table.copies
    rows = [table.rows[starts[i] : starts[i] + table.copies[i]] for i in order]
    np.savez_compressed(
        path,
        part=table.part[order],
        # Steps from one number to the next are shorter than the numbers: a third less to store.
        step=np.diff(table.number[order], prepend=0).astype(np.int32),
        word=table.word[order],
        copies=table.copies[order],
        rows=np.concatenate(rows or [table.rows]).astype(np.uint16 if table.total <= 65_536 else np.int32),
        total=np.int64(table.total),
    )

"""FER+'s label file ``fer2013new.csv``: finding it on this machine and reading it.

E. Barsoum, C. Zhang, C. Canton Ferrer, Z. Zhang. Training Deep Networks for Facial Expression Recognition with
Crowd-Sourced Label Distribution. ICMI 2016, arXiv:1608.01041.

The file is its users' own download and never part of FERLens. It has a row for each row of ``fer2013.csv``, in that
order.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import os
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.data.read.tables import cells_of, delimiter_of, table_lines
from engine.errors import DataError
from engine.labels import canonical
from engine.places import DATA_VARIABLE, DEFAULT_DATA

Int64 = NDArray[np.int64]

VOTE_COLUMNS: Final[tuple[str, ...]] = (
    "neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt", "unknown", "no face"
)  # fmt: skip
"""What a voter could say, in the file's order, the emotions in the vocabulary's words."""

EMOTION_VOTES: Final = 8
"""The first so many columns are emotions."""

VOTES_VARIABLE: Final = "FERLENS_VOTES"
USUAL_NAMES: Final = ("fer2013new.csv", "fer2013new.csv.xz", "fer2013new.csv.gz")
WHERE: Final = (
    "FER+'s votes are a download of 1.6 MB: take fer2013new.csv from github.com/microsoft/FERPlus and give it with "
    f"--votes PATH, name it in the variable {VOTES_VARIABLE}, or put it beside the pictures."
)
"""The sentence that says where the votes come from."""

USAGES: Final = ("Training", "PublicTest", "PrivateTest")
_MAX_BYTES: Final = 50_000_000
_MAX_HEADER: Final = 10_000
_NAME: Final = "image name"
_OTHERS: Final[dict[str, str]] = {"usage": "usage", "unknown": "unknown", "nf": "no face", _NAME: _NAME}
_NUMBERED: Final = re.compile(r"fer(\d{1,9})\.png", re.IGNORECASE)
_STRAY: Final = 4
_MOST: Final = 1000
"""Votes on a picture are fewer."""


@dataclass(frozen=True, eq=False)
class VoteFile:
    """The votes as they stand in the file.

    Attributes:
        name: the file's name, for messages.
        usage: int8 (R,), which of :data:`USAGES` a row belongs to.
        counts: int64 (R, 10), how many people said each of :data:`VOTE_COLUMNS`; ten in all, with rare exceptions.
        sha256: of the text, whether the file is compressed or not.
    """

    name: str
    usage: NDArray[np.int8]
    counts: Int64
    sha256: str

    def __len__(self) -> int:
        return len(self.counts)


def find_votes(given: str | Path | None = None, data: str | Path | None = None) -> Path | None:
    """Return where the votes lie: the file given, else the variable's, else one beside the pictures, else None.

    Args:
        given: what ``--votes`` says.
        data: where the pictures lie, as for :func:`engine.data.registry.find_data`.

    Raises:
        DataError: a file that was named is not there.
    """
    variable = os.environ.get(VOTES_VARIABLE)
    named = Path(given) if given is not None else Path(variable) if variable else None
    if named is not None:
        if not named.is_file():
            said = "--votes" if given is not None else VOTES_VARIABLE
            raise DataError(f"Expected FER+'s votes at '{named.name}' ({said}), but there is no such file. {WHERE}")
        return named
    place = Path(data) if data is not None else Path(os.environ.get(DATA_VARIABLE) or DEFAULT_DATA)
    beside = (place, place.parent) if place.is_dir() else (place.parent,)
    return next((path for folder in beside for name in USUAL_NAMES if (path := folder / name).is_file()), None)


def require_votes(given: str | Path | None = None, data: str | Path | None = None) -> Path:
    """Return where the votes lie, as :func:`find_votes` does.

    Raises:
        DataError: there are none, with the sentence that says where to get them.
    """
    found = find_votes(given, data)
    if found is None:
        raise DataError(f"This needs what people voted, and there is no fer2013new.csv here. {WHERE}")
    return found


def read_votes(path: str | Path) -> VoteFile:
    """Read ``fer2013new.csv``, plain or as .xz or .gz.

    Raises:
        DataError: the file cannot be read, has other columns, or a row that makes no sense.
    """
    path = Path(path)
    text = _text(path)
    lines = table_lines(io.BytesIO(text))
    header = next(lines, "")
    delimiter = delimiter_of(header[:_MAX_HEADER])
    places = _columns(cells_of(header[:_MAX_HEADER], delimiter), path.name)
    rows = [cells_of(line, delimiter) for line in lines if line.strip(f" {delimiter}")]
    if not rows:
        raise DataError(f"Expected rows of votes in '{path.name}', but it has none; get it again. {WHERE}")
    try:
        usages = [USAGES.index(row[places["usage"]].strip()) for row in rows]
        order = [places[column] for column in VOTE_COLUMNS]
        # One by one: an array of texts gives each cell the room of the longest.
        counts = np.array([[int(row[place]) for place in order] for row in rows], dtype=np.int64)
        fits = bool((counts >= 0).all() and (counts < _MOST).all())
    except (ValueError, IndexError, OverflowError):
        fits = False
    if not fits:
        raise _first_wrong(rows, places, path.name)
    _check_order(rows, places, path.name)
    return VoteFile(path.name, np.array(usages, np.int8), counts, hashlib.sha256(text).hexdigest())


def _check_order(rows: list[list[str]], places: dict[str, int], name: str) -> None:
    """Refuse rows in another order than FER+'s, whose pictures are numbered through, but for four that stand astray.

    Raises:
        DataError: they were sorted or shuffled, so that votes would go to other pictures.
    """
    if _NAME not in places:
        return
    numbers = [int(found[1]) for row in rows if (found := _NUMBERED.fullmatch(row[places[_NAME]].strip()))]
    back = sum(after <= before for before, after in pairwise(numbers))
    if back > _STRAY + len(numbers) // 1000:
        raise DataError(
            f"Expected the rows of '{name}' in the order of fer2013.csv, but its pictures' numbers go back {back:,} "
            f"times; undo the sorting, or get the file again. {WHERE}"
        )


def _plain(path: Path) -> io.BufferedIOBase:
    return path.open("rb")


_OPENERS: Final[dict[str, Callable[[Path], io.BufferedIOBase]]] = {".xz": lzma.LZMAFile, ".gz": gzip.GzipFile}


def _text(path: Path) -> bytes:
    opener = _OPENERS.get(path.suffix.lower(), _plain)
    try:
        with opener(path) as stream:
            data = stream.read(_MAX_BYTES + 1)
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise DataError(f"FER+'s votes in '{path.name}' cannot be read; get the file again. {WHERE}") from error
    if len(data) > _MAX_BYTES:
        raise DataError(f"'{path.name}' is larger than {_MAX_BYTES // 1_000_000} MB, so it is not FER+'s. {WHERE}")
    return data


def _columns(header: list[str], name: str) -> dict[str, int]:
    """Return where ``usage`` and each of :data:`VOTE_COLUMNS` stand."""
    places: dict[str, int] = {}
    for index, cell in enumerate(header):
        word = cell.strip().lstrip("\ufeff").lower()
        known = _OTHERS.get(word) or canonical(word)
        if known is not None:
            places.setdefault(known, index)
    missing = [column for column in ("usage", *VOTE_COLUMNS) if column not in places]
    if missing:
        raise DataError(
            f"Expected FER+'s columns in '{name}', but it has none for {', '.join(missing)}; is it the file "
            f"fer2013new.csv? {WHERE}"
        )
    return places


def _first_wrong(rows: list[list[str]], places: dict[str, int], name: str) -> DataError:
    """Say what is wrong with the first row that makes no sense."""
    for number, row in enumerate(rows):
        where = f"row {number} of '{name}'"
        if len(row) <= max(places.values()):
            return DataError(f"Expected {max(places.values()) + 1} columns in {where}, got {len(row)}; get it again.")
        usage = row[places["usage"]].strip()
        if usage not in USAGES:
            return DataError(f"Expected {', '.join(USAGES)} in {where}, got '{usage[:20]}'; get the file again.")
        for column in VOTE_COLUMNS:
            cell = row[places[column]].strip()
            if not (cell.isascii() and cell.isdigit() and int(cell) < _MOST):
                return DataError(
                    f"Expected a number of votes for {column} in {where}, got '{cell[:20]}'; get it again."
                )
    return DataError(f"Expected whole numbers of votes in '{name}'; get the file again.")

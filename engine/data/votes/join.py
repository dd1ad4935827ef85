"""Votes and pictures together: by row for ``fer2013.csv``, by our table of files for the Kaggle folder and archives."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from engine.data.dataset import FaceDataset, Int64
from engine.data.votes.file import USAGES, VOTE_COLUMNS, WHERE, VoteFile, read_votes
from engine.data.votes.table import FileTable, read_table
from engine.errors import DataError, UsageError

WITH_VOTES: Final = ("fer2013", "ferplus")
"""The datasets whose pictures FER+ had voted on."""

_ROW: Final = re.compile(rf"(?P<part>{'|'.join(USAGES)}|all)/[^/]+/(?P<row>\d{{1,9}})", re.IGNORECASE)


def votes_of(ids: Sequence[str], votes: VoteFile, table: FileTable | None = None) -> Int64:
    """Return the votes on N pictures, int64 (N, 10), columns as in ``VOTE_COLUMNS``; all 0 for one without votes.

    The votes on exact copies inside a part add up, since the folder does not tell the copies apart.

    Args:
        ids: as a dataset has them: paths of the Kaggle folder, or ``<usage>/<class>/<row>`` of the CSV.
        votes: FER+'s file.
        table: files and their rows; None for the one that comes with FERLens.

    Raises:
        DataError: the file does not belong to these pictures: another number of rows, a row of another part, or none
            of the pictures is FER2013's.
    """
    table = read_table() if table is None else table
    if len(votes) != table.total:
        raise DataError(
            f"Expected {table.total:,} rows in '{votes.name}', one for each row of fer2013.csv, got {len(votes):,}; "
            f"get it again. {WHERE}"
        )
    counts = np.zeros((len(ids), len(VOTE_COLUMNS)), np.int64)
    known = 0
    for index, name in enumerate(ids):
        found = _rows(name, table)
        if found is None:
            continue
        part, rows = found
        known += 1
        _check_part(name, part, rows, votes)
        counts[index] = votes.counts[rows].sum(axis=0)
    if len(ids) and not known:
        raise DataError(
            f"Expected FER2013's pictures, named as in Kaggle's folder or by their row in fer2013.csv, got '{ids[0]}' "
            "and others; FER+'s votes belong to FER2013 alone."
        )
    return counts


def with_votes(dataset: FaceDataset, path: str | Path) -> FaceDataset:
    """Return ``dataset`` with the votes of FER+'s file at ``path`` beside its pictures.

    Raises:
        UsageError: another dataset. DataError: the file cannot be read, or does not belong to these pictures.
    """
    if dataset.name not in WITH_VOTES:
        raise UsageError(f"FER+'s votes are for {' and '.join(WITH_VOTES)}; '{dataset.name}' has none.")
    return replace(dataset, votes=votes_of(dataset.ids, read_votes(path)))


def _rows(name: str, table: FileTable) -> tuple[str, Int64] | None:
    """Return the part that a picture says it is of, empty where it does not say, and its rows; None for no FER2013."""
    row = _ROW.fullmatch(name)
    if row is not None:
        part = next((usage for usage in USAGES if usage.lower() == row["part"].lower()), "")
        return part, np.array([int(row["row"])], np.int64)
    rows = table.rows_of(name)
    if rows is None:
        return None
    return next(usage for usage in USAGES if f"{usage}_" in name.rpartition("/")[2]), rows


def _check_part(name: str, part: str, rows: Int64, votes: VoteFile) -> None:
    """Refuse rows that the file does not have, or that it counts to another part: then the two do not fit."""
    for row in rows.tolist():
        there = USAGES[votes.usage[row]] if row < len(votes) else "nothing"
        if there == "nothing" or (part and there != part):
            raise DataError(
                f"Expected row {row:,} of '{votes.name}' to be of {part or 'FER2013'}, as the picture '{name}' is, but "
                f"it is of {there}; the two files do not belong together, get both again."
            )

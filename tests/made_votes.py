"""Made votes: a table for the drawn patterns of :func:`tests.made.write_patterns`, and a file of votes in its order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from engine.data.votes.file import USAGES, VOTE_COLUMNS
from engine.data.votes.table import FileTable, write_table
from engine.labels import EMOTIONS

HEADER = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"


def votes(**counts: int) -> list[int]:
    """Return ten counts in the file's order: ``votes(happy=6, sad=4)``; ``no_face`` for "no face"."""
    named = {name.replace("_", " "): count for name, count in counts.items()}
    assert named.keys() <= set(VOTE_COLUMNS)
    return [named.get(name, 0) for name in VOTE_COLUMNS]


def write_votes(path: Path, rows: Sequence[tuple[str, Sequence[int]]]) -> Path:
    """Write ``fer2013new.csv``: (usage, ten counts) a row."""
    lines = [f"{usage},fer{row:07}.png,{','.join(map(str, counts))}" for row, (usage, counts) in enumerate(rows)]
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return path


def order_of(train: int = 12, test: int = 2) -> list[tuple[str, str, int]]:
    """Return (usage, class, number) of each row of the patterns' CSV: another order than the folder's."""
    rows = [
        (usage, word, number)
        for usage, count in zip(USAGES, (train, test, test), strict=True)
        for number in range(count)
        for word in reversed(EMOTIONS)
    ]
    assert len(rows) == 7 * (train + 2 * test)
    return rows


def write_made_table(path: Path, rows: Sequence[tuple[str, str, int]]) -> Path:
    """Write a table in which row i is the file of (usage, class, number) i."""
    write_table(
        path,
        FileTable(
            part=np.array([USAGES.index(usage) for usage, _, _ in rows], np.uint8),
            number=np.array([number for _, _, number in rows], np.int64),
            word=np.array([EMOTIONS.index(word) for _, word, _ in rows], np.uint8),
            copies=np.ones(len(rows), np.uint8),
            rows=np.arange(len(rows), dtype=np.int64),
            total=len(rows),
        ),
    )
    return path


def write_pattern_table(path: Path, train: int = 12, test: int = 2) -> Path:
    """Write the table for the patterns' folder, where each class has a file of each name."""
    return write_made_table(path, order_of(train, test))


def pattern_votes(
    changed: Mapping[tuple[str, str, int], Sequence[int]] | None = None, train: int = 12, test: int = 2
) -> list[tuple[str, Sequence[int]]]:
    """Return a row of votes for each pattern: eight for its class and two for neutral, except where ``changed``."""
    known = changed or {}

    def of(usage: str, word: str, number: int) -> Sequence[int]:
        usual = votes(neutral=10) if word == "neutral" else votes(**{word: 8, "neutral": 2})
        return known.get((usage, word, number), usual)

    return [(usage, of(usage, word, number)) for usage, word, number in order_of(train, test)]

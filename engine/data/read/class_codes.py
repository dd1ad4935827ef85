"""What class folders mean that are named by numbers: published tables, others' tables, or one's own.

AffectNet is passed on in two numberings, its own and the alphabetical one of its classes' names; a model measured by
the wrong one is far below chance. So the table is said whenever it is used, and can be chosen.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from engine.errors import UnknownNameError, UsageError
from engine.labels import AFFECTNET_CODES, FER2013_CSV_ORDER, RAFDB_CODES, canonical

CODES_VARIABLE: Final = "FERLENS_CODES"
ALPHABETICAL: Final = "alphabetical"
TABLES: Final[dict[str, Mapping[str, str]]] = {
    "affectnet": AFFECTNET_CODES,
    "rafdb": RAFDB_CODES,
    "fer2013": {str(code): name for code, name in enumerate((*FER2013_CSV_ORDER, "contempt"))},
}
"""Published numberings; :data:`ALPHABETICAL` counts a dataset's classes from 0 by their names."""

_chosen: ContextVar[str | None] = ContextVar("codes", default=None)


@contextmanager
def choosing_codes(text: str | None) -> Iterator[None]:
    """Let ``text`` decide within the block, as ``--codes`` gives it; None: what decides outside.

    Raises:
        UsageError: it names no table and is none.
    """
    if text is None:
        yield
        return
    for part in text.split(";"):
        find_codes(part.rpartition(":")[2], ())  # says what is wrong before anything is read
    token = _chosen.set(text)
    try:
        yield
    finally:
        _chosen.reset(token)


def codes_of(dataset: str, classes: Sequence[str], published: Mapping[str, str]) -> Mapping[str, str]:
    """Return what a dataset's numbers mean: chosen, else by FERLENS_CODES, else as ``published``.

    A choice is a table's name, or ``0=neutral,1=happy,...``; ``DATASET:`` before it keeps it to that dataset, and ``;``
    stands between several.

    Raises:
        UsageError: the choice names no table and is none.
    """
    for part in (_chosen.get() or os.environ.get(CODES_VARIABLE) or "").split(";"):
        name, _, text = part.strip().rpartition(":")
        if text and name in {"", dataset}:
            return find_codes(text, classes)
    return published


def find_codes(text: str, classes: Sequence[str]) -> Mapping[str, str]:
    """Return the table that ``text`` names or spells out, number → class.

    Raises:
        UnknownNameError: there is no such table. UsageError: an entry is no number with an emotion.
    """
    wanted = text.strip().lower()
    if wanted == ALPHABETICAL:
        return {str(code): name for code, name in enumerate(sorted(classes))}
    if "=" not in wanted:
        if wanted not in TABLES:
            raise UnknownNameError("class codes", text.strip(), (*TABLES, ALPHABETICAL, "0=neutral,1=happy,..."))
        return TABLES[wanted]
    found = {}
    for entry in wanted.split(","):
        code, _, word = (part.strip() for part in entry.partition("="))
        name = canonical(word)
        if not re.fullmatch(r"[0-9]+", code) or name is None:
            raise UsageError(f"Expected class codes like 0=neutral,1=happy, got '{entry.strip()}'; mend that entry.")
        found[_plain(code)] = name
    return found


def meaning(word: str, codes: Mapping[str, str]) -> str:
    """Return the class that a folder's name means: by its number where it is one, else the name itself."""
    return codes.get(_plain(word), word) if re.fullmatch(r"[0-9]+", word) else word


def codes_in_words(codes: Mapping[str, str]) -> str:
    """Return ``0 neutral, 1 happy, ...``."""
    return ", ".join(f"{code} {name}" for code, name in codes.items())


def _plain(code: str) -> str:
    return code.lstrip("0") or "0"

"""The kinds of cases, and how many of each are tried; a new kind of what anyone may hand over gets a line here."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any, Final, Protocol

from tests.fuzz.addresses import Addresses, Pages
from tests.fuzz.data import Archives, Tables
from tests.fuzz.judge import Case
from tests.fuzz.pictures import Pictures
from tests.fuzz.requests import Requests
from tests.fuzz.stored import Analyses, Cards, Graphs


class Maker(Protocol):
    """What makes the cases of a kind; each follows from its generator alone."""

    def make(self, chance: Random) -> Case: ...


KINDS: Final[dict[str, tuple[Any, int]]] = {
    "pictures": (Pictures, 2_400),
    "archives": (Archives, 1_200),
    "tables": (Tables, 1_400),
    "cards": (Cards, 1_300),
    "graphs": (Graphs, 1_300),
    "analyses": (Analyses, 800),
    "requests": (Requests, 1_000),
    "addresses": (Addresses, 500),
    "pages": (Pages, 100),
}
"""Kind → what makes its cases, and how many of 10,000 are of it."""


def share(kind: str, cases: int) -> int:
    """Return how many of ``cases`` are of a kind, at least one."""
    whole = sum(count for _, count in KINDS.values())
    return max(1, round(cases * KINDS[kind][1] / whole))


def case(maker: Maker, kind: str, seed: int, number: int) -> Case:
    """Return a case, the same one whenever it is asked for."""
    return maker.make(Random(f"{seed}/{kind}/{number}"))  # noqa: S311 - nothing is kept secret by it


def maker(kind: str, folder: Path, *, heavy: bool) -> Maker:
    """Return what makes the cases of a kind, in a folder of its own; ``heavy``: also those that cost seconds."""
    place = folder / kind
    place.mkdir()
    made: Maker = KINDS[kind][0](place, heavy=heavy)
    return made

"""Who is shown, and whether a dataset's splits keep people apart: it decides what a figure on a split means.

Pictures of one person are alike whatever the expression, so a split by pictures measures who is known, too. Only where
the source says of every picture who is shown can people be split instead; anything else is called what it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from engine.labels import canonical


@dataclass(frozen=True)
class People:
    """Whether nobody is in two splits, and how that is known.

    Attributes:
        apart: nobody is, surely.
        reason: why, as the end of a sentence.
    """

    apart: bool
    reason: str

    def in_words(self) -> str:
        """Return ``person-independent`` or ``not person-independent``, and the reason."""
        return f"{'person-independent' if self.apart else 'not person-independent'}: {self.reason}"


KEPT_APART: Final = People(True, "nobody is in two splits")
DRAWN_ANEW: Final = People(True, "every face is drawn anew")
NOT_TOLD: Final = People(False, "the source does not tell who is shown")
NO_SPLIT: Final = People(False, "every picture of the source is taken, whoever trained the model")


def of_torn(torn: Mapping[str, Sequence[str]]) -> People:
    """Return what a source is that has people in several parts: person → these parts."""
    first = min(torn)
    count = "1 person is" if len(torn) == 1 else f"{len(torn):,} people are"
    return People(False, f"{count} in more than one part, for example '{first}' in {in_words(torn[first])}")


def in_words(parts: Sequence[str]) -> str:
    """Return names as ``a, b and c``."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))


def before_underscore(picture_id: str) -> str:
    """Return who is shown by CK+'s names, ``S010`` of ``happy/S010_004_00000019.png``; empty where that is no person.

    A person's code has a digit in it (``img`` and ``happy`` stand before an underscore elsewhere), and is no class.
    """
    code, line, _ = PurePosixPath(picture_id).stem.partition("_")
    return code if line and any(character.isdigit() for character in code) and canonical(code) is None else ""


def known_people(names: Sequence[str]) -> tuple[str, ...] | None:
    """Return N names of people, or None where one is missing, or where each picture has another.

    Names that no two pictures share number the pictures, not the people.
    """
    return tuple(names) if names and all(names) and len(set(names)) < len(names) else None


def torn_people(names: Sequence[str], parts: Sequence[str | None]) -> dict[str, tuple[str, ...]]:
    """Return who is in several parts: person → these parts, in order of appearance."""
    where: dict[str, dict[str, None]] = {}
    for name, part in zip(names, parts, strict=True):
        where.setdefault(name, {})[part or "no part"] = None
    return {name: tuple(found) for name, found in where.items() if len(found) > 1}

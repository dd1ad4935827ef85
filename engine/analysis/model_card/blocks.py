"""What a model card is made of, whoever draws it: sections of sentences, points, tables, commands; all plain text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.statistics.intervals import Estimate

NOT_MEASURED: Final = "not measured here"
"""Stands wherever a figure could stand and none was taken."""


@dataclass(frozen=True)
class CardTable:
    """A table; every row has a cell for each of ``head``. ``caption`` says protocol, split, n and interval."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""

    def __post_init__(self) -> None:
        if any(len(row) != len(self.head) for row in self.rows):
            raise ValueError(f"expected rows of {len(self.head)} cells, got others")


@dataclass(frozen=True)
class CardSection:
    """A heading and what stands below it, in this order.

    Attributes:
        words: paragraphs. points: a list. tables: see :class:`CardTable`. commands: to be copied.
    """

    heading: str
    words: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    tables: tuple[CardTable, ...] = ()
    commands: tuple[str, ...] = ()


@dataclass(frozen=True)
class CardResult:
    """One measurement as a hub lists it: an accuracy in [0, 1], and macro F1 or None where it was not taken."""

    dataset: str
    split: str
    view: str
    protocol: str
    accuracy: Estimate
    macro_f1: Estimate | None


@dataclass(frozen=True)
class ModelCard:
    """A model card (Mitchell et al. 2019, arXiv:1810.03993).

    Attributes:
        name: the model's. summary: one sentence.
        licence: of the weights, an SPDX name in lower case, or ``unknown``.
        tags, datasets: for a hub. results: what was measured, for a hub.
        sections: in order.
    """

    name: str
    summary: str
    licence: str
    tags: tuple[str, ...]
    datasets: tuple[str, ...]
    results: tuple[CardResult, ...]
    sections: tuple[CardSection, ...]

    def section(self, heading: str) -> CardSection:
        """Return the section of that heading. Raises KeyError: there is none."""
        found = {section.heading: section for section in self.sections}
        return found[heading]


def percent(found: Estimate) -> str:
    """Return a share with its 95 % interval, ``68.2 % (66.7-69.7)``; :data:`NOT_MEASURED` where there is none."""
    if found.mean is None:
        return NOT_MEASURED
    ends = "" if found.low is None or found.high is None else f" ({100 * found.low:.1f}-{100 * found.high:.1f})"
    return f"{100 * found.mean:.1f} %{ends}"


def figure(found: Estimate) -> str:
    """Return a figure that is no share with its 95 % interval, ``0.652 (0.630-0.671)``."""
    if found.mean is None:
        return NOT_MEASURED
    ends = "" if found.low is None or found.high is None else f" ({found.low:.3f}-{found.high:.3f})"
    return f"{found.mean:.3f}{ends}"

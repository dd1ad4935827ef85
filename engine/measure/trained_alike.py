"""What besides the architecture differed when two models were trained: no difference shall be put down to it alone."""

from __future__ import annotations

from typing import Any, Final

from engine.records import RunCard

SECTIONS: Final = (
    "optimiser",
    "schedule",
    "loss",
    "augmentation",
    "regularisation",
    "auxiliary",
    "distillation",
    "hints",
    "data",
)
"""Of a card's recipe. What one of the two cards does not know, because it is older than the entry, is not compared."""


def training_differences(first: RunCard, second: RunCard) -> tuple[str, ...]:
    """Return which parts of the recipes differ, in words; empty where the two were trained alike.

    The architecture, the seed and what follows from them (chosen epoch, seconds) do not count.
    """
    one, two = first.recipe, second.recipe
    found = [name for name in SECTIONS if _differ(one.get(name), two.get(name))]
    if _differ(_fingerprint(first), _fingerprint(second)):
        found.append("training pictures")
    if bool(one.get("start")) != bool(two.get("start")):
        found.append("weights at the start")
    return tuple(found)


def alike_words(differences: tuple[str, ...]) -> str:
    """Say it in a sentence; an empty string where nothing differs."""
    if not differences:
        return ""
    return f"They were not trained alike ({', '.join(differences)}), so a difference is not of the architecture alone."


def _differ(one: Any, two: Any) -> bool:
    if isinstance(one, dict) and isinstance(two, dict):
        return any(_differ(one[key], two[key]) for key in one.keys() & two.keys())
    return one is not None and two is not None and bool(one != two)


def _fingerprint(card: RunCard) -> object:
    part = card.data.get("train")
    return part.get("fingerprint") if isinstance(part, dict) else None

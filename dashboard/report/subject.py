"""What a page is about, in one place: what its model is shown, what its classes are called, and their colours.

A network of others may be about anything. A page says once which models it shows (:func:`about`); the nouns and the
colours of figures follow in that run of its script, in its own thread alone.

Up to twelve classes get colours (:mod:`engine.draw.class_colours`); emotions keep their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Final, TypeVar

import numpy as np

from engine.draw.class_colours import OTHER, colours_of
from engine.labels import EMOTION_COLORS, canonical
from engine.records import RunCard
from engine.statistics.frequent import MOST_SHOWN

MOST_LISTED: Final = 12
"""Answers in a list of bars where a model has more classes than a grid shows: the most probable."""
MOST_EXPLAINED: Final = 5
"""Classes with a map each where a model has more than a grid shows: the most probable, beside what is asked for."""

T = TypeVar("T")

_colours: ContextVar[Mapping[str, str]] = ContextVar("colours", default={})  # noqa: B039  # never written to
_pictures: ContextVar[bool] = ContextVar("pictures", default=False)


def about(*cards: RunCard) -> None:
    """Say which models this run of a page shows; the first one's classes have the colours."""
    if not cards:
        return
    _colours.set(colours_of(cards[0].classes))
    _pictures.set(any(card.domain == "pictures" for card in cards))


def colour_of(name: str) -> str:
    """Return the colour of a class of this page's model; of an emotion its own, whichever model answers it."""
    own = _colours.get().get(name)
    return EMOTION_COLORS.get(canonical(name) or "", OTHER) if own is None else own


def listed(ranked: Sequence[T]) -> Sequence[T]:
    """Return what a list shows of classes, most probable first: all, or of more than 30 the first twelve."""
    return ranked if len(ranked) <= MOST_SHOWN else ranked[:MOST_LISTED]


def drawn_columns(probabilities: np.ndarray) -> tuple[int, ...]:
    """Return which of K classes get a line over time, in their order: all, or of more than 30 twelve.

    Args:
        probabilities: (N, K); those are taken whose mean is largest.
    """
    classes = probabilities.shape[1]
    if classes <= MOST_SHOWN:
        return tuple(range(classes))
    best = np.argsort(-probabilities.mean(axis=0), kind="stable")[:MOST_LISTED]
    return tuple(sorted(int(column) for column in best))


def more_words(classes: int) -> str:
    """Say how many classes a list leaves out; empty where it has all."""
    return "" if classes <= MOST_SHOWN else f"The {MOST_LISTED} most probable of {classes:,} classes."


def is_about_pictures() -> bool:
    """Whether a model of this page takes pictures as they are, which need not show a face."""
    return _pictures.get()


def face() -> str:
    """Return what the model is shown: ``face``, or ``picture`` where it is not about faces."""
    return "picture" if _pictures.get() else "face"


def emotion() -> str:
    """Return what the model tells apart: ``emotion``, or ``class``."""
    return "class" if _pictures.get() else "emotion"

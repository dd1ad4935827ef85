"""Which classes a matrix, a grid or a table shows of a network that knows many: decided here, for all of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import ArrayLike

MOST_SHOWN: Final = 30
"""Classes that are shown; of more, those that most labels of the data name."""

OTHERS: Final = "all other classes"
"""What those that are not shown are called together."""

T = TypeVar("T")


@dataclass(frozen=True)
class ShownClasses:
    """The classes that are shown.

    Attributes:
        names: in the model's order. places: int, where each stands among all classes, rising.
        of: how many classes there are.
        asked: whether some are shown because they were asked for, and not for being frequent.
    """

    names: tuple[str, ...]
    places: tuple[int, ...]
    of: int
    asked: bool = False

    @property
    def are_all(self) -> bool:
        """Whether nothing is left out."""
        return len(self.places) == self.of

    @property
    def words(self) -> str:
        """Say which classes are shown, in a sentence; empty where all are."""
        if self.are_all:
            return ""
        chosen = " and those that are chosen" if self.asked else ""
        return (
            f"{len(self.places)} of {self.of:,} classes, the most frequent{chosen}; rates and n are those of all "
            "classes."
        )

    def pick(self, values: Sequence[T]) -> tuple[T, ...]:
        """Return the shown ones of a value a class."""
        return tuple(values[place] for place in self.places)

    def matrix(self, values: np.ndarray) -> np.ndarray:
        """Return the shown rows and columns of a matrix (K, K)."""
        return values if self.are_all else values[np.ix_(self.places, self.places)]


def shown_classes(classes: Sequence[str], counts: ArrayLike, *, asked: Collection[str] = ()) -> ShownClasses:
    """Choose what is shown of K classes: all up to :data:`MOST_SHOWN`, of more the most frequent.

    Args:
        classes: K names.
        counts: (K,) how many labels name each in the data at hand. A class without any is shown only where none has
            one; of classes that are named equally often the earlier ones are.
        asked: names that are shown in any case, for example those that a filter chooses.
    """
    many = np.asarray(counts)
    if many.shape != (len(classes),):
        raise ValueError(f"expected a count for each of {len(classes)} classes, got {many.shape}")
    if len(classes) <= MOST_SHOWN:
        return ShownClasses(tuple(classes), tuple(range(len(classes))), len(classes))
    order = np.argsort(-many, kind="stable")[:MOST_SHOWN]
    frequent = {int(place) for place in order if many[place] > 0 or not many.any()}
    wanted = {place for place, name in enumerate(classes) if name in asked}
    places = tuple(sorted(frequent | wanted))
    return ShownClasses(tuple(classes[place] for place in places), places, len(classes), not wanted <= frequent)

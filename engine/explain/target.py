"""Which scalar an explanation explains: the predicted, the true or a named class, or the contrast of two of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import torch
from torch import Tensor

from engine.errors import UnknownNameError, UsageError, shown

PREDICTED: Final = "predicted"
"""The class that the model answers."""

TRUE: Final = "true"
"""The class that the picture is labelled with, where that is known."""

SIGN: Final = "−"
"""What stands between the two sides of a contrast in a resolved name, with a space on either side."""

_DASHES = re.compile(r"\s*[-–—−]\s*")
_LONGEST: Final = 1_000
"""Characters of a text in which a dash is looked for whose sides are classes."""


class ScalarFunction(Protocol):
    """What a method explains: pictures (N, C, S, S) to the explained scalar (N,).

    ``which`` (N,) int64 says which of the explained pictures each row is a changed copy of, so that a method may run
    its copies in any order and number; None: the rows are the pictures in order.
    """

    def __call__(self, pictures: Tensor, which: Tensor | None = None, /) -> Tensor:
        """Run the model."""
        ...


@dataclass(frozen=True)
class ResolvedTarget:
    """A target with its classes settled for B pictures, so that it stays the same when a picture or model is changed.

    Attributes:
        plus: B class indices.
        minus: B class indices to subtract, or None.
        name: the target of the first picture in words, for example ``happy − sad``; :meth:`Target.parse` reads it.
    """

    plus: tuple[int, ...]
    minus: tuple[int, ...] | None
    name: str

    def scalar(self, logits: Tensor, which: Tensor | None = None) -> Tensor:
        """Return the explained logit, or difference of two, of each of N rows: (N,) from (N, K).

        Args:
            logits: (N, K).
            which: (N,) int64, the picture that each row is a changed copy of; None: N = B * R, R rows in turn a
                picture. A target of a single picture counts for every row.
        """
        up = self._picked(logits, self.plus, which)
        return up if self.minus is None else up - self._picked(logits, self.minus, which)

    def of_model(self, model: Callable[[Tensor], Tensor]) -> ScalarFunction:
        """Return the function from pictures, and which picture each is a copy of, to the explained scalar."""
        return lambda pictures, which=None: self.scalar(model(pictures), which)

    def probability(self, logits: Tensor) -> Tensor:
        """Return the target's probability in [0, 1], (B * R,): softmax, or for a contrast that of one class of the two.

        A contrast's is sigmoid(difference): the probability of the first class given that it is one of both.
        """
        if self.minus is not None:
            return self.scalar(logits).sigmoid()
        return self._picked(logits.softmax(dim=1), self.plus)

    def of(self, picture: int) -> ResolvedTarget:
        """Return the target of one picture, under the same name."""
        return ResolvedTarget((self.plus[picture],), None if self.minus is None else (self.minus[picture],), self.name)

    @staticmethod
    def _picked(values: Tensor, indices: tuple[int, ...], which: Tensor | None = None) -> Tensor:
        if which is not None and len(indices) > 1:
            chosen = torch.tensor(indices, device=values.device)[which.to(values.device)]
            return values[torch.arange(len(values), device=values.device), chosen]
        if len(values) % len(indices):
            raise ValueError(f"expected rows in turn for {len(indices)} pictures, got {len(values)} rows")
        chosen = torch.tensor(indices, device=values.device).repeat_interleave(len(values) // len(indices))
        return values[torch.arange(len(values), device=values.device), chosen]


@dataclass(frozen=True)
class Target:
    """A class by name, ``predicted`` (also None) or ``true``; optionally minus another such.

    The explained scalar is a logit, or a difference of two; never a probability, whose gradient vanishes for sure
    answers.
    """

    label: str | None = None
    minus: str | None = None

    @classmethod
    def parse(cls, text: str, classes: Sequence[str] = ()) -> Target:
        """Read ``predicted``, ``true``, a class, or a contrast such as ``predicted - true`` or ``happy-sad``.

        Any dash will do. Whether the classes exist is seen when the target is resolved for a model.

        Args:
            text: what a person wrote.
            classes: the model's, by which a dash within a name is told from one between two; none: between two.

        Raises:
            UsageError: it is neither one class nor two with a dash between.
        """
        if text.strip() in classes:
            return cls(text.strip())
        known = {PREDICTED, TRUE, *classes}
        dashes = _DASHES.finditer(text if classes and len(text) <= _LONGEST else "")
        sides = ([text[: dash.start()].strip(), text[dash.end() :].strip()] for dash in dashes)
        parts = next((both for both in sides if known.issuperset(both)), _DASHES.split(text.strip()))
        if not all(parts) or len(parts) > 2:
            raise UsageError(
                f"Expected one class, or two with a minus between as in 'happy-sad', got '{shown(text)}'; the classes "
                f"may also be '{PREDICTED}' and '{TRUE}'."
            )
        if len(parts) == 1:
            return cls(parts[0])
        if parts[0] == parts[1]:
            cls._refuse(f"'{parts[0]}' is on both sides")
        return cls(parts[0], parts[1])

    def settle(
        self, logits: Tensor, classes: tuple[str, ...], truth: int | tuple[int, ...] | None = None
    ) -> ResolvedTarget:
        """Settle the classes for B pictures by the model's answers.

        Args:
            logits: (B, K) for the unchanged pictures.
            classes: K names.
            truth: the true class's index, of all pictures or of each; None where it is not known.

        Raises:
            UnknownNameError: a class that the model does not have.
            UsageError: the true class is asked for and not known, or a contrast subtracts every class from itself.
        """
        plus = self._indices(self.label or PREDICTED, logits, classes, truth)
        if self.minus is None:
            return ResolvedTarget(plus, None, classes[plus[0]])
        minus = self._indices(self.minus, logits, classes, truth)
        if plus == minus:
            self._refuse(f"'{self.label or PREDICTED}' and '{self.minus}' are both {classes[plus[0]]}")
        return ResolvedTarget(plus, minus, f"{classes[plus[0]]} {SIGN} {classes[minus[0]]}")

    def resolve(
        self, logits: Tensor, classes: tuple[str, ...], truth: int | tuple[int, ...] | None = None
    ) -> tuple[Tensor, str]:
        """Return the scalar a picture, (B,) from logits (B, K), and the target's name for the first picture.

        Raises:
            UnknownNameError, UsageError: as :meth:`settle`.
        """
        settled = self.settle(logits.detach(), classes, truth)
        return settled.scalar(logits), settled.name

    @staticmethod
    def _indices(
        label: str, logits: Tensor, classes: tuple[str, ...], truth: int | tuple[int, ...] | None
    ) -> tuple[int, ...]:
        if label == PREDICTED:
            return tuple(logits.argmax(dim=1).tolist())
        if label == TRUE:
            if truth is None or (isinstance(truth, int) and truth < 0):
                raise UsageError("The true class of this picture is not known; say which it is, or explain another.")
            return (truth,) * len(logits) if isinstance(truth, int) else truth
        if label not in classes:
            raise UnknownNameError("class", label, (*classes, PREDICTED, TRUE))
        return (classes.index(label),) * len(logits)

    @staticmethod
    def _refuse(said: str) -> None:
        raise UsageError(f"A contrast needs two different classes, but {said}; choose another class for one side.")


def as_target(target: str | Target | None, classes: Sequence[str] = ()) -> Target:
    """Return a target from what a person may give: words (see :meth:`Target.parse`), a target, or None: predicted."""
    if target is not None and not isinstance(target, (str, Target)):
        raise UsageError(f"Expected target as a class's name, {PREDICTED} or {TRUE}, got {target!r:.60}.")
    return Target.parse(target, classes) if isinstance(target, str) else target or Target()


def class_index(label: str | None, classes: tuple[str, ...]) -> int | None:
    """Return the index of a true class given by name, None where it is not known.

    Raises:
        UnknownNameError: the model has no such class.
    """
    if label is None:
        return None
    if label not in classes:
        raise UnknownNameError("class", label, classes)
    return classes.index(label)


def class_indices(labels: Sequence[str] | None, classes: tuple[str, ...]) -> tuple[int, ...] | None:
    """Return the indices of true classes given by name, None where they are not known; errors as class_index."""
    if labels is None:
        return None
    for label in labels:
        class_index(label, classes)
    return tuple(classes.index(label) for label in labels)

"""Is one model better than another, on the same pictures? Figures, intervals, tests, and one sentence.

Second minus first throughout. Accuracy, macro F1 and each class's recall and F1 have paired bootstrap intervals (see
:mod:`engine.statistics.paired`). The tests: McNemar's exact one for accuracy; for each class's recall the same on the
pictures of that class; for each class's F1, which no exact test fits, the bootstrap's. The K recalls are corrected for
being K by Holm's method, and so are the K F1; the intervals are of each class by itself.

What is compared are two checkpoints: another training seed gives another checkpoint, and how much that alone moves
the accuracy is not seen here. The sentence says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.errors import DataError, UsageError
from engine.statistics.frequent import ShownClasses, shown_classes
from engine.statistics.paired import Difference, holm, mcnemar_exact, paired_differences

Int64 = NDArray[np.int64]

ALPHA: Final = 0.05
"""A difference counts as detected where p is below and the 95 % interval leaves 0 out."""

GROUPS: Final[tuple[str, ...]] = (
    "both right",
    "only the first right",
    "only the second right",
    "both wrong, alike",
    "both wrong, differently",
)
"""What can happen to a picture."""

TESTS: Final[dict[str, str]] = {
    "accuracy": "McNemar's exact test",
    "macro_f1": "paired bootstrap",
    "recall": "McNemar's exact test on the pictures of the class, Holm-corrected over the classes",
    "f1": "paired bootstrap, Holm-corrected over the classes",
}
"""Which test each p comes from."""

SEEDS: Final = "one training seed each"


@dataclass(frozen=True, eq=False)
class Answers:
    """What one model answered on a split.

    Attributes:
        model: its name.
        classes: K names.
        ids: N distinct picture ids.
        labels, predicted: (N,) int64 in [0, K).
    """

    model: str
    classes: tuple[str, ...]
    ids: tuple[str, ...]
    labels: Int64
    predicted: Int64

    def __post_init__(self) -> None:
        if not len(self.ids) == len(set(self.ids)) == len(self.labels) == len(self.predicted):
            raise ValueError(
                f"expected a label and an answer for each of {len(self.ids)} distinct ids, got {len(self.labels)} and "
                f"{len(self.predicted)}"
            )
        for name, values in (("labels", self.labels), ("answers", self.predicted)):
            if len(values) and not 0 <= int(values.min()) <= int(values.max()) < len(self.classes):
                raise ValueError(f"expected {name} from 0 to {len(self.classes) - 1}, got others")


@dataclass(frozen=True)
class ClassDifference:
    """One class's differences; ``recall.p`` and ``f1.p`` are Holm-corrected. ``support`` counts its pictures."""

    name: str
    support: int
    recall: Difference
    f1: Difference


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two models on the same N pictures.

    Attributes:
        first, second: names.
        n: pictures.
        accuracy, macro_f1: second minus first.
        per_class: K, in class order.
        groups: the picture ids by what happened to them, a key for each of GROUPS.
    """

    first: str
    second: str
    n: int
    accuracy: Difference
    macro_f1: Difference
    per_class: tuple[ClassDifference, ...]
    groups: dict[str, tuple[str, ...]]

    @property
    def verdict(self) -> str:
        """One sentence: what may be concluded about the accuracy."""
        return verdict_sentence(self.first, self.second, self.accuracy, self.n)

    @property
    def shown(self) -> ShownClasses:
        """The classes that tables and charts have: all, or of many the most frequent."""
        return shown_classes([row.name for row in self.per_class], [row.support for row in self.per_class])

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values; the groups as counts."""
        return {
            "models": [self.first, self.second],
            "n": self.n,
            "accuracy": self.accuracy.as_dict(),
            "macro_f1": self.macro_f1.as_dict(),
            "per_class": {
                row.name: {"support": row.support, "recall": row.recall.as_dict(), "f1": row.f1.as_dict()}
                for row in self.per_class
            },
            "groups": {name: len(ids) for name, ids in self.groups.items()},
            "tests": TESTS,
            "verdict": self.verdict,
        }


def _points(share: float) -> str:
    """Write a share as percentage points with its sign, for example ``−0.6``."""
    text = f"{100.0 * share:+.1f}".replace("-", "−")
    return "0.0" if text in {"+0.0", "−0.0"} else text


def verdict_sentence(first: str, second: str, accuracy: Difference, n: int, seeds: str = SEEDS) -> str:
    """Say what may be concluded from a difference of accuracies on ``n`` pictures."""
    interval = f"95 % interval {_points(accuracy.low)} to {_points(accuracy.high)} points"
    about = f"(n = {n:,}, {seeds})"
    clear = accuracy.low > 0.0 or accuracy.high < 0.0
    if not clear:
        return f"No difference detectable: {interval} {about}."
    better, worse = (second, first) if accuracy.difference > 0.0 else (first, second)
    by = f"{100.0 * abs(accuracy.difference):.1f} points"
    if accuracy.p >= ALPHA:
        return f"Undecided: {better} is ahead of {worse} by {by}, {interval}, but p = {accuracy.p:.2g} {about}."
    return f"{better} is better than {worse} by {by}: {interval} {about}."


def _aligned(first: Answers, second: Answers) -> Answers:
    """Return ``second`` with its pictures and classes in the order of ``first``."""
    if set(first.classes) != set(second.classes):
        raise UsageError(
            f"Expected two models of the same classes, but '{first.model}' knows {', '.join(first.classes)} and "
            f"'{second.model}' knows {', '.join(second.classes)}; compare models trained on the same classes."
        )
    place = {name: index for index, name in enumerate(second.ids)}
    missing = [name for name in first.ids if name not in place]
    if missing or len(first.ids) != len(second.ids):
        extra = len(second.ids) - (len(first.ids) - len(missing))
        raise DataError(
            f"Expected answers to the same pictures, but {len(missing)} are only with '{first.model}' and {extra} "
            f"only with '{second.model}'; measure both on the same split."
        )
    order = np.array([place[name] for name in first.ids], dtype=np.int64)
    to_first = np.array([first.classes.index(name) for name in second.classes], dtype=np.int64)
    labels, predicted = to_first[second.labels[order]], to_first[second.predicted[order]]
    if not np.array_equal(labels, first.labels):
        raise DataError(
            f"Expected one label a picture, but '{first.model}' and '{second.model}' have different ones; measure "
            "both on the same data."
        )
    return replace(second, classes=first.classes, ids=first.ids, labels=labels, predicted=predicted)


def compare(first: Answers, second: Answers, *, seed: int = 0) -> Comparison:
    """Compare two models' answers to the same pictures, paired by id.

    Raises:
        UsageError: the models know different classes.
        DataError: there is no picture, or not the same pictures with the same labels.
    """
    other = _aligned(first, second)
    if not len(first.ids):
        raise DataError("Expected one picture or more to compare on, but there is none; choose another split.")
    labels, classes = first.labels, len(first.classes)
    right = first.predicted == labels, other.predicted == labels
    alike = first.predicted == other.predicted
    members = {
        "both right": right[0] & right[1],
        "only the first right": right[0] & ~right[1],
        "only the second right": ~right[0] & right[1],
        "both wrong, alike": ~right[0] & ~right[1] & alike,
        "both wrong, differently": ~right[0] & ~right[1] & ~alike,
    }
    only = members["only the first right"], members["only the second right"]
    accuracy, macro_f1, *rest = paired_differences(labels, first.predicted, other.predicted, classes, seed=seed)
    exact = [mcnemar_exact(*(int(one[labels == k].sum()) for one in only)) for k in range(classes)]
    recalls = [replace(row, p=p) for row, p in zip(rest[:classes], holm(exact), strict=True)]
    f1s = [replace(row, p=p) for row, p in zip(rest[classes:], holm([one.p for one in rest[classes:]]), strict=True)]
    return Comparison(
        first=first.model,
        second=other.model,
        n=len(labels),
        accuracy=replace(accuracy, p=mcnemar_exact(*(int(one.sum()) for one in only))),
        macro_f1=macro_f1,
        per_class=tuple(
            ClassDifference(name, int((labels == k).sum()), recalls[k], f1s[k]) for k, name in enumerate(first.classes)
        ),
        groups={name: tuple(first.ids[i] for i in np.flatnonzero(members[name])) for name in GROUPS},
    )

"""ROC and precision-recall curves from probabilities: one class against the rest, truly macro, truly micro.

*Macro* is the unweighted mean of the classes' curves (ROC: mean true positive rate at each false positive rate; PR:
mean precision at each recall), so its area is the mean of their areas. *Micro* pools all N x K questions "is it this
class?" X

[1] J. Davis, M. Goadrich. The Relationship Between Precision-Recall and ROC Curves. ICML 2006.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

from engine.errors import DataError

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Kind = Literal["roc", "pr"]

MACRO: Final = "macro"
MICRO: Final = "micro"


@dataclass(frozen=True, eq=False)
class Curve:
    """One curve.

    Attributes:
        name: the class, :data:`MACRO` or :data:`MICRO`.
        x: float64 (P,) rising in [0, 1]: false positive rate, or recall.
        y: float64 (P,) in [0, 1]: true positive rate, straight between points; or precision, where ``y[i]`` holds for
            recalls above ``x[i - 1]`` up to ``x[i]``.
        area: under it, in [0, 1]: AUC, or average precision.
        base: what chance gives: 0.5, or the share of positives.
    """

    name: str
    x: Float64
    y: Float64
    area: float
    base: float

    def __post_init__(self) -> None:
        if self.x.shape != self.y.shape or self.x.ndim != 1 or len(self.x) < 2 or (np.diff(self.x) < 0).any():
            raise ValueError(f"expected two or more points with rising x, got {self.x.shape} and {self.y.shape}")
        if not 0.0 <= self.area <= 1.0 + 1e-9:
            raise ValueError(f"expected an area in [0, 1], got {self.area}")


@dataclass(frozen=True, eq=False)
class CurveSet:
    """All curves of a kind.

    Attributes:
        kind: ``roc`` or ``pr``.
        classes: one a class that has pictures, and others beside it.
        macro, micro: as the module says; macro over ``classes``.
        missing: classes without pictures, which have no curve.
        n: pictures.
    """

    kind: Kind
    classes: tuple[Curve, ...]
    macro: Curve
    micro: Curve
    missing: tuple[str, ...]
    n: int


def _roc(name: str, positive: NDArray[np.bool_], score: Float64) -> Curve:
    x, y, _ = roc_curve(positive, score)
    return Curve(name, np.asarray(x), np.asarray(y), float(np.trapezoid(y, x)), 0.5)


def _pr(name: str, positive: NDArray[np.bool_], score: Float64) -> Curve:
    precision, recall, _ = precision_recall_curve(positive, score)
    x, y = np.asarray(recall[::-1], np.float64), np.asarray(precision[::-1], np.float64)
    return Curve(name, x, y, _steps(x, y), float(positive.mean()))


def _steps(x: Float64, y: Float64) -> float:
    return float((np.diff(x) * y[1:]).sum())


def _edges(curve: Curve, at: Float64) -> tuple[Float64, Float64]:
    """Return the lowest and the highest y of a polyline at each of ``at``: they differ where it rises straight up."""
    first, after = (np.searchsorted(curve.x, at, side=side) for side in ("left", "right"))
    on = after > first
    right = np.minimum(first, len(curve.x) - 1)
    left = np.maximum(right - 1, 0)
    width = np.where(curve.x[right] > curve.x[left], curve.x[right] - curve.x[left], 1.0)
    between = curve.y[left] + (curve.y[right] - curve.y[left]) * (at - curve.x[left]) / width
    return np.where(on, curve.y[right], between), np.where(on, curve.y[np.maximum(after - 1, 0)], between)


def _mean_roc(curves: tuple[Curve, ...]) -> Curve:
    at = np.unique(np.concatenate([curve.x for curve in curves]))
    ends = np.zeros((len(at), 2))
    for curve in curves:  # one after the other: there may be a thousand, each with as many points as pictures
        ends += np.stack(_edges(curve, at), axis=1)
    ends /= len(curves)
    area = float(np.mean([curve.area for curve in curves]))
    return Curve(MACRO, np.repeat(at, 2), ends.ravel(), area, 0.5)


def _mean_pr(curves: tuple[Curve, ...]) -> Curve:
    at = np.unique(np.concatenate([curve.x for curve in curves]))
    y = np.zeros(len(at))
    for curve in curves:
        y += curve.y[np.searchsorted(curve.x, at, side="left")]
    y /= len(curves)
    return Curve(
        MACRO,
        at,
        y,
        float(np.mean([curve.area for curve in curves])),
        float(np.mean([curve.base for curve in curves])),
    )


_ONE: Final[dict[Kind, Callable[[str, NDArray[np.bool_], Float64], Curve]]] = {"roc": _roc, "pr": _pr}
_MEAN: Final[dict[Kind, Callable[[tuple[Curve, ...]], Curve]]] = {"roc": _mean_roc, "pr": _mean_pr}


def curves(kind: Kind, labels: Int64, probabilities: Float64, classes: tuple[str, ...]) -> CurveSet:
    """Return the curves of each class against the rest, their mean and the pooled one.

    Args:
        kind: ``roc`` or ``pr``.
        labels: int64 (N,) in [0, K).
        probabilities: float64 (N, K).
        classes: K names.

    Raises:
        DataError: no two classes have pictures, so that there is nothing to tell apart.
    """
    if probabilities.shape != (len(labels), len(classes)):
        raise ValueError(f"expected probabilities ({len(labels)}, {len(classes)}), got {probabilities.shape}")
    positive = labels[:, None] == np.arange(len(classes))
    there = positive.any(axis=0)
    if there.sum() < 2:
        raise DataError("Expected pictures of two classes or more, got fewer; analyse a split with several classes.")
    single = tuple(_ONE[kind](name, positive[:, k], probabilities[:, k]) for k, name in enumerate(classes) if there[k])
    return CurveSet(
        kind,
        single,
        _MEAN[kind](single),
        _ONE[kind](MICRO, positive.ravel(), probabilities.ravel()),
        tuple(name for k, name in enumerate(classes) if not there[k]),
        len(labels),
    )


def thinned(curve: Curve, most: int = 400) -> tuple[Float64, Float64]:
    """Return at most ``most`` points of a curve for drawing: even steps along its length, first and last kept."""
    if len(curve.x) <= most:
        return curve.x, curve.y
    along = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(curve.x)) + np.abs(np.diff(curve.y)))])
    chosen = np.unique(np.searchsorted(along, np.linspace(0.0, along[-1], most - 1)))
    chosen = np.unique(np.append(chosen, len(curve.x) - 1))
    return curve.x[chosen], curve.y[chosen]

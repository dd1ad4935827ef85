"""Two models on the same pictures: exact test, paired resampling, correction for many tests.

[1] Q. McNemar. Note on the sampling error of the difference between correlated proportions or percentages.
    Psychometrika 12, 1947; here its exact form, a binomial test of the pictures that one model alone gets right.
[2] S. Holm. A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics 6, 1979.
[3] B. Efron, R. J. Tibshirani. An Introduction to the Bootstrap. Chapman & Hall 1993, chapters 13 and 16.

Pictures are resampled whole, with both models' answers on them: what is hard for both cancels out, which is what makes
a paired interval narrower than two intervals side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.statistics.intervals import LEVEL, RESAMPLES

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]

_CHUNK = 250
"""Resamples at once; bounds the memory."""


def mcnemar_exact(only_first: int, only_second: int) -> float:
    """Return McNemar's exact two-sided p-value in (0, 1].

    Under the hypothesis that both are right equally often, each picture that one alone gets right is a fair coin.

    Args:
        only_first: pictures that the first alone gets right.
        only_second: pictures that the second alone gets right.
    """
    from scipy.stats import binomtest  # SciPy comes with scikit-learn

    if min(only_first, only_second) < 0:
        raise ValueError(f"expected counts of 0 or more, got {only_first} and {only_second}")
    both = only_first + only_second
    return 1.0 if both == 0 else float(binomtest(only_first, both, 0.5).pvalue)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return Holm's adjusted p-values [2], in the order given; at most 1."""
    adjusted = np.empty(len(p_values))
    largest = 0.0
    for rank, index in enumerate(np.argsort(p_values, kind="stable")):
        largest = max(largest, min(1.0, (len(p_values) - rank) * float(p_values[index])))
        adjusted[index] = largest
    return tuple(float(value) for value in adjusted)


@dataclass(frozen=True)
class Difference:
    """One figure of two models.

    Attributes:
        first, second: each model's figure, in [0, 1].
        low, high: 95 % interval of second minus first.
        p: two-sided p-value of "no difference", and which test gave it stands with whoever made this.
    """

    first: float
    second: float
    low: float
    high: float
    p: float

    @property
    def difference(self) -> float:
        """Second minus first."""
        return self.second - self.first

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, five digits; p to three significant ones."""
        shares = {name: round(getattr(self, name), 5) for name in ("first", "second", "difference", "low", "high")}
        return {**shares, "p": float(f"{self.p:.3g}")}


def class_counts(labels: Int64, predicted: Int64, classes: int) -> NDArray[np.float64]:
    """Return what F1 is made of: float64 (N, 3 K) of 0 and 1, K columns each of hit, labelled and answered."""
    labelled = labels[:, None] == np.arange(classes)
    answered = predicted[:, None] == np.arange(classes)
    return np.concatenate([labelled & answered, labelled, answered], axis=1).astype(np.float64)


def scores(counts: Float64, classes: int, present: NDArray[np.bool_]) -> Float64:
    """Return accuracy, macro F1, K recalls and K F1: (..., 2 + 2 K) from summed counts (..., 3 K).

    Macro F1 is the mean over the classes that are ``present`` (bool (K,)) and have a picture; a recall without a
    picture is NaN, an F1 without picture or answer 0.
    """
    hit, labelled, answered = (counts[..., i * classes : (i + 1) * classes] for i in range(3))
    recall = np.where(labelled > 0, hit / np.maximum(labelled, 1.0), np.nan)
    f1 = 2.0 * hit / np.maximum(labelled + answered, 1.0)
    counted = (labelled > 0) & present
    macro = np.where(counted, f1, 0.0).sum(axis=-1) / np.maximum(counted.sum(axis=-1), 1)
    accuracy = hit.sum(axis=-1) / np.maximum(labelled.sum(axis=-1), 1.0)
    return np.concatenate([accuracy[..., None], macro[..., None], recall, f1], axis=-1)


def paired_differences(
    labels: Int64,
    first: Int64,
    second: Int64,
    classes: int,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> tuple[Difference, ...]:
    """Estimate the differences of accuracy, macro F1, K recalls and K F1 by the paired bootstrap over pictures.

    Args:
        labels: (N,) int64 in [0, K), N >= 1.
        first, second: (N,) int64, each model's answers.
        classes: K.
        seed: of the resampling.
        resamples: how many times N pictures are drawn.
        level: of the percentile intervals.

    Returns:
        2 + 2 K differences. Their p is the bootstrap's: twice the smaller share of resamples on either side of 0 (those
        at 0 count to both, one is added to each), at most 1. A class without pictures has figures, interval and
        difference 0 and p 1.
    """
    if not len(labels) == len(first) == len(second) or not len(labels):
        raise ValueError(f"expected answers to the same pictures, got {len(labels)}, {len(first)} and {len(second)}")
    # Pictures with the same label and both answers count alike: at most K x K x K kinds, however many pictures.
    kinds, times = np.unique(np.stack([labels, first, second]), axis=1, return_counts=True)
    rows = [class_counts(kinds[0], answers, classes) for answers in kinds[1:]]
    present = np.isin(np.arange(classes), kinds[0])
    observed = [scores(times @ one, classes, present) for one in rows]
    rng = np.random.default_rng(seed)
    count = len(labels)
    drawn: list[Float64] = []
    for start in range(0, resamples, _CHUNK):
        size = min(_CHUNK, resamples - start)
        weights = rng.multinomial(count, times / count, size=size).astype(np.float64)
        one, two = (scores(weights @ part, classes, present) for part in rows)
        drawn.append(two - one)
    differences = np.concatenate(drawn)
    tail = 50.0 * (1.0 - level)
    found = []
    for column, (a, b) in enumerate(zip(*observed, strict=True)):
        values = differences[:, column]
        values = values[~np.isnan(values)]  # resamples without a picture of the class say nothing about its recall
        if np.isnan(a) or not len(values):
            found.append(Difference(0.0, 0.0, 0.0, 0.0, 1.0))
            continue
        low, high = np.percentile(values, [tail, 100.0 - tail])
        sides = 1 + (values <= 0.0).sum(), 1 + (values >= 0.0).sum()
        p = min(1.0, 2.0 * float(min(sides)) / (len(values) + 1))
        found.append(Difference(float(a), float(b), float(low), float(high), p))
    return tuple(found)

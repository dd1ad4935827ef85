"""Differences of class means, cell by cell, and how sure each is.

A contrast is a weighted sum of means over different pictures, L = Σ w m. Its standard error is √(Σ w² s² / n), and
L over it is compared with Student's t with the degrees of freedom of [1] and [2]; nothing is assumed about equal
spreads. Maps have many cells, so a cell counts as beyond chance only where p < level / cells (Bonferroni).

[1] B. L. Welch. The generalization of "Student's" problem when several different population variances are involved.
    Biometrika 34, 1947.
[2] F. E. Satterthwaite. An approximate distribution of estimates of variance components. Biometrics Bulletin 2, 1946.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from engine.analysis.class_attention import ClassAttention
from engine.errors import UsageError

Float64 = NDArray[np.float64]

LEVEL: Final = 0.05


@dataclass(frozen=True, eq=False)
class Term:
    """One mean of a contrast: its weight, and count, mean and variance (S...) of the pictures behind it."""

    weight: float
    count: int
    mean: Float64
    variance: Float64


@dataclass(frozen=True, eq=False)
class Contrast:
    """A weighted sum of means.

    Attributes:
        values: float64 (S...), signed, in the maps' own unit.
        standard_error: float64 (S...), NaN where a mean is of fewer than two pictures.
        p: float64 (S...) in [0, 1], two-sided, uncorrected; NaN where it cannot be told.
        count: the pictures of the smallest mean.
    """

    values: Float64
    standard_error: Float64
    p: Float64
    count: int

    def beyond_chance(self, level: float = LEVEL) -> int:
        """Return how many cells differ from zero by more than chance, corrected for the number of cells."""
        return int((self.p < level / self.p.size).sum())


def contrast(terms: Sequence[Term]) -> Contrast:
    """Add up weighted means of different pictures.

    Raises:
        UsageError: a mean is of no picture.
    """
    if not terms or any(term.count < 1 for term in terms):
        raise UsageError("Expected means of one picture or more to subtract, got one of none; choose other classes.")
    values = np.sum([term.weight * term.mean for term in terms], axis=0)
    # One picture says nothing about how much pictures differ: its part of the error is unknown.
    parts = np.stack(
        [term.weight**2 * term.variance / term.count if term.count > 1 else term.mean * np.nan for term in terms]
    )
    squared = parts.sum(axis=0)
    spread = np.where(squared > 0.0, squared, np.nan)
    freedom = spread**2 / np.sum([part**2 / (term.count - 1) for part, term in zip(parts, terms, strict=True)
                                  if term.count > 1] or [spread * np.nan], axis=0)  # fmt: skip
    p = 2.0 * stats.t.sf(np.abs(values) / np.sqrt(spread), freedom)
    return Contrast(np.asarray(values), np.sqrt(squared), np.asarray(p), min(term.count for term in terms))


def _term(weight: float, of: ClassAttention, index: int) -> Term:
    mean, variance = of.values
    return Term(weight, int(of.count[index]), mean[index].astype(np.float64), variance[index].astype(np.float64))


def mean_of_classes(of: ClassAttention) -> Float64:
    """Return float64 (S...): the mean of the classes' means, each class that has pictures counting alike.

    Raises:
        UsageError: no class has a picture.
    """
    some = of.count > 0
    if not some.any():
        raise UsageError("Expected a picture of some class, got none; choose other pictures.")
    return np.asarray(of.values[0][some].astype(np.float64).mean(axis=0))


def class_minus_all(of: ClassAttention, index: int) -> Contrast:
    """Return a class's mean minus :func:`mean_of_classes`, of which it is one."""
    some = [int(k) for k in np.flatnonzero(of.count > 0)]
    if index not in some:
        raise UsageError("Expected a class with pictures, got one without; choose another class.")
    return contrast([_term(float(k == index) - 1.0 / len(some), of, k) for k in some])


def class_minus_class(of: ClassAttention, index: int, other: int) -> Contrast:
    """Return a class's mean minus another's."""
    return contrast([_term(1.0, of, index), _term(-1.0, of, other)])


def right_minus_wrong(right: ClassAttention, wrong: ClassAttention, index: int) -> Contrast:
    """Return the mean of a class's pictures that are answered rightly minus that of those answered wrongly."""
    return contrast([_term(1.0, right, index), _term(-1.0, wrong, index)])

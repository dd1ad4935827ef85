"""How well each channel's mean activation tells the classes apart: the F statistic of one-way analysis of variance.

[1] R. A. Fisher. Statistical Methods for Research Workers. 1925.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from engine.errors import UsageError
from engine.records import Float32

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

LEVEL: Final = 0.05


@dataclass(frozen=True, eq=False)
class Selectivity:
    """Of C channels, over N pictures of K classes.

    Attributes:
        pictures: N.
        f: float64 (C,) >= 0, how much more classes differ than pictures within a class; NaN for a constant channel.
        critical: the F that chance alone exceeds in one of C channels with probability 5 % (Bonferroni).
        favourite: int64 (C,), the class with the highest mean.
    """

    pictures: int
    f: Float64
    critical: float
    favourite: Int64


def selectivity(means: Float32, labels: Int64) -> Selectivity:
    """Judge channels by their means (N, C) over pictures labelled (N,).

    Raises:
        UsageError: fewer than two classes with two pictures.
    """
    groups = [means[labels == label].astype(np.float64) for label in np.unique(labels)]
    if sum(len(group) > 1 for group in groups) < 2:
        raise UsageError("Expected two pictures or more of two classes to tell channels apart; choose other pictures.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.ConstantInputWarning)  # a dead channel is NaN, which says so
        f = np.asarray(stats.f_oneway(*groups, axis=0).statistic, dtype=np.float64)
    total = sum(len(group) for group in groups)
    present = np.unique(labels)
    return Selectivity(
        pictures=total,
        f=np.where(np.isfinite(f), f, np.nan),
        critical=float(stats.f.isf(LEVEL / means.shape[1], len(groups) - 1, total - len(groups))),
        favourite=present[np.stack([group.mean(axis=0) for group in groups]).argmax(axis=0)].astype(np.int64),
    )

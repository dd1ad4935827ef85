"""How well one voter agrees with the other voters, and how well anything else that answers does: the human ceiling.

A picture's voters are taken out one at a time; right is what most of the others chose, and where several classes have
equally many of their votes, each is right by an equal part. A single voter has no advantage over a model or a label
here: all three are compared with the same others. (This is how the agreement of annotators bounds what can be reached
on their labels; J. C. Peterson, R. M. Battleday, T. L. Griffiths, O. Russakovsky. Human uncertainty makes
classification more robust. ICCV 2019, arXiv:1908.07086, measure people in the same way.)

Letters: N pictures, V classes that voters chose among. Counts are int64 (N, V).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]


def voter_agreement(counts: Int64) -> Float64:
    """Return how often a voter, taken at random, says what most of the others say: float64 (N,) in [0, 1].

    NaN where fewer than two people voted.
    """
    total = np.zeros(len(counts))
    for out, (weight, right) in enumerate(_without_one(counts)):
        total += weight * right[:, out]
    return _where_others(counts, total)


def answer_agreement(counts: Int64, answers: Int64) -> Float64:
    """Return how often an answer is what most of a picture's voters but one say: float64 (N,) in [0, 1].

    NaN where fewer than two people voted.

    Args:
        counts: (N, V). answers: int64 (N,), a class each; -1 is never right.
    """
    rows = np.arange(len(counts))
    total = np.zeros(len(counts))
    for weight, right in _without_one(counts):
        total += weight * np.where(answers >= 0, right[rows, answers], 0.0)
    return _where_others(counts, total)


def _without_one(counts: Int64) -> Iterator[tuple[Float64, Float64]]:
    """Yield for each class: how likely a voter of it is taken out (N,), and how right each class is then (N, V)."""
    voters = np.maximum(counts.sum(axis=1), 1)
    for out in range(counts.shape[1]):
        others = counts.copy()
        others[:, out] -= 1  # where nobody chose it, the weight is 0
        best = others == others.max(axis=1, keepdims=True)
        yield counts[:, out] / voters, best / best.sum(axis=1, keepdims=True)


def _where_others(counts: Int64, agreement: Float64) -> Float64:
    return np.where(counts.sum(axis=1) > 1, agreement, np.nan)

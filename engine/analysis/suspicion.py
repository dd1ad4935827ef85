"""Which labels may be wrong, by what the model answers: confident learning.

[1] C. G. Northcutt, L. Jiang, I. L. Chuang. Confident Learning: Estimating Uncertainty in Dataset Labels. JAIR 70,
    2021, arXiv:1911.00068, section 3.1: the threshold of class j is the mean probability of j over the pictures
    labelled j; a picture is counted to the most probable of the classes whose threshold it reaches.

Departures: [1] wants probabilities from cross-validation. Here they are those of one model over one split, and the
thresholds come from that same split; on a split that the model was trained on they are therefore too high and fewer
labels are suspected. The score is [1]'s self-confidence turned round.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Suspicion:
    """How suspect N labels are.

    Attributes:
        thresholds: float64 (K,), infinite for a class without pictures.
        score: float64 (N,) in [0, 1]: 1 - p(label) where the picture is counted to another class, else 0.
        suggested: int64 (N,), that other class, or -1.
    """

    thresholds: Float64
    score: Float64
    suggested: Int64


def suspect(probabilities: NDArray[np.floating], labels: Int64) -> Suspicion:
    """Judge labels (N,) by probabilities (N, K)."""
    p = probabilities.astype(np.float64)
    own = p[np.arange(len(p)), labels]
    classes = p.shape[1]
    count = np.bincount(labels, minlength=classes)
    total = np.bincount(labels, weights=own, minlength=classes)
    thresholds = np.where(count > 0, total / np.maximum(count, 1), np.inf)
    confident = np.where(p >= thresholds, p, -1.0)
    counted = confident.argmax(axis=1)
    elsewhere = (confident.max(axis=1) >= 0.0) & (counted != labels)
    return Suspicion(
        thresholds=thresholds,
        score=np.where(elsewhere, np.clip(1.0 - own, 0.0, 1.0), 0.0),
        suggested=np.where(elsewhere, counted, -1).astype(np.int64),
    )

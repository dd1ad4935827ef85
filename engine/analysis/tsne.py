"""A second flat picture of the answers: t-SNE [1] of the K logits, computed on demand from stored probabilities.

The store keeps the features' first two principal components and not the features themselves, of which t-SNE would need
all; the logits, one linear map behind them, are known from the probabilities up to a constant. Distances between
clusters and their sizes mean nothing in it.

[1] L. van der Maaten, G. Hinton. Visualizing Data using t-SNE. JMLR 9, 2008.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.manifold import TSNE

from engine.errors import DataError
from engine.statistics.calibration import log_probabilities

Float64 = NDArray[np.float64]

PICTURES_MOST: Final = 1_000
"""So many are placed; more take minutes."""
PERPLEXITY: Final = 30.0


def centred_logits(probabilities: Float64) -> Float64:
    """Return logits whose mean over the classes is 0, float64 (N, K), of probabilities (N, K)."""
    logs = log_probabilities(probabilities)
    return np.asarray(logs - logs.mean(axis=1, keepdims=True))


def tsne_places(probabilities: Float64, *, seed: int = 0) -> Float64:
    """Return float64 (N, 2) places of N pictures; the same seed and numbers give the same places on one machine.

    Args:
        probabilities: float64 (N, K).
        seed: of the descent.

    Raises:
        DataError: there are fewer than ten pictures.
    """
    count = len(probabilities)
    if count < 10:
        raise DataError(f"Expected ten pictures or more to lay out, got {count}; choose a larger split.")
    perplexity = min(PERPLEXITY, (count - 1) / 3)
    layout = TSNE(perplexity=perplexity, init="pca", random_state=seed, max_iter=500)
    return np.asarray(layout.fit_transform(centred_logits(probabilities)), np.float64)


def spread(count: int, most: int = PICTURES_MOST) -> NDArray[np.int64]:
    """Return the positions of at most ``most`` of ``count`` pictures, evenly spread."""
    if count <= most:
        return np.arange(count, dtype=np.int64)
    return np.arange(most, dtype=np.int64) * count // most

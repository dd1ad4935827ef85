"""A few pictures of each class, drawn at random."""

from __future__ import annotations

import numpy as np

from engine.data.dataset import Int64


def class_sample(labels: Int64, classes: int, most: int, *, seed: int = 0) -> tuple[Int64, ...]:
    """Draw up to ``most`` positions of each class without repeating any: one int64 array a class, in drawn order.

    Args:
        labels: int64 (N,). classes: K.
        most: pictures a class at most.
        seed: another seed, another sample; 0 or more.
    """
    return tuple(
        np.random.default_rng((seed, label)).permutation(np.flatnonzero(labels == label))[:most].astype(np.int64)
        for label in range(classes)
    )

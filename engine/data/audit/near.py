"""What training has seen of a split: exact and near copies of its pictures among the training pictures.

The audit says it of a whole dataset, an evaluation of the split that it measures on; both draw the same conclusion.
"""

from __future__ import annotations

import numpy as np

from engine.data.audit.audit import CleanCount, blanks
from engine.data.audit.groups import NEAR_BITS, near_numbers
from engine.data.dataset import Bool, FaceDataset
from engine.data.read.gather import LOOK_SIDE
from engine.data.read.sources import fit_picture


def near_training(dataset: FaceDataset) -> Bool | None:
    """Return bool (N,): which pictures look like a training picture, exact copies included.

    As the audit finds them (:func:`engine.data.audit.groups.near_numbers`): two hashes agree, and what near pairs
    connect belongs together. None where the dataset was loaded without ``looks``, or is drawn, so that hashes would
    find mere look-alikes.
    """
    training = dataset.training_looks
    if training is None or dataset.name == "synthetic":
        return None
    own = np.stack([fit_picture(image, LOOK_SIDE, 1) for image in dataset.images])
    images = np.concatenate([own, training])
    numbers = near_numbers(images, np.arange(len(images)), blanks(images), NEAR_BITS)
    alike = np.isin(numbers[: len(own)], numbers[len(own) :])
    return alike if dataset.in_train is None else alike | dataset.in_train


def seen_in_training(dataset: FaceDataset) -> tuple[CleanCount, Bool] | None:
    """Return how much of a test split training has seen, and which pictures, bool (N,); None where not known."""
    alike = near_training(dataset)
    if alike is None or dataset.in_train is None:
        return None
    copied = int(dataset.in_train.sum())
    return CleanCount(len(dataset), copied, int(alike.sum()) - copied), alike

"""What is known about the real FER2013, checked where it is there."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from engine.data import FaceDataset, load_dataset
from engine.labels import EMOTIONS

pytestmark = pytest.mark.fer2013

VAL_IDS = "e6a3b219b6b2a1231d64fb24619de35eda9863708a909bcdb08d38c54eeeb67d"
"""The sha256 of the validation ids: shipped checkpoints were chosen on exactly these pictures."""


@pytest.fixture(scope="module")
def whole(fer2013: Path) -> dict[str, FaceDataset]:
    return {split: load_dataset("fer2013", split, data=fer2013) for split in ("train", "val", "test")}


def distinct(*sets: FaceDataset) -> set[bytes]:
    return {image.tobytes() for one in sets for image in one.images}


def test_counts(whole: dict[str, FaceDataset]) -> None:
    assert len(whole["train"]) + len(whole["val"]) == 28_709
    assert len(whole["test"]) == 7_178
    assert sum("PublicTest_" in name for name in whole["test"].ids) == 3_589
    assert len(distinct(*whole.values())) == 34_034
    assert all(one.skipped == () and one.images.shape[1:] == (48, 48) for one in whole.values())
    assert all(one.classes == EMOTIONS for one in whole.values())


def test_val_is_a_stratified_tenth_apart_from_train(whole: dict[str, FaceDataset]) -> None:
    train, val = whole["train"].class_counts(), whole["val"].class_counts()
    for name in EMOTIONS:
        assert abs(val[name] - 0.1 * (train[name] + val[name])) <= 2
    assert not distinct(whole["train"]) & distinct(whole["val"])


def test_val_is_always_the_same(whole: dict[str, FaceDataset]) -> None:
    assert hashlib.sha256("\n".join(whole["val"].ids).encode()).hexdigest() == VAL_IDS


def test_copies_of_training_pictures_are_marked(fer2013: Path, whole: dict[str, FaceDataset]) -> None:
    private = load_dataset("fer2013", "private", data=fer2013)
    assert len(private) == 3_589
    training = distinct(whole["train"], whole["val"])
    expected = np.array([image.tobytes() in training for image in private.images])
    assert np.array_equal(private.in_train, expected)  # type: ignore[arg-type]
    assert int(expected.sum()) == 288

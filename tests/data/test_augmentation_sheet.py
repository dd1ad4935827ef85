from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.data.transforms import Augmentation, augment, augmentation_sheet, to_tensor
from engine.errors import UsageError
from tests.made import make_dataset

OFF = Augmentation(flip=0, rotate_degrees=0, shift=0, scale=0, brightness=0, contrast=0)


@pytest.fixture
def images() -> np.ndarray:
    return make_dataset(1, side=48).images[:3]


def test_it_is_what_training_does(images: np.ndarray) -> None:
    how = Augmentation(erase=1.0)
    sheet = augmentation_sheet(images, how, 2, seed=4)
    assert sheet.shape == (3, 2, 48, 48)
    assert sheet.dtype == np.uint8
    expected = augment(to_tensor(images), how, torch.Generator().manual_seed(4))[:, 0].numpy() * 255
    assert np.abs(sheet[:, 0] - expected).max() <= 0.5 + 1e-3
    assert (sheet[:, 0] != sheet[:, 1]).any(axis=(1, 2)).all()
    assert np.array_equal(sheet, augmentation_sheet(images, how, 2, seed=4))
    assert not np.array_equal(sheet, augmentation_sheet(images, how, 2, seed=5))


def test_nothing_varied_is_the_picture_and_a_ramp_has_ended(images: np.ndarray) -> None:
    assert np.abs(augmentation_sheet(images, OFF, 1)[:, 0].astype(int) - images).max() <= 1
    ramped = Augmentation(ramp_epochs=5)
    assert np.array_equal(augmentation_sheet(images, ramped, 1), augmentation_sheet(images, Augmentation(), 1))


def test_no_draws(images: np.ndarray) -> None:
    with pytest.raises(UsageError, match="one or more draws"):
        augmentation_sheet(images, OFF, 0)

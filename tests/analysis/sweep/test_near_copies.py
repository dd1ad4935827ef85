from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.analysis.sweep.finish import near_groups_of
from engine.data.dataset import FaceDataset
from engine.data.drawn import synthetic_face, synthetic_id
from engine.labels import EMOTIONS


@pytest.fixture(scope="module")
def pictures() -> FaceDataset:
    """A face, another, the first one lighter, the first again, a blank, and one that stands alone."""
    one, other, alone = (synthetic_face(synthetic_id("test", index)).image for index in (0, 4, 9))
    images = np.stack([one, other, np.minimum(one, 250) + 5, one, np.full_like(one, 9), alone])
    ids = tuple(f"test/{index}" for index in range(6))
    return FaceDataset(
        "fer2013", "test", EMOTIONS, images, np.zeros(6, np.int64), ids, np.array([0, 1, 2, 0, 3, 4], np.int64)
    )


def test_what_looks_alike_has_one_number(pictures: FaceDataset) -> None:
    found = near_groups_of(pictures)
    assert found is not None
    assert found.dtype == np.int64
    first, other, lighter, again, blank, alone = found.tolist()
    assert first == lighter == again
    assert len({first, other, blank, alone}) == 4


def test_larger_and_coloured_pictures_are_made_small_and_grey(pictures: FaceDataset) -> None:
    large = pictures.images.repeat(2, axis=1).repeat(2, axis=2)
    for images in (large, np.stack([large] * 3, axis=3), np.stack([pictures.images] * 3, axis=3)):
        np.testing.assert_array_equal(near_groups_of(replace(pictures, images=images)), near_groups_of(pictures))


def test_drawn_faces_have_none(pictures: FaceDataset) -> None:
    assert near_groups_of(replace(pictures, name="synthetic")) is None

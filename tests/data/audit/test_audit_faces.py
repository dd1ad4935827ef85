from __future__ import annotations

import numpy as np

from engine.data.audit.audit import class_faces, class_sample
from engine.statistics.frequent import ShownClasses
from tests.made import make_dataset


def test_means_and_spreads_equal_numpys_and_a_class_without_pictures_is_zero() -> None:
    found = make_dataset(9, side=16)
    kept = found.labels != 2
    images, labels = found.images[kept], found.labels[kept]
    faces = class_faces(images, labels, found.classes)
    assert faces.count.tolist() == [9, 9, 0, 9, 9, 9, 9]
    assert not faces.mean[2].any()
    assert not faces.difference[2].any()
    for label in (0, 6):
        chosen = images[labels == label].astype(np.float64)
        assert np.allclose(faces.mean[label], chosen.mean(axis=0), atol=1e-4)
        assert np.allclose(faces.spread[label], chosen.std(axis=0), atol=1e-4)
    there = [0, 1, 3, 4, 5, 6]
    assert np.allclose(faces.difference[there].sum(axis=0), 0, atol=1e-3)
    assert np.allclose(faces.difference[0], faces.mean[0] - faces.mean[there].mean(axis=0), atol=1e-4)


def test_differences_of_some_classes_stay_those_from_all() -> None:
    found = make_dataset(9, side=16)
    faces = class_faces(found.images, found.labels, found.classes)
    some = faces.pick(ShownClasses(found.classes[2:4], (2, 3), len(found.classes)))
    assert some.classes == found.classes[2:4]
    assert some.count.tolist() == [9, 9]
    assert np.allclose(some.difference, faces.difference[2:4], atol=1e-4)


def test_a_sample_is_of_each_class_without_repeats_and_seeded() -> None:
    labels = np.array([0] * 30 + [2] * 3)
    first, none, few = class_sample(labels, 3, 8)
    assert len(set(first.tolist())) == 8
    assert set(labels[first]) == {0}
    assert none.tolist() == []
    assert sorted(few.tolist()) == [30, 31, 32]
    assert class_sample(labels, 3, 8)[0].tolist() == first.tolist()
    assert class_sample(labels, 3, 8, seed=1)[0].tolist() != first.tolist()

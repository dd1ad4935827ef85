from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from engine.data.dataset import FaceDataset, SkippedFile
from engine.records import FaceSample


@pytest.fixture
def small() -> FaceDataset:
    images = np.arange(4 * 2 * 2, dtype=np.uint8).reshape(4, 2, 2)
    return FaceDataset(
        name="folder",
        split="test",
        classes=("angry", "happy", "sad"),
        images=images,
        labels=np.array([0, 1, 1, 0], dtype=np.int64),
        ids=("a", "b", "c", "d"),
        duplicate_group=np.array([0, 1, 2, 0], dtype=np.int64),
        skipped=(SkippedFile("e", "the file is empty"),),
        in_train=np.array([True, False, False, True]),
    )


def test_an_item_is_a_face_sample(small: FaceDataset) -> None:
    sample = small[2]
    assert isinstance(sample, FaceSample)
    assert (sample.id, sample.label, sample.split, sample.source) == ("c", 1, "test", "folder")
    assert sample.image.tolist() == [[8, 9], [10, 11]]
    assert small[-1].id == "d"
    assert [one.id for one in small] == ["a", "b", "c", "d"]


def test_counts_name_empty_classes_too(small: FaceDataset) -> None:
    assert small.class_counts() == {"angry": 2, "happy": 2, "sad": 0}


@pytest.mark.parametrize("chosen", [[3, 1], np.array([3, 1])])
def test_a_subset_keeps_the_asked_order(small: FaceDataset, chosen: object) -> None:
    part = small.subset(chosen)
    assert part.ids == ("d", "b")
    assert part.labels.tolist() == [0, 1]
    assert part.images[0].tolist() == [[12, 13], [14, 15]]
    assert part.duplicate_group.tolist() == [0, 1]
    assert part.in_train is not None
    assert part.in_train.tolist() == [True, False]


def test_a_mask_selects(small: FaceDataset) -> None:
    assert small.in_train is not None
    assert small.subset(~small.in_train).ids == ("b", "c")
    with pytest.raises(ValueError, match="mask of length 4"):
        small.subset(np.array([True]))


def test_the_fingerprint_sees_every_part(small: FaceDataset) -> None:
    assert len(small.fingerprint) == 64
    assert replace(small, split="other").fingerprint == small.fingerprint
    changed = small.images.copy()
    changed[3, 1, 1] += 1
    others = [
        replace(small, images=changed),
        replace(small, labels=np.array([0, 1, 1, 1], dtype=np.int64)),
        replace(small, ids=("a", "b", "c", "x")),
        replace(small, classes=("angry", "happy", "fear")),
        small.subset([1, 0, 2, 3]),
    ]
    assert len({small.fingerprint, *(other.fingerprint for other in others)}) == 6


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("images", np.zeros((4, 2, 2), np.float32), "images as uint8"),
        ("images", np.zeros((4, 2, 2, 4), np.uint8), "images as uint8"),
        ("labels", np.zeros(4, np.int32), "labels as int64"),
        ("labels", np.array([0, 1, 1, 3]), "labels 0 to 2"),
        ("labels", np.array([0, 1, 1, -1]), "labels 0 to 2"),
        ("ids", ("a", "b", "c"), "4 ids"),
        ("ids", ("a", "b", "c", "a"), "distinct ids"),
        ("duplicate_group", np.zeros(3, np.int64), "duplicate_group"),
        ("in_train", np.zeros(4, np.int64), "in_train as bool"),
        ("classes", ("angry", "angry"), "distinct class names"),
    ],
)
def test_a_wrong_part_is_refused(small: FaceDataset, field: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(small, **{field: value})


def test_it_is_frozen(small: FaceDataset) -> None:
    with pytest.raises(FrozenInstanceError):
        small.split = "train"  # type: ignore[misc]


def test_subjects_go_with_their_pictures(small: FaceDataset) -> None:
    named = replace(small, subjects=("p", "p", "q", "r"))
    assert named.subset([3, 0]).subjects == ("r", "p")
    assert small.subset([3]).subjects is None
    assert named.fingerprint == small.fingerprint
    with pytest.raises(ValueError, match="expected 4 subjects, got 1"):
        replace(small, subjects=("p",))

from __future__ import annotations

import numpy as np
import pytest

from engine.data.splits import assign_splits, duplicate_groups


def test_groups_count_up_in_order_of_appearance() -> None:
    assert duplicate_groups([b"x", b"y", b"x", b"z", b"y"]).tolist() == [0, 1, 0, 2, 1]
    assert duplicate_groups([]).dtype == np.int64


@pytest.fixture
def drawn() -> tuple[np.ndarray, np.ndarray, list[str]]:
    """200 pictures: 150 of class 0 and 50 of class 1; some groups of two and three, one with conflicting labels."""
    labels = np.repeat([0, 1], [150, 50]).astype(np.int64)
    groups = np.arange(200, dtype=np.int64)
    groups[1] = groups[2] = groups[0]
    groups[11] = groups[10]
    groups[199] = groups[5]
    return labels, groups, [f"picture_{number:03d}" for number in range(200)]


def test_each_class_gives_its_tenth_and_groups_stay_whole(drawn: tuple) -> None:
    labels, groups, ids = drawn
    for seed in range(20):
        named = np.array(assign_splits(labels, groups, ids, shares={"val": 0.1}, seed=seed))
        assert set(named) == {"train", "val"}
        for group in np.unique(groups):
            assert len(set(named[groups == group])) == 1
        # A conflicting pair counts to class 0, so either class may be one off.
        assert abs(int((named[labels == 0] == "val").sum()) - 15) <= 1
        assert abs(int((named[labels == 1] == "val").sum()) - 5) <= 1


def test_the_order_of_the_pictures_does_not_matter(drawn: tuple) -> None:
    labels, groups, ids = drawn
    order = np.random.default_rng(0).permutation(200)
    straight = assign_splits(labels, groups, ids, shares={"val": 0.1, "test": 0.1}, seed=4)
    mixed = assign_splits(
        labels[order], groups[order], [ids[i] for i in order], shares={"val": 0.1, "test": 0.1}, seed=4
    )
    assert [straight[i] for i in order] == mixed
    assert straight.count("test") == straight.count("val") == 20


def test_the_seed_decides(drawn: tuple) -> None:
    labels, groups, ids = drawn
    one, again, other = (assign_splits(labels, groups, ids, shares={"val": 0.1}, seed=seed) for seed in (0, 0, 1))
    assert one == again
    assert one != other


def test_a_small_class_gives_one_picture_and_a_single_picture_stays_in_train() -> None:
    labels = np.array([0, 0, 0, 1], dtype=np.int64)
    named = assign_splits(labels, np.arange(4), list("abcd"), shares={"val": 0.1, "test": 0.1})
    assert sorted(named[:3]) == ["test", "train", "val"]
    assert named[3] == "train"


def test_a_group_too_large_for_the_share_stays_in_train() -> None:
    named = assign_splits(np.zeros(10, np.int64), np.array([0] * 9 + [1]), list("abcdefghij"), shares={"val": 0.2})
    assert named == ["train"] * 9 + ["val"]

from __future__ import annotations

import numpy as np
import pytest

from engine.data.splits import assign_splits, assign_subjects, duplicate_groups, leave_one_subject_out
from engine.errors import DataError


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


PEOPLE = [name for name, count in (("a", 5), ("b", 1), ("c", 2), ("d", 8), ("e", 3)) for _ in range(count)]


def test_people_stay_together() -> None:
    parts = assign_subjects(PEOPLE, shares={"val": 0.2, "test": 0.4}, seed=1)
    of = {name: {part for person, part in zip(PEOPLE, parts, strict=True) if person == name} for name in "abcde"}
    assert all(len(one) == 1 for one in of.values())
    assert sorted(part for one in of.values() for part in one) == ["test", "test", "train", "train", "val"]
    assert assign_subjects(PEOPLE[::-1], shares={"val": 0.2, "test": 0.4}, seed=1) == parts[::-1]
    assert len({tuple(assign_subjects(PEOPLE, shares={"val": 0.2}, seed=seed)) for seed in range(20)}) > 1


def test_each_split_gets_a_person() -> None:
    assert sorted(assign_subjects(["x", "y", "z"], shares={"val": 0.01, "test": 0.9})) == ["test", "train", "val"]
    with pytest.raises(DataError, match="Expected 3 people or more for the splits train, val, test, got 2"):
        assign_subjects(["x", "y", "x"], shares={"val": 0.1, "test": 0.1})


def test_one_person_is_left_out_at_a_time() -> None:
    folds = list(leave_one_subject_out(PEOPLE, val_share=0.25))
    assert [fold.subject for fold in folds] == ["a", "b", "c", "d", "e"]
    assert folds[2].test.tolist() == [6, 7]
    for fold in folds:
        together = np.concatenate([fold.train, fold.val, fold.test])
        assert sorted(together.tolist()) == list(range(len(PEOPLE)))
        people = [{PEOPLE[at] for at in part} for part in (fold.train, fold.val, fold.test)]
        assert [len(one) for one in people] == [3, 1, 1]
        assert people[2] == {fold.subject}
        assert not people[0] & people[1]
    with pytest.raises(DataError, match="2 people or more"):
        list(leave_one_subject_out(["x", "y"]))

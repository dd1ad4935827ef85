"""The audit of a small set whose copies, conflicts and blanks are known."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

from engine.data.audit import groups as audit_groups
from engine.data.audit.audit import BLANK_SPREAD, CleanCount, audit, audit_document, blanks
from engine.data.audit.groups import PictureGroup, Straddling, exact_groups, near_groups, straddling
from engine.data.audit.hashes import dhash, phash
from engine.data.audit.source import AuditedPictures
from engine.errors import UsageError
from tests.made_audit import planted_pictures


@pytest.fixture(scope="module")
def pictures() -> AuditedPictures:
    return planted_pictures()


def stems(pictures: AuditedPictures, group: PictureGroup) -> set[str]:
    return {pictures.ids[member].rsplit("/", 1)[1].removesuffix(".png") for member in group.members}


def test_exact_groups_equal_those_of_brute_force(pictures: AuditedPictures) -> None:
    same = defaultdict(list)
    for position, image in enumerate(pictures.images):
        same[image.tobytes()].append(position)
    expected = sorted(tuple(members) for members in same.values() if len(members) > 1)
    groups = exact_groups(pictures)
    assert [group.members for group in groups] == expected
    assert [stems(pictures, group) for group in groups] == [
        {"Training_1", "Training_2", "PrivateTest_1"},
        {"PublicTest_2", "PrivateTest_2"},
        {"Training_3", "Training_4"},
        {"Training_6", "Training_7"},
    ]
    assert [group.conflicting for group in groups] == [True, False, False, False]
    assert [group.leaks for group in groups] == [True, False, False, False]
    assert {group.distinct for group in groups} == {1}


def test_the_two_ways_of_counting_what_straddles(pictures: AuditedPictures) -> None:
    assert straddling(exact_groups(pictures)) == Straddling(
        train_and_other=1, any_two_parts=2, by_parts={"public+private": 1, "train+private": 1}
    )


def test_near_groups_are_found_apart_from_exact_ones(pictures: AuditedPictures) -> None:
    groups = near_groups(pictures, blanks(pictures.images))
    assert [stems(pictures, group) for group in groups] == [
        {"Training_3", "Training_4", "PrivateTest_3"},
        {"Training_5", "PublicTest_5"},
    ]
    assert [(group.distinct, group.conflicting, group.leaks) for group in groups] == [(2, False, True), (2, True, True)]


def test_near_groups_need_both_hashes_and_equal_those_of_brute_force(pictures: AuditedPictures) -> None:
    first, second = phash(pictures.images), dhash(pictures.images)

    def apart(i: int, j: int) -> int:
        return max((int(h[i]) ^ int(h[j])).bit_count() for h in (first, second))

    some = [i for i in range(len(pictures)) if not blanks(pictures.images)[i]]
    bits = 12
    reach = {i: {j for j in some if apart(i, j) <= bits} for i in some}
    grown = {i: set(near) for i, near in reach.items()}
    for _ in some:  # what a chain of near pairs connects
        grown = {i: set().union(*(grown[j] for j in near)) for i, near in grown.items()}
    expected = {tuple(sorted(near)) for near in grown.values() if len({pictures.images[j].tobytes() for j in near}) > 1}
    assert {group.members for group in near_groups(pictures, blanks(pictures.images), bits)} == expected


@pytest.mark.parametrize("hashed", ["phash", "dhash"])
def test_one_hash_alone_makes_no_near_copy(
    pictures: AuditedPictures, monkeypatch: pytest.MonkeyPatch, hashed: str
) -> None:
    apart = np.random.default_rng(0).integers(0, 2**63, len(pictures), dtype=np.uint64)
    monkeypatch.setattr(audit_groups, hashed, lambda images: apart[: len(images)])
    assert near_groups(pictures, blanks(pictures.images)) == ()


def test_blanks_are_constant_or_nearly(pictures: AuditedPictures) -> None:
    assert [pictures.ids[i] for i in np.flatnonzero(blanks(pictures.images))] == [
        "train/happy/Training_6.png",
        "train/happy/Training_7.png",
    ]
    images = pictures.images.copy()
    images[0] = 90
    images[0, :2] = 96  # 96 of 2304 pixels differ by 6: a spread of 6 * sqrt(f (1 - f)) = 1.199
    images[1] = 90
    images[1, :12] = 96  # a quarter: 2.598
    assert 1.19 < images[0].std() < 1.21 < BLANK_SPREAD < images[1].std() < 2.61
    assert blanks(images)[:2].tolist() == [True, False]


def test_what_training_has_seen_of_each_part(pictures: AuditedPictures) -> None:
    found = audit(pictures)
    assert found.distinct == 18 - 2 - 1 - 1 - 1
    assert found.clean() == {"public": CleanCount(3, 0, 1), "private": CleanCount(4, 1, 1)}
    assert found.clean()["private"].clean == 3
    assert [pictures.ids[i] for i in np.flatnonzero(found.copied)] == ["test/angry/PrivateTest_1.png"]
    assert {pictures.ids[i] for i in np.flatnonzero(found.nearly_copied)} == {
        "test/sad/PrivateTest_3.png",
        "test/angry/PublicTest_5.png",
    }
    assert [stems(pictures, group) for group in found.conflicts] == [{"Training_1", "Training_2", "PrivateTest_1"}]
    assert found.leaks == found.conflicts


def test_balance_counts_every_picture_once(pictures: AuditedPictures) -> None:
    balance = audit(pictures).balance()
    assert list(balance) == ["train", "public", "private"]
    assert balance["train"]["sad"] == 3
    assert balance["private"] == dict.fromkeys(pictures.classes, 0) | {"angry": 1, "happy": 2, "sad": 1}
    assert sum(sum(counts.values()) for counts in balance.values()) == 18


def test_the_document(pictures: AuditedPictures) -> None:
    document = json.loads(json.dumps(audit_document(audit(pictures))))
    assert (document["pictures"], document["distinct"]) == (18, 13)
    assert document["exact"] == {
        "groups": 4,
        "pictures": 9,
        "largest": 3,
        "conflicting_labels": 1,
        "straddling_train_and_other": 1,
        "straddling_any_two_parts": 2,
        "straddling_by_parts": {"public+private": 1, "train+private": 1},
    }
    assert (document["near"]["groups"], document["near"]["distinct_pictures"]) == (2, 4)
    assert document["near"]["conflicting_labels"] == 1
    assert document["clean"]["private"] == {
        "n": 4, "exact_copy_in_train": 1, "near_copy_in_train": 1, "n_clean": 3,
    }  # fmt: skip
    assert document["exact_groups"][1] == ["test/happy/PublicTest_2.png", "test/happy/PrivateTest_2.png"]
    assert set(document["not_looked_for"]) == {"text and cartoons", "mirrored, turned or cropped copies"}


@pytest.mark.parametrize("bits", [-1, 13])
def test_a_number_of_bits_out_of_range(pictures: AuditedPictures, bits: int) -> None:
    with pytest.raises(UsageError, match="Expected 0 to 12 of 64 bits"):
        audit(pictures, near_bits=bits)


def test_pictures_that_do_not_fit_together_are_refused(pictures: AuditedPictures) -> None:
    with pytest.raises(ValueError, match="expected distinct ids"):
        replace(pictures, ids=(pictures.ids[0], *pictures.ids[:-1]))
    with pytest.raises(ValueError, match="expected one or more pictures"):
        replace(pictures, images=pictures.images[:, :40])


def test_among_drawn_pictures_no_near_copies_are_looked_for(pictures: AuditedPictures) -> None:
    found = audit(replace(pictures, drawn=True))
    assert found.near == ()
    assert not found.nearly_copied.any()
    assert len(found.exact) == 4
    assert "near copies" in audit_document(found)["not_looked_for"]

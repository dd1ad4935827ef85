from __future__ import annotations

import pytest

from engine.live.matching import Candidate, affinity, appearance_of, match, overlap
from tests.live.made_live import SIDE, scene


def face(seed: int, x: float, y: float = 100.0, side: float = SIDE, unseen: float = 0.0) -> Candidate:
    looks = appearance_of(scene([(seed, 60, 60)]), 60, 60, SIDE, SIDE)
    return Candidate(x, y, side, side, looks, unseen)


def test_overlap_by_hand() -> None:
    assert overlap(face(1, 100), face(1, 100)) == 1.0
    assert overlap(face(1, 100), face(1, 124)) == pytest.approx(1 / 3)  # half of each in common
    assert overlap(face(1, 100), face(1, 148)) == 0.0


def test_the_best_of_all_assignments_not_the_greedy_one() -> None:
    # The first found lies nearer to known 0, but the second only 0 can reach: greedy would leave it without one.
    known, found = [face(1, 100), face(1, 118)], [face(1, 107), face(1, 82)]
    assert affinity(known[0], found[0]) > affinity(known[0], found[1]) > 0.0
    assert affinity(known[1], found[1]) == 0.0
    assert sorted(match(known, found)) == [(0, 1), (1, 0)]


def test_where_two_cross_the_looks_decide() -> None:
    # Each is expected a little nearer to the other's place than to its own.
    known, found = [face(1, 102), face(2, 98)], [face(1, 98), face(2, 102)]
    assert sorted(match(known, found)) == [(0, 0), (1, 1)]


def test_a_face_out_of_sight_may_be_farther_off_but_must_look_alike() -> None:
    assert affinity(face(1, 100), face(1, 140)) == 0.0
    assert affinity(face(1, 100, unseen=0.5), face(1, 140)) > 0.5
    assert affinity(face(1, 100, unseen=0.5), face(2, 140)) == 0.0
    assert affinity(face(1, 100, unseen=9.0), face(1, 100 + 2.5 * SIDE)) == 0.0


def test_no_face_doubles_its_size_in_a_moment() -> None:
    assert affinity(face(1, 100), face(1, 100, side=1.5 * SIDE)) > 0.0
    assert affinity(face(1, 100), face(1, 100, side=2.0 * SIDE)) == 0.0


def test_nothing_to_match() -> None:
    assert match([], [face(1, 5)]) == match([face(1, 5)], []) == ()
    assert match([face(1, 100)], [face(1, 300)]) == ()

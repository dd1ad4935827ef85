from __future__ import annotations

import pytest

from engine.live.tracking import COAST_SECONDS, GAP_SECONDS, FaceTracker
from engine.records import FaceBox
from tests.live.made_live import SIDE, box, scene

STEP = 1 / 30


def step(tracker: FaceTracker, index: int, *faces: tuple[int, float, float], find: bool | None = None) -> None:
    """One picture; every fourth, or where told, the detector finds all of its faces."""
    picture = scene(faces)
    tracker.follow(picture, index * STEP)
    if index % 4 == 0 if find is None else find:
        tracker.update([box(left, top) for _, left, top in faces], picture, index * STEP)


def test_a_face_is_followed_with_no_detection() -> None:
    tracker = FaceTracker()
    for index in range(12):
        step(tracker, index, (1, 60 + 4 * index, 80 + index), find=index == 0)
    (face,) = tracker.shown()
    assert (face.track, face.seen) == (1, True)
    assert face.left == pytest.approx(60 + 44, abs=2)
    assert face.top == pytest.approx(80 + 11, abs=2)
    assert face.first_seconds == 0.0


def test_faces_that_cross_keep_their_numbers() -> None:
    tracker = FaceTracker()
    # 1 goes right behind 2, which goes left; the detector sees the nearer one alone while they overlap much.
    for index in range(61):
        behind, front = 40 + 3 * index, 220 - 3 * index
        faces = [(1, behind, 80), (2, front, 84)]
        picture = scene(faces)
        tracker.follow(picture, index * STEP)
        if index % 4 == 0:
            seen = faces if abs(behind - front) > 0.6 * SIDE else faces[1:]
            tracker.update([box(left, top) for _, left, top in seen], picture, index * STEP)
    places = {face.track: face.left for face in tracker.shown()}
    assert places == {1: pytest.approx(220, abs=4), 2: pytest.approx(40, abs=4)}


def test_a_hidden_face_is_not_carried_off_by_the_one_in_front() -> None:
    tracker = FaceTracker()
    step(tracker, 0, (1, 100, 80), (2, 200, 80), find=True)
    for index in range(1, 12):
        step(tracker, index, (1, 100, 80), (2, 200 - 10 * index, 80), find=index == 1)  # in the end almost on top of 1
    one, two = tracker.shown()
    assert two.seen
    assert two.left == pytest.approx(90, abs=4)
    assert not one.seen
    assert one.left == pytest.approx(100, abs=6)


def test_a_short_gap_is_survived_and_a_long_one_not() -> None:
    for gap, number in ((0.6 * GAP_SECONDS, 1), (GAP_SECONDS + 0.2, 2)):
        tracker = FaceTracker()
        for index in range(9):
            step(tracker, index, (1, 100, 80))
        away = round(gap / STEP)
        for index in range(9, 9 + away):
            step(tracker, index)
        step(tracker, 9 + away, (1, 112, 84), find=True)
        assert [face.track for face in tracker.shown()] == [number]


def test_a_face_out_of_sight_is_shown_for_a_moment_only() -> None:
    tracker = FaceTracker()
    for index in range(9):
        step(tracker, index, (1, 100, 80))
    step(tracker, 9)
    assert tracker.lost
    assert [face.seen for face in tracker.shown()] == [False]
    step(tracker, 10, find=False)
    assert not tracker.lost  # it is lost once
    for index in range(11, 12 + round(COAST_SECONDS / STEP)):
        step(tracker, index, find=False)
    assert tracker.shown() == ()
    assert tracker.known == {1}
    assert tracker.uncertain


def test_what_was_found_once_and_not_again_is_dropped() -> None:
    tracker = FaceTracker()
    picture = scene([(1, 100, 80)])
    tracker.follow(picture, 0.0)
    tracker.update([box(100, 80), box(220, 150)], picture, 0.0)
    assert [face.track for face in tracker.shown()] == [1, 2]
    assert tracker.uncertain
    for index in range(1, 3):
        step(tracker, index, (1, 100, 80), find=True)
    assert [face.track for face in tracker.shown()] == [1]
    assert not tracker.uncertain


def test_numbers_are_never_used_again() -> None:
    tracker = FaceTracker()
    step(tracker, 0, (1, 100, 80))
    tracker.forget()
    assert tracker.shown() == ()
    step(tracker, 4, (1, 100, 80))
    assert [face.track for face in tracker.shown()] == [2]


def test_no_more_faces_than_the_limit() -> None:
    tracker = FaceTracker(largest_number_of_faces=2)
    step(tracker, 0, (1, 20, 20), (2, 120, 20), (3, 220, 20))
    assert len(tracker.shown()) == 2


def test_two_boxes_on_one_face_make_one_track() -> None:
    tracker = FaceTracker()
    picture = scene([(1, 100, 80)])
    for index in range(3):
        tracker.follow(picture, index * STEP)
        tracker.update([box(100, 80), FaceBox(104, 83, SIDE, SIDE)], picture, index * STEP)
    assert len(tracker.shown()) == 1


def test_a_size_that_jitters_is_evened_out() -> None:
    tracker = FaceTracker()
    picture = scene([(1, 100, 80)])
    widths = []
    for index in range(30):
        tracker.follow(picture, index * STEP)
        side = SIDE * (1.1 if index % 2 else 0.9)
        tracker.update([box(124 - side / 2, 104 - side / 2, side)], picture, index * STEP)
        widths.append(tracker.shown()[0].width)
    assert max(widths[10:]) / min(widths[10:]) < 1.12  # the boxes differ by 1.22


def test_what_slides_over_a_face_does_not_take_its_place() -> None:
    tracker = FaceTracker()
    for index in range(33):  # it covers the face at 30, and no detector knows of it
        picture = scene([(1, 100, 80), (2, 40 + 2 * min(index, 30), 80)])
        tracker.follow(picture, index * STEP)
        if index < 2:
            tracker.update([box(100, 80)], picture, index * STEP)
    assert not any(face.seen for face in tracker.shown())


def test_a_hidden_face_goes_on_as_it_went() -> None:
    tracker = FaceTracker()
    for index in range(16):
        step(tracker, index, (1, 40 + 5 * index, 80))
    for index in range(16, 22):
        step(tracker, index, find=False)
    (face,) = tracker.shown()
    assert not face.seen
    assert face.left == pytest.approx(40 + 5 * 21, abs=8)

from __future__ import annotations

from engine.live.pipeline import DetectionSchedule


def turns(
    schedule: DetectionSchedule,
    frames: int,
    *,
    lost: frozenset[int] = frozenset(),
    uncertain: bool = False,
    step: float = 0.03,
) -> list[int]:
    return [index for index in range(frames) if schedule.due(index * step, lost=index in lost, uncertain=uncertain)]


def test_the_first_frame_and_then_every_so_often() -> None:
    assert turns(DetectionSchedule(8), 20) == [0, 8, 16]
    assert turns(DetectionSchedule(1), 4) == [0, 1, 2, 3]


def test_twice_as_often_while_something_is_uncertain() -> None:
    assert turns(DetectionSchedule(8), 10, uncertain=True) == [0, 4, 8]


def test_at_once_where_a_face_is_lost_but_not_in_each_frame() -> None:
    assert turns(DetectionSchedule(8), 14, lost=frozenset({3})) == [0, 3, 11]
    assert turns(DetectionSchedule(8), 7, lost=frozenset(range(1, 7))) == [0, 2, 4, 6]


def test_slow_frames_are_not_left_alone_for_seconds() -> None:
    assert turns(DetectionSchedule(8), 7, step=0.25) == [0, 2, 4, 6]
    schedule = DetectionSchedule(8)
    assert schedule.due(100.0, lost=False, uncertain=False)
    assert schedule.due(3.0, lost=False, uncertain=False)  # a clock set back is no reason to wait

from __future__ import annotations

import numpy as np
import pytest

from engine.benchmarks.scripted_film import TrueFace
from engine.benchmarks.tracking_metrics import overlap_of, score_tracking
from engine.live.frame import LiveFace, LiveFrame, ModelReading, StageSeconds
from engine.records import FaceBox, Float32

CLASSES = ("happy", "sad")
LEFT, RIGHT = FaceBox(0, 0, 100, 100), FaceBox(300, 0, 100, 100)


def p(label: str) -> Float32:
    return np.array([0.9, 0.1] if label == "happy" else [0.1, 0.9], dtype=np.float32)


def face(
    track: int, box: FaceBox = LEFT, *, raw: str = "happy", smooth: str = "happy", label: str = "happy"
) -> LiveFace:
    return LiveFace(track, box, True, 0.0, (ModelReading("m", CLASSES, p(raw), p(smooth), label),))


def true(person: int, box: FaceBox = LEFT, emotion: str = "happy", visible: float = 1.0) -> TrueFace:
    return TrueFace(person, box, emotion, visible)


def frames(*shown: tuple[LiveFace, ...], seconds: float = 1.0) -> list[LiveFrame]:
    """One frame a second unless told otherwise."""
    return [
        LiveFrame(index, index * seconds, 640, 480, faces, False, "none", "", StageSeconds())
        for index, faces in enumerate(shown)
    ]


def test_overlap_by_hand() -> None:
    assert overlap_of(LEFT, LEFT) == 1.0
    assert overlap_of(LEFT, FaceBox(50, 0, 100, 100)) == pytest.approx(1 / 3)
    assert overlap_of(LEFT, RIGHT) == 0.0


def test_a_perfect_film() -> None:
    report = score_tracking([[true(7), true(8, RIGHT)]] * 3, frames(*[(face(1), face(2, RIGHT))] * 3))
    assert (report.frames, report.true_faces, report.found, report.coverage) == (3, 6, 6, 1.0)
    assert (report.identity_switches, report.false_boxes, report.mean_overlap) == (0, 0, 1.0)
    assert (report.people, report.tracks) == (2, 2)
    assert report.shown.agreement == 1.0
    assert report.raw.flips_per_minute == report.true_changes_per_minute == 0.0


def test_two_that_swap_their_numbers_are_two_switches() -> None:
    shown = frames((face(1), face(2, RIGHT)), (face(1, RIGHT), face(2)), (face(1, RIGHT), face(2)))
    assert score_tracking([[true(7), true(8, RIGHT)]] * 3, shown).identity_switches == 2


def test_a_new_number_after_a_gap_is_a_switch_and_the_same_one_is_none() -> None:
    truths = [[true(7)]] * 3
    back = score_tracking(truths, frames((face(1),), (), (face(1),)))
    new = score_tracking(truths, frames((face(1),), (), (face(5),)))
    assert (back.identity_switches, new.identity_switches) == (0, 1)
    assert back.coverage == pytest.approx(2 / 3)


def test_a_pair_is_kept_while_it_still_overlaps() -> None:
    # Another box comes closer than the one that has followed the face so far: no switch, and it is a false box.
    near = FaceBox(10, 0, 100, 100)
    report = score_tracking([[true(7)]] * 2, frames((face(1),), (face(1, near), face(2, LEFT))))
    assert (report.identity_switches, report.false_boxes) == (0, 1)


def test_a_box_on_nothing_is_false_and_one_on_a_hidden_face_is_left_out() -> None:
    hidden = true(7, visible=0.3)
    report = score_tracking([[hidden]], frames((face(1), face(2, RIGHT))))
    assert (report.true_faces, report.found, report.false_boxes) == (0, 0, 1)
    assert report.coverage == 0.0


def test_flips_a_minute_by_hand() -> None:
    # Five frames, one a second: a twelfth of a minute. Four raw changes, two smoothed, one shown; one is true.
    raw = ("happy", "sad", "happy", "sad", "happy")
    smooth = ("happy", "happy", "sad", "sad", "happy")
    label = ("happy", "happy", "happy", "sad", "sad")
    emotion = ("happy", "happy", "sad", "sad", "sad")
    shown = frames(*((face(1, raw=r, smooth=s, label=t),) for r, s, t in zip(raw, smooth, label, strict=True)))
    report = score_tracking([[true(7, emotion=e)] for e in emotion], shown)
    assert report.true_changes_per_minute == pytest.approx(12.0)
    assert report.raw.flips_per_minute == pytest.approx(48.0)
    assert report.smoothed.flips_per_minute == pytest.approx(24.0)
    assert report.shown.flips_per_minute == pytest.approx(12.0)
    assert report.raw.agreement == pytest.approx(2 / 5)
    assert report.smoothed.agreement == pytest.approx(4 / 5)
    assert report.shown.agreement == pytest.approx(4 / 5)
    assert report.as_dict()["labels"]["raw"] == {"flips_per_minute": 48.0, "agreement": 0.4}


def test_a_minute_is_a_minute_of_a_face() -> None:
    one = score_tracking([[true(7)]] * 2, frames((face(1, raw="happy"),), (face(1, raw="sad"),)))
    two = score_tracking(
        [[true(7), true(8, RIGHT)]] * 2,
        frames((face(1, raw="happy"), face(2, RIGHT)), (face(1, raw="sad"), face(2, RIGHT))),
    )
    assert two.raw.flips_per_minute == pytest.approx(one.raw.flips_per_minute / 2)


def test_films_that_do_not_fit_are_refused() -> None:
    for truths, shown in (([], []), ([[true(7)]], frames((), ()))):
        with pytest.raises(ValueError, match="as many true frames"):
            score_tracking(truths, shown)

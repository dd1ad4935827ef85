from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.benchmarks.scripted_film import SCRIPTS, Actor, Place, Script, ScriptedFilm
from engine.labels import EMOTIONS
from engine.media.faces import HaarDetector
from tests.benchmarks.made_films import ONE, TWO


@pytest.fixture(scope="module")
def one() -> ScriptedFilm:
    return ScriptedFilm(ONE)


@pytest.fixture(scope="module")
def two() -> ScriptedFilm:
    return ScriptedFilm(TWO)


def test_equal_scripts_give_equal_frames(one: ScriptedFilm) -> None:
    again = ScriptedFilm(ONE)
    assert len(one) == len(again) == 20
    for index in (0, 7):
        assert np.array_equal(one.frame(index), again.frame(index))
        assert one.truth(index) == again.truth(index)
    assert one.frame(0).shape == (240, 320, 3)
    assert one.frame(0).dtype == np.uint8
    assert not np.array_equal(one.frame(0), one.frame(1))


def test_the_detector_finds_the_face_where_the_truth_says(one: ScriptedFilm) -> None:
    detector = HaarDetector()
    for index in (0, 18):
        (box,) = detector.detect(one.frame(index))
        (true,) = one.truth(index)
        assert box.x + box.width / 2 == pytest.approx(true.box.x + true.box.width / 2, abs=0.12 * true.box.width)
        assert box.y + box.height / 2 == pytest.approx(true.box.y + true.box.height / 2, abs=0.15 * true.box.width)
        assert box.width == pytest.approx(true.box.width, rel=0.3)


def test_a_face_moves_and_grows_as_its_places_say(one: ScriptedFilm) -> None:
    boxes = [one.truth(index)[0].box for index in range(20)]
    assert boxes[19].width > 1.1 * boxes[0].width
    assert boxes[19].x + boxes[19].width / 2 > boxes[0].x + boxes[0].width / 2 + 30
    steps = np.diff([box.x + box.width / 2 for box in boxes])
    assert np.abs(steps).max() < 12  # no jumps


def test_the_expression_changes_when_its_time_comes(one: ScriptedFilm) -> None:
    labels = [one.truth(index)[0].emotion for index in range(20)]
    assert labels == ["happy"] * 10 + ["surprise"] * 10
    # Half-way through the change the picture is between the two.
    (true,) = one.truth(10)
    assert true.emotion == "surprise"


def test_the_nearer_face_covers_the_other(two: ScriptedFilm) -> None:
    apart, over = two.truth(0), two.truth(10)
    assert [face.person for face in apart] == [6, 9]
    assert [face.visible for face in apart] == [1.0, 1.0]
    assert over[0].visible < 0.5
    assert over[1].visible == 1.0


def test_a_face_that_is_away_is_not_there() -> None:
    gone = replace(TWO.actors[1], away=((0.5, 1.0),))
    film = ScriptedFilm(replace(TWO, actors=(gone,), frames_per_second=4.0, seconds=1.5))
    assert [len(film.truth(index)) for index in range(6)] == [1, 1, 0, 0, 1, 1]
    assert film.frame(2).std() < film.frame(1).std()


def test_a_face_partly_outside_is_partly_visible() -> None:
    actor = Actor(6, (Place(0, 0, 120, 120),), ((0.0, "neutral"),), sway=0.0)
    (face,) = ScriptedFilm(Script("edge", (actor,), 1.0, 320, 240)).truth(0)
    assert 0.3 < face.visible < 0.7


def test_the_benchmark_films_are_what_they_are_said_to_be() -> None:
    assert [len(SCRIPTS[name].actors) for name in ("one", "four", "crossing")] == [1, 4, 2]
    for script in SCRIPTS.values():
        assert (script.width, script.height, script.frames_per_second) == (640, 480, 30.0)
        assert len({actor.person for actor in script.actors}) == len(script.actors)
        for actor in script.actors:
            assert actor.moods[0][0] == 0.0
            assert {mood for _, mood in actor.moods} <= set(EMOTIONS)
            assert [place.seconds for place in actor.places] == sorted(place.seconds for place in actor.places)

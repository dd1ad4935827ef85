from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.benchmarks.endurance import Gauges
from engine.benchmarks.live import WARM_UP_FRAMES, live_benchmark, live_endurance
from engine.benchmarks.scripted_film import Script, ScriptedFilm, recast
from engine.errors import UnknownNameError, UsageError
from engine.live.pipeline import LiveSettings
from engine.predictor import EmotionPredictor
from tests.benchmarks.made_films import ONE, TWO


@pytest.fixture
def predictor(checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> EmotionPredictor:
    short = replace(TWO, seconds=2.0)
    monkeypatch.setattr("engine.benchmarks.live.SCRIPTS", {"one": ONE, "crossing": short})
    return EmotionPredictor("cbam")


def test_the_document(predictor: EmotionPredictor) -> None:
    told: list[tuple[str, int, int]] = []
    document = live_benchmark(
        predictor,
        settings=LiveSettings(overlay="gate", detect_every=4),
        films=("one", "crossing"),
        progress=lambda *at: told.append(at),
    )
    assert (document["benchmark"], document["model"], document["overlay"]) == ("live", "cbam", "gate")
    one, crossing = document["films"]["one"], document["films"]["crossing"]
    assert (one["faces"], crossing["faces"]) == (1, 2)
    assert one["frames_timed"] == 20 - WARM_UP_FRAMES
    stages = one["milliseconds"]
    assert list(stages) == ["reduce", "detect", "track", "classify", "smooth", "draw", "encode", "total"]
    assert all(0.0 <= cell["median"] <= cell["p95"] for cell in stages.values())
    assert stages["total"]["p95"] >= max(cell["median"] for cell in stages.values())
    assert (one["limit_ms"], one["within_limit"]) == (33.0, stages["total"]["p95"] <= 33.0)
    assert (crossing["limit_ms"], crossing["within_limit"]) == (None, None)
    assert one["detections"] >= 5
    assert one["tracking"]["coverage"] > 0.9
    assert one["tracking"]["identity_switches"] == crossing["tracking"]["identity_switches"] == 0
    assert crossing["tracking"]["tracks"] == crossing["tracking"]["people"] == 2
    assert told[-1] == ("crossing", 20, 20)


def test_wrong_use(predictor: EmotionPredictor) -> None:
    for films, seconds, error, says in (
        (("two",), None, UnknownNameError, "Unknown film 'two'; valid: one, crossing"),
        ((), None, UsageError, "one film or more"),
        (("one",), 0.5, UsageError, "1 second of film or more"),
    ):
        with pytest.raises(error, match=says):
            live_benchmark(predictor, settings=LiveSettings(), films=films, seconds=seconds)


def test_a_seed_recasts_the_films(predictor: EmotionPredictor, monkeypatch: pytest.MonkeyPatch) -> None:
    filmed: list[Script] = []

    def measure(_: object, film: ScriptedFilm, *__: object) -> dict[str, int]:
        filmed.append(film.script)
        return {}

    monkeypatch.setattr("engine.benchmarks.live._measure", measure)
    documents = [
        live_benchmark(predictor, settings=LiveSettings(), films=("one",), seed=seed, seconds=1.0) for seed in (0, 3)
    ]
    assert [document["seed"] for document in documents] == [0, 3]
    assert filmed == [replace(ONE, seconds=1.0), replace(recast(ONE, 3), seconds=1.0)]


def test_a_film_is_repeated_and_its_memory_read(predictor: EmotionPredictor) -> None:
    now, told = [0.0], []

    def clock() -> float:
        now[0] += 0.5
        return now[0]

    document = live_endurance(
        predictor,
        settings=LiveSettings(overlay="none"),
        minutes=2.0,
        at_camera_pace=False,
        gauges=Gauges(clock, memory_mib=lambda: 100.0 + now[0]),
        progress=lambda *at: told.append(at),
    )
    one = document["films"]["one"]
    assert (document["minutes"], one["faces"], one["frames_per_second"], one["dropped"]) == (2.0, 1, None, 0)
    # Each reading of the clock adds half a second, one a frame; the film has 20 frames.
    assert one["frames"] == 239
    assert [minute["frames"] for minute in one["minutes"]] == [119, 120]
    assert one["memory_growth_mib"] == pytest.approx(60.0, abs=1.0)
    assert one["memory_mib_slope"]["per_minute"] == pytest.approx(60.0, abs=1.0)
    assert one["milliseconds_slope"]["windows"] == 60
    assert told[-1][0] == "one"
    assert told[-1][2] == 120


def test_endurance_needs_two_minutes_and_a_film(predictor: EmotionPredictor) -> None:
    for minutes, films, error in ((1.0, ("one",), UsageError), (2.0, ("two",), UnknownNameError)):
        with pytest.raises(error):
            live_endurance(predictor, settings=LiveSettings(), minutes=minutes, films=films)

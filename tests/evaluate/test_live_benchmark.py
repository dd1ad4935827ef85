from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import UnknownNameError, UsageError
from engine.evaluate.live_benchmark import WARM_UP_FRAMES, live_benchmark
from engine.inference.live import LiveSettings
from engine.inference.predictor import EmotionPredictor
from tests.evaluate.made_films import ONE, TWO


@pytest.fixture
def predictor(checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> EmotionPredictor:
    short = replace(TWO, seconds=2.0)
    monkeypatch.setattr("engine.evaluate.live_benchmark.SCRIPTS", {"one": ONE, "crossing": short})
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

"""How long the live pipeline takes for a frame, and how well it tracks, on films of built-in faces.

The clock runs over what a viewer waits for: finding, following and reading the faces, drawing, and encoding the JPEG.
Making the film's frames is not timed, nor are the first frames, in which libraries still set themselves up.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import cv2
import numpy as np

from engine.benchmarks.endurance import IS_PEAK, Gauges, endurance_report, run_for
from engine.benchmarks.scripted_film import SCRIPTS, ScriptedFilm, TrueFace, recast
from engine.benchmarks.tracking_metrics import score_tracking
from engine.errors import UnknownNameError, UsageError
from engine.live.annotate import annotate
from engine.live.frame import LiveFrame
from engine.live.pipeline import LivePipeline, LiveSettings
from engine.predictor import EmotionPredictor
from engine.records import UInt8

LIMIT_MS: Final[dict[str, float]] = {"one": 33.0, "four": 50.0}
"""What a frame's 95th percentile shall stay under at 640x480 on two cores, with one face and with four."""
WARM_UP_FRAMES: Final = 16
JPEG_QUALITY: Final = 80


def live_benchmark(
    predictor: EmotionPredictor,
    *,
    settings: LiveSettings,
    films: Sequence[str] = tuple(SCRIPTS),
    seconds: float | None = None,
    seed: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
) -> dict[str, Any]:
    """Run each film through a pipeline of its own and return a JSON-ready document.

    Args:
        predictor: the model.
        settings: of the pipelines; what the overlay costs is part of the time.
        films: keys of SCRIPTS.
        seconds: only so much of each film; None for all of it.
        seed: see :func:`engine.benchmarks.scripted_film.recast`.
        progress: called with the film's name, the frames done and those to do.

    Raises:
        UnknownNameError: no such film.
        UsageError: the part of the film is too short to measure.
    """
    _check_films(films)
    if seconds is not None and not seconds >= 1.0:
        raise UsageError(f"Expected 1 second of film or more, got {seconds}; choose a longer part.")
    measured = {}
    for name in films:
        script = recast(SCRIPTS[name], seed)
        shortened = script if seconds is None else replace(script, seconds=min(seconds, script.seconds))
        measured[name] = _measure(
            predictor, ScriptedFilm(shortened), settings, None if progress is None else _named(progress, name)
        )
    return {**_head(predictor, settings), "seed": seed, "films": measured}


def live_endurance(
    predictor: EmotionPredictor,
    *,
    settings: LiveSettings,
    minutes: float,
    films: Sequence[str] = ("one",),
    at_camera_pace: bool = True,
    progress: Callable[[str, int, int], None] | None = None,
    gauges: Gauges | None = None,
) -> dict[str, Any]:
    """Repeat each film for so many minutes and return how time and memory change, JSON-ready.

    What a frame takes is counted as in :func:`live_benchmark`; making it is not, but shares the machine, so that on
    few cores more frames are dropped than with a camera.

    Args:
        predictor: the model.
        settings: of the pipelines.
        minutes: for each film, 2 or more.
        films: keys of SCRIPTS.
        at_camera_pace: at the film's own rate, leaving out frames as a camera's viewer does; else as fast as it goes.
        progress: called with the film's name, the seconds that have passed and those to come to.
        gauges: clock, sleep and memory; None for the machine's own.

    Raises:
        UnknownNameError: no such film.
        UsageError: the time is too short.
    """
    _check_films(films)
    measured = {}
    for name in films:
        script = SCRIPTS[name]
        samples = run_for(
            _repeating(LivePipeline(predictor, predictor.live_detector, settings=settings), ScriptedFilm(script)),
            minutes=minutes,
            frames_per_second=script.frames_per_second if at_camera_pace else None,
            gauges=gauges,
            progress=None if progress is None else _whole_seconds(_named(progress, name), minutes),
        )
        measured[name] = {
            "width": script.width,
            "height": script.height,
            "faces": len(script.actors),
            "frames_per_second": script.frames_per_second if at_camera_pace else None,
            **endurance_report(samples, window_seconds=script.seconds).as_dict(),
        }
    return {
        **_head(predictor, settings),
        "minutes": minutes,
        "memory": "largest resident so far" if IS_PEAK else "resident",
        "films": measured,
    }


def _head(predictor: EmotionPredictor, settings: LiveSettings) -> dict[str, Any]:
    return {
        "benchmark": "live",
        "model": predictor.card.name,
        "overlay": settings.overlay,
        "detect_every": settings.detect_every,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
    }


def _check_films(films: Sequence[str]) -> None:
    if not films:
        raise UsageError(f"Expected one film or more, got none; choose among {', '.join(SCRIPTS)}.")
    for name in films:
        if name not in SCRIPTS:
            raise UnknownNameError("film", name, SCRIPTS)


def _named(progress: Callable[[str, int, int], None], name: str) -> Callable[[int, int], None]:
    return lambda done, total: progress(name, done, total)


def _whole_seconds(progress: Callable[[int, int], None], minutes: float) -> Callable[[float], None]:
    return lambda passed: progress(int(passed), round(60 * minutes))


def _repeating(pipeline: LivePipeline, film: ScriptedFilm) -> Callable[[int], float]:
    """Return what takes frame ``index`` of the film, which begins anew at its end, and says its milliseconds."""

    def step(index: int) -> float:
        _, parts = _work(pipeline, film.frame(index % len(film)), film.seconds_of(index))
        return 1000.0 * parts["total"]

    return step


def _work(pipeline: LivePipeline, picture: UInt8, seconds: float) -> tuple[LiveFrame, dict[str, float]]:
    """Find, follow, read, draw and encode one frame; return what was found, and the seconds that each stage took."""
    began = time.perf_counter()
    live = pipeline.process(picture, seconds)
    processed = time.perf_counter()
    drawn = annotate(picture, live, frames_per_second=30.0)
    annotated = time.perf_counter()
    cv2.imencode(".jpg", cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    encoded = time.perf_counter()
    parts = {name: value for name, value in live.timings.as_dict().items() if name != "total"}
    return live, parts | {"draw": annotated - processed, "encode": encoded - annotated, "total": encoded - began}


def _measure(
    predictor: EmotionPredictor,
    film: ScriptedFilm,
    settings: LiveSettings,
    progress: Callable[[int, int], None] | None,
) -> dict[str, Any]:
    """Return a film's times and tracking."""
    pipeline = LivePipeline(predictor, predictor.live_detector, settings=settings)
    shown: list[LiveFrame] = []
    truths: list[tuple[TrueFace, ...]] = []
    stages: list[dict[str, float]] = []
    for seconds, picture, truth in film.frames():
        live, parts = _work(pipeline, picture, seconds)
        shown.append(live)
        truths.append(truth)
        stages.append(parts)
        if progress is not None:
            progress(len(shown), len(film))
    counted = stages[WARM_UP_FRAMES:]
    times = {name: _times([1000.0 * parts[name] for parts in counted]) for name in counted[0]}
    limit = LIMIT_MS.get(film.script.name)
    return {
        "width": film.script.width,
        "height": film.script.height,
        "faces": len(film.script.actors),
        "frames_timed": len(counted),
        "detections": sum(live.detected for live in shown),
        "milliseconds": times,
        "frames_per_second": round(1000.0 / max(1e-6, float(np.mean([1000.0 * p["total"] for p in counted]))), 1),
        "limit_ms": limit,
        "within_limit": None if limit is None else times["total"]["p95"] <= limit,
        "tracking": score_tracking(truths, shown).as_dict(),
    }


def _times(values: Sequence[float]) -> dict[str, float]:
    median, high = np.percentile(values, [50, 95])
    return {"median": round(float(median), 2), "p95": round(float(high), 2)}

"""How long one edit of a face takes until probabilities, gates and Grad-CAM are there: what the What if page waits for.

The clock runs over what the page computes anew for an edit: the edit itself on the picture that the model takes, then
one forward and one backward pass that give the answer, every gate and Grad-CAM. The table of regions, which the page
computes anew only where the fill or the face changes, is timed apart. Finding the face and drawing are not timed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from engine.data.drawn import synthetic_face, synthetic_id
from engine.edit.apply import apply_edit
from engine.edit.edit import SPANS, STEPS, Edit, Stroke
from engine.edit.fills import FILLS
from engine.edit.region_effects import region_effects
from engine.edit.regions import FaceRegions, dataset_parts, template_parts
from engine.errors import UsageError
from engine.media.pictures import PictureSource, open_picture
from engine.predictor import EmotionPredictor
from engine.records import UInt8
from engine.synthetic.face import SIZES

LIMIT_MS: Final = 300.0
"""What the 95th percentile of an edit shall stay under on two cores."""
BUILT_IN: Final = "built-in face"
WARM_UP: Final = 3
"""Edits that are not timed: libraries still set themselves up in them."""

Progress = Callable[[str, int, int], None]
"""Called with (the picture's name, edits done, edits wanted)."""


@dataclass(frozen=True, eq=False)
class _Subject:
    """A face to edit, as the model takes it, and a second one to swap regions from."""

    pixels: UInt8
    regions: FaceRegions
    second: UInt8
    second_regions: FaceRegions


def _some(names: tuple[str, ...], rng: np.random.Generator) -> tuple[str, ...]:
    count = int(rng.integers(1, min(3, len(names)) + 1))
    return tuple(str(name) for name in rng.choice(names, size=count, replace=False))


def _brush(_subject: _Subject, rng: np.random.Generator) -> Edit:
    points = tuple((int(x), int(y)) for x, y in rng.integers(0, STEPS, size=(12, 2)))
    return Edit(strokes=(Stroke(points, 24),), fill=str(rng.choice(list(FILLS))))


def _sliders(_subject: _Subject, rng: np.random.Generator) -> Edit:
    # A step away from neutral at least, so that every operation runs.
    values: dict[str, Any] = {
        name: int(rng.choice([value for value in range(span.low, span.high + 1) if value != span.neutral]))
        for name, span in SPANS.items()
    }
    return replace(Edit(), **values)


EDITS: Final[dict[str, Callable[[_Subject, np.random.Generator], Edit]]] = {
    "brush, any fill": _brush,
    **{
        f"regions hidden, {fill}": lambda subject, rng, fill=fill: Edit(  # type: ignore[misc]
            hidden=_some(subject.regions.present, rng), fill=fill
        )
        for fill in FILLS
    },
    "regions swapped": lambda subject, rng: Edit(swapped=_some(subject.regions.present, rng)),
    "all sliders": _sliders,
}
"""The kinds of edit, each drawn anew every time."""


def _times(seconds: list[float]) -> dict[str, float | int]:
    p50, p95 = np.percentile(1000.0 * np.array(seconds), (50, 95))
    return {"p50_ms": round(float(p50), 3), "p95_ms": round(float(p95), 3), "n": len(seconds)}


def _built_in(index: int, predictor: EmotionPredictor) -> tuple[UInt8, FaceRegions]:
    spec = predictor.card.input
    face_id = synthetic_id("test", index)
    drawn = synthetic_face(face_id, int(np.clip(spec.size, *SIZES)), spec.channels).image
    return predictor.model_input(drawn), dataset_parts(face_id, spec.size)


def _subjects(predictor: EmotionPredictor, pictures: dict[str, PictureSource]) -> dict[str, _Subject]:
    first, second = _built_in(0, predictor), _built_in(1, predictor)
    found = {BUILT_IN: _Subject(*first, *second)}
    template = template_parts(predictor.card.input.size)
    for name, source in pictures.items():
        _, crop = predictor.faces(open_picture(source, name=name))[0]
        found[name] = _Subject(predictor.model_input(crop), template, *second)
    return found


def _measure(
    predictor: EmotionPredictor, subject: _Subject, repeats: int, seed: int, tick: Callable[[], None]
) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    kinds: dict[str, list[float]] = {name: [] for name in EDITS}
    editing: list[float] = []

    def one(kind: str, *, timed: bool) -> None:
        edit = EDITS[kind](subject, rng)
        began = time.perf_counter()
        pixels = apply_edit(
            subject.pixels, edit, subject.regions, second=subject.second, second_regions=subject.second_regions
        )
        edited = time.perf_counter()
        predictor.explain_crop(pixels)
        if timed:
            kinds[kind].append(time.perf_counter() - began)
            editing.append(edited - began)
            tick()

    for _ in range(WARM_UP):
        one(next(iter(EDITS)), timed=False)
    for _ in range(repeats):
        for kind in EDITS:
            one(kind, timed=True)
    table = {}
    for fill in FILLS:
        seconds = []
        for _ in range(max(1, repeats // 3)):
            began = time.perf_counter()
            region_effects(
                predictor.model,
                subject.pixels,
                subject.regions,
                spec=predictor.card.input,
                classes=predictor.classes,
                fill=fill,
            )
            seconds.append(time.perf_counter() - began)
        table[fill] = _times(seconds)
    together = _times([seconds for each in kinds.values() for seconds in each])
    return {
        "edit": together,
        "within_limit": together["p95_ms"] <= LIMIT_MS,
        "of_which_editing": _times(editing),
        "kinds": {name: _times(seconds) for name, seconds in kinds.items()},
        "region_table": table,
    }


def what_if_benchmark(
    predictor: EmotionPredictor,
    pictures: dict[str, PictureSource],
    *,
    repeats: int,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Time edits of a built-in face and of the largest face of each picture; return a JSON-ready document.

    Args:
        predictor: the model.
        pictures: name → picture, for example photographs.
        repeats: edits of each kind, 1 or more.
        seed: of the edits.
        progress: see Progress.

    Raises:
        UsageError: no repeat is asked for.
        PictureError: a picture cannot be read.
    """
    if repeats < 1:
        raise UsageError(f"Expected 1 repeat or more, got {repeats}; choose another number.")
    measured = {}
    for name, subject in _subjects(predictor, pictures).items():
        done = 0

        def tick(name: str = name) -> None:
            nonlocal done
            done += 1
            if progress is not None:
                progress(name, done, repeats * len(EDITS))

        measured[name] = _measure(predictor, subject, repeats, seed, tick)
    return {
        "benchmark": "what-if",
        "model": predictor.card.name,
        "input": f"{predictor.card.input.size} x {predictor.card.input.size} x {predictor.card.input.channels}",
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "repeats": repeats,
        "limit_ms": LIMIT_MS,
        "pictures": measured,
    }

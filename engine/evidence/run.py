"""The planted-evidence benchmark: does each explanation, and each gate, point to where the evidence is known to be?

Every method asked for explains the model's own answer (the predicted class), at every explained layer where it needs
one; what cannot explain this model is named with the reason and left out. A spatial gate has no class
and is judged as it is. For a wrong answer the evidence is still that of what the face shows: a map on it says that the
model looked at the right place and misread it. Rightly and wrongly answered pictures differ in their expressions,
and so in how much evidence they have: compare each group with its own references rather than with the other group.

Methods differ a hundredfold in cost, so each may stop after a number of faces of its own; it is then compared with the
references over exactly these. What was read of single faces is kept, so that a run can go on where another ended, with
more faces or more methods.

A figure says something about model and method together: a map off the evidence may be a bad explanation, or a true one
of a model that looks elsewhere. The variant ``spurious`` parts the two where the model is known to follow the mark: see
:mod:`engine.evidence.pictures`.

How many faces each method is measured on: all, the first N, or a number of its own for a slow one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from torch import nn

from engine.errors import DataError, UsageError
from engine.evidence.maps import compute_maps, refused_methods
from engine.evidence.pictures import KnownPictures, count_pictures, draw_some
from engine.evidence.readings import ANSWERS, AnsweredFaces, EvidenceReadings, references_task, task_of
from engine.evidence.report import CEILING, EvidenceReport, MapSource
from engine.evidence.scores import EvidenceScores, Ground, best_cells, score_maps
from engine.evidence.summary import report_of
from engine.explain.methods.method import Setup
from engine.explain.methods.registry import METHODS, check_methods
from engine.labels import EMOTIONS
from engine.records import Float32, RunCard
from engine.statistics.maps import REFERENCES, reference_maps

BATCH: Final = 32
"""Pictures at once. With 64, passes with derivatives take a tenth longer: the first block's features are then larger
than what the C library's allocator keeps for the next pass (32 MB)."""

FORMAT: Final = 1
"""Raised when readings change in a way that makes older ones useless, such as faces drawn otherwise."""


def score_sources(maps: Mapping[MapSource, Float32], pictures: KnownPictures) -> dict[MapSource, EvidenceScores]:
    """Judge maps (N, h, w) of N pictures, all with evidence, each on its own grid."""
    grids = dict.fromkeys(source.grid for source in maps)
    grounds = {grid: Ground.on_grid(pictures.evidence, pictures.face, grid) for grid in grids}
    return {source: score_maps(heat, grounds[source.grid]) for source, heat in maps.items()}


def score_references(
    pictures: KnownPictures, grid: tuple[int, int], *, seed: int = 0
) -> dict[MapSource, EvidenceScores]:
    """Judge every reference and the ceiling on a grid, for pictures that all have evidence."""
    ground = Ground.on_grid(pictures.evidence, pictures.face, grid)
    scores = {}
    for name in REFERENCES:
        heat = reference_maps(name, pictures.images, pictures.indices, grid, seed=seed)
        scores[MapSource("reference", name, "", grid)] = score_maps(heat, ground)
    scores[MapSource("reference", CEILING, "", grid)] = score_maps(best_cells(ground), ground)
    return scores


def check_vocabulary(card: RunCard) -> None:
    """Refuse a model that does not answer in the built-in faces' classes.

    Raises:
        DataError: its classes are others, or in another order.
    """
    if card.classes != EMOTIONS:
        raise DataError(
            f"The built-in faces show {', '.join(EMOTIONS)}, but '{card.name}' knows {', '.join(card.classes)}; "
            "choose a model trained on these seven classes."
        )


def reading_settings(card: RunCard, *, split: str, variant: str, seed: int) -> dict[str, Any]:
    """Return what readings of a model depend on, JSON-ready."""
    setup = asdict(Setup(card.input))
    del setup["spec"], setup["seed"]  # the one belongs to the weights, the other stands below
    return {
        "format": FORMAT,
        "model": card.name,
        "weights": card.weights_sha256,
        "split": split,
        "variant": variant,
        "seed": seed,
        "set-up of methods": setup,
    }


@dataclass(frozen=True)
class Part:
    """Tasks that read the same faces in one go: ``start`` to ``stop`` - 1 of the split."""

    tasks: tuple[str, ...]
    start: int
    stop: int


def parts_of_batch(readings: EvidenceReadings, wanted: Mapping[str, int], start: int, stop: int) -> list[Part]:
    """Return what is still to be read of the faces ``start`` to ``stop`` - 1, in order.

    Quick methods share passes, so they go together; a slow one is a part of its own, to be kept as soon as it is done.

    Args:
        readings: so far.
        wanted: task → how many faces it shall read.
        start, stop: the batch.
    """
    together: dict[tuple[int, int], list[str]] = {}
    alone: list[Part] = []
    for task, most in wanted.items():
        first, last = max(readings.read(task), start), min(most, stop)
        if task in readings.refused or first >= last:
            continue
        if task != ANSWERS and METHODS[task].cost == "many passes":
            alone.append(Part((task,), first, last))
        else:
            together.setdefault((first, last), []).append(task)
    quick = [Part(tuple(tasks), *span) for span, tasks in together.items()]
    return [*quick, *alone]


class _Run:
    """What stays the same over a run."""

    def __init__(self, model: nn.Module, card: RunCard, readings: EvidenceReadings, seed: int) -> None:
        self.model, self.card, self.readings = model, card, readings
        self.setup = Setup(card.input, seed=seed)
        self.asked: set[str] = set()
        """Methods that the model was asked to take."""

    def read(self, part: Part, batch: KnownPictures) -> None:
        """Read a part of a batch."""
        numbers = np.array(batch.indices)
        inside = batch.subset((numbers >= part.start) & (numbers < part.stop))
        bare = inside.without_evidence()
        shown = inside.subset(~bare)
        answers = np.full(len(inside), -1, np.int64)
        scores: dict[MapSource, EvidenceScores] = {}
        methods = [task for task in part.tasks if task != ANSWERS]
        if len(shown):
            self._refuse(methods, shown)
            found = compute_maps(
                self.model,
                shown.images,
                classes=self.card.classes,
                spec=self.card.input,
                methods=methods,
                setup=self.setup,
                refused=self.readings.refused,
            )
            answers[~bare] = found.answers
            scores = score_sources(found.maps, shown)
            self.readings.not_scored = found.not_scored
        if ANSWERS in part.tasks:
            area = np.where(bare, 0.0, inside.evidence.mean(axis=(1, 2)))
            self.readings.answer(AnsweredFaces(inside.labels, answers, inside.cues, area))
        for task in part.tasks:
            if task not in self.readings.refused:
                own = {source: found for source, found in scores.items() if task_of(source) == task}
                self.readings.add(task, part.start, part.stop, own)
        self._references(batch)

    def _refuse(self, methods: Sequence[str], shown: KnownPictures) -> None:
        new = [name for name in methods if name not in self.asked]
        self.asked.update(new)
        refused = refused_methods(self.model, shown.images, spec=self.card.input, methods=new) if new else {}
        self.readings.refused |= refused

    def _references(self, batch: KnownPictures) -> None:
        """Bring the references on every grid to as many faces as the maps on it have."""
        numbers = np.array(batch.indices)
        for grid, most in self.readings.grids().items():
            start = max(self.readings.read(references_task(grid)), batch.indices[0])
            if start >= most:
                continue
            inside = batch.subset((numbers >= start) & (numbers < most))
            shown = inside.subset(~inside.without_evidence())
            scores = score_references(shown, grid, seed=self.setup.seed) if len(shown) else {}
            self.readings.add(references_task(grid), start, most, scores)


def evidence_benchmark(  # noqa: PLR0913 - each is a choice of its own on the command line
    model: nn.Module,
    card: RunCard,
    *,
    split: str = "test",
    variant: str = "plain",
    limit: int | None = None,
    limits: Mapping[str, int] | None = None,
    methods: Sequence[str] = ("gradcam",),
    seed: int = 0,
    batch_size: int = BATCH,
    readings: EvidenceReadings | None = None,
    keep: Callable[[EvidenceReadings], None] | None = None,
    progress: Callable[[int], None] | None = None,
) -> EvidenceReport:
    """Measure explanation methods and every spatial gate of a model against known evidence.

    Args:
        model: in any mode; its lock is held batch by batch.
        card: of the model.
        split: of the data set ``synthetic``.
        variant: a key of :data:`engine.evidence.pictures.VARIANTS`.
        limit: take only the first so many pictures, classes in equal numbers; None for all.
        limits: method → a number of its own in the place of ``limit``.
        methods: keys of :data:`engine.explain.methods.registry.METHODS`.
        seed: of the random maps, the planted marks, the bootstrap and the methods that draw.
        batch_size: pictures at once; the figures do not depend on it.
        readings: of an earlier run with the same :func:`reading_settings`, to go on with; the report covers all that
            they hold. None begins anew.
        keep: told the readings whenever they have grown.
        progress: told how many pictures each batch had.

    Raises:
        DataError: the model's classes are not the built-in faces', or no picture has evidence.
        UsageError: the model's input has a size that faces are not drawn at, or a limit is below 1.
        UnknownNameError: an unknown split, variant or method.
    """
    check_vocabulary(card)
    own = {name: count_pictures(split, (limits or {}).get(name, limit)) for name in check_methods(methods)}
    wanted = {ANSWERS: max(own.values()), **own}
    if readings is None:
        readings = EvidenceReadings(reading_settings(card, split=split, variant=variant, seed=seed))
    run = _Run(model, card, readings, seed)
    for start in range(0, wanted[ANSWERS], batch_size):
        stop = min(start + batch_size, wanted[ANSWERS])
        parts = parts_of_batch(readings, wanted, start, stop)
        if parts:
            numbers = range(start, max(part.stop for part in parts))
            size, channels = card.input.size, card.input.channels
            batch = draw_some(split, numbers, size=size, channels=channels, variant=variant, seed=seed)
            for part in parts:
                if not set(part.tasks) <= set(readings.refused):  # a method may have been refused since
                    run.read(part, batch)
                    if keep is not None:
                        keep(readings)
        if progress is not None:
            progress(stop - start)
    return report_of(readings, card, split=split, variant=variant, seed=seed)


def read_limits(words: Sequence[str]) -> tuple[int | None, dict[str, int]]:
    """Read ``N`` for every method and ``METHOD=N`` for one, which counts before the other.

    Returns:
        The number for every method, None where none is given, and method → its own.

    Raises:
        UsageError: not a whole number of 1 or more, or a method or all are given twice.
        UnknownNameError: no such method.
    """
    overall: int | None = None
    own: dict[str, int] = {}
    for word in words:
        name, _, number = word.rpartition("=")
        if not (number.isascii() and number.isdigit()) or int(number) < 1:
            raise UsageError(
                f"Expected --limit of 1 picture or more as N or METHOD=N, got '{word}'; leave it out for the whole "
                "split."
            )
        if name in own or (not name and overall is not None):
            raise UsageError(f"Expected one --limit for {name or 'all methods'}, got several; leave out all but one.")
        if name:
            check_methods((name,))
            own[name] = int(number)
        else:
            overall = int(number)
    return overall, own

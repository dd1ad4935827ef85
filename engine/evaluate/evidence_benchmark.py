"""The planted-evidence benchmark: does each explanation, and each gate, point to where the evidence is known to be?

Every method asked for explains the model's own answer (the predicted class), at every explained layer where it needs
one; what cannot explain this model is named with the reason and left out. A spatial gate has no class
and is judged as it is. For a wrong answer the evidence is still that of what the face shows: a map on it says that the
model looked at the right place and misread it. Rightly and wrongly answered pictures differ in their expressions,
and so in how much evidence they have: compare each group with its own references rather than with the other group.

A figure says something about model and method together: a map off the evidence may be a bad explanation, or a true one
of a model that looks elsewhere. The variant ``spurious`` parts the two where the model is known to follow the mark: see
:mod:`engine.evaluate.evidence_pictures`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from engine.data.dataset import Int64
from engine.data.transforms import normalise, to_tensor
from engine.errors import DataError
from engine.evaluate.evidence import EvidenceScores, Ground, best_cells, score_maps
from engine.evaluate.evidence_pictures import KnownPictures, draw_known
from engine.evaluate.evidence_references import REFERENCES, reference_maps
from engine.evaluate.evidence_report import CEILING, CueAnswers, EvidenceReport, MapSource, summarise
from engine.explain.locking import holding
from engine.explain.method import Setup
from engine.explain.methods import METHODS, check_methods, refusals
from engine.explain.target import Target
from engine.labels import EMOTIONS
from engine.models.taps import record_attention
from engine.records import Float32, InputSpec, RunCard, UInt8

BATCH: Final = 64


@dataclass(frozen=True, eq=False)
class ModelMaps:
    """What a model gives for B pictures.

    Attributes:
        answers: int64 (B,), the predicted classes.
        maps: each kind of map → (B, h, w) float32 on its native grid, signed as computed.
        not_scored: names of the gates that are no map over the picture.
        refused: method → why this model cannot be explained so.
    """

    answers: Int64
    maps: dict[MapSource, Float32]
    not_scored: tuple[str, ...]
    refused: dict[str, str]


def _array(tensor: Tensor) -> Float32:
    return np.asarray(tensor.detach().float().cpu().numpy(), np.float32)


def compute_maps(
    model: nn.Module,
    images: UInt8,
    *,
    classes: tuple[str, ...],
    spec: InputSpec,
    methods: Sequence[str] = ("gradcam",),
    setup: Setup | None = None,
) -> ModelMaps:
    """Explain the model's answers for B pictures by each method, and read its gates.

    The model's lock is held meanwhile and its mode restored.

    Args:
        model: with ``explained_layers`` and ``activation_module``.
        images: (B, S, S) or (B, S, S, 3) uint8, S and channels as in ``spec``.
        classes: K names.
        spec: the model's input.
        methods: keys of METHODS.
        setup: of the methods; None for the usual one.
    """
    names, given = check_methods(methods), setup or Setup(spec)
    x = normalise(to_tensor(images).to(next(model.parameters()).device), spec)
    maps: dict[MapSource, Float32] = {}
    with holding(model):
        with torch.no_grad(), record_attention() as gates:
            logits: Tensor = model(x)
        scalar_of = Target().settle(logits, classes).of_model(model)
        refused = refusals(model, x, names)
        layers: tuple[str, ...] = model.explained_layers  # type: ignore[assignment]
        for name in names:
            if name in refused:
                continue
            method = METHODS[name]
            for layer in layers if method.needs_layer else layers[-1:]:
                module: nn.Module = model.activation_module(layer)  # type: ignore[operator]
                heat = _array(method.compute(scalar_of, module, x, given))
                at = layer if method.needs_layer else ""
                maps[MapSource("method", name, at, (heat.shape[1], heat.shape[2]))] = heat
    for gate in gates:
        if gate.kind == "spatial":
            weights = _array(gate.weights)
            maps[MapSource("gate", gate.kind, gate.layer, (weights.shape[1], weights.shape[2]))] = weights
    return ModelMaps(
        answers=np.asarray(logits.argmax(dim=1).cpu().numpy(), np.int64),
        maps=maps,
        not_scored=tuple(gate.layer for gate in gates if gate.kind != "spatial"),
        refused=refused,
    )


def score_batch(found: ModelMaps, pictures: KnownPictures, *, seed: int = 0) -> dict[MapSource, EvidenceScores]:
    """Judge every map of a batch, and on each grid that occurs every reference and the ceiling."""
    grids = dict.fromkeys(source.grid for source in found.maps)
    grounds = {grid: Ground.on_grid(pictures.evidence, pictures.face, grid) for grid in grids}
    scores = {source: score_maps(heat, grounds[source.grid]) for source, heat in found.maps.items()}
    for grid, ground in grounds.items():
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


def evidence_benchmark(  # noqa: PLR0913 - each is a choice of its own on the command line
    model: nn.Module,
    card: RunCard,
    *,
    split: str = "test",
    variant: str = "plain",
    limit: int | None = None,
    methods: Sequence[str] = ("gradcam",),
    seed: int = 0,
    batch_size: int = BATCH,
    progress: Callable[[int], None] | None = None,
) -> EvidenceReport:
    """Measure explanation methods and every spatial gate of a model against known evidence.

    Args:
        model: in any mode; its lock is held batch by batch.
        card: of the model.
        split: of the data set ``synthetic``.
        variant: a key of :data:`engine.evaluate.evidence_pictures.VARIANTS`.
        limit: take only the first so many pictures, classes in equal numbers; None for all.
        methods: keys of :data:`engine.explain.methods.METHODS`.
        seed: of the random maps, the planted marks, the bootstrap and the methods that draw.
        batch_size: pictures at once; the figures do not depend on it.
        progress: told how many pictures each batch had.

    Raises:
        DataError: the model's classes are not the built-in faces', or no picture has evidence.
        UsageError: the model's input has a size that faces are not drawn at, or ``limit`` is below 1.
        UnknownNameError: an unknown split, variant or method.
    """
    check_vocabulary(card)
    setup = Setup(card.input, seed=seed)
    parts: dict[MapSource, list[EvidenceScores]] = {}
    excluded: Counter[str] = Counter()
    labels_seen: list[Int64] = []
    answers_seen: list[Int64] = []
    marks_seen: list[Int64] = []
    not_scored: tuple[str, ...] = ()
    refused: dict[str, str] = {}
    drawn = 0
    for everything in draw_known(
        split,
        size=card.input.size,
        channels=card.input.channels,
        variant=variant,
        seed=seed,
        limit=limit,
        batch=batch_size,
    ):
        drawn += len(everything)
        bare = everything.without_evidence()
        excluded.update(EMOTIONS[label] for label in everything.labels[bare])
        pictures = everything.subset(~bare)
        if len(pictures):
            found = compute_maps(
                model, pictures.images, classes=card.classes, spec=card.input, methods=methods, setup=setup
            )
            for source, scores in score_batch(found, pictures, seed=seed).items():
                parts.setdefault(source, []).append(scores)
            labels_seen.append(pictures.labels)
            answers_seen.append(found.answers)
            if pictures.cues is not None:
                marks_seen.append(pictures.cues)
            not_scored, refused = found.not_scored, found.refused
        if progress is not None:
            progress(len(everything))
    if not labels_seen:
        raise DataError(f"None of the {drawn} pictures has evidence to be judged by; raise --limit.")
    labels, answers = np.concatenate(labels_seen), np.concatenate(answers_seen)
    right = answers == labels
    groups = {"all": np.ones(len(labels), np.bool_), "right": right, "wrong": ~right}
    cue: CueAnswers | None = None
    if marks_seen:
        marks = np.concatenate(marks_seen)
        groups["fooled"] = (answers == marks) & (marks != labels)
        cue = CueAnswers(differs=int((marks != labels).sum()), followed=int(groups["fooled"].sum()))
    figures = summarise({source: EvidenceScores.join(found) for source, found in parts.items()}, groups, seed=seed)
    return EvidenceReport(
        model=card.name,
        weights_sha256=card.weights_sha256,
        split=split,
        variant=variant,
        seed=seed,
        classes=card.classes,
        pictures=drawn,
        scored=len(labels),
        right=int(right.sum()),
        excluded={name: excluded[name] for name in EMOTIONS if excluded[name]},
        maps=tuple(row for row in figures if row.source.kind != "reference"),
        references=tuple(row for row in figures if row.source.kind == "reference"),
        not_scored=not_scored,
        cue=cue,
        refused=refused,
    )

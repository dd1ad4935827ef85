"""Is each gate used, over a split? Every gate is replaced on a class-balanced sample, and each class is counted apart.

A pass over the sample makes 2 + 2 * draws + 1 rows of each picture for each gate (unchanged, mean, ones, permutations,
other pictures' gates), so that 350 pictures and eight gates are about 64,000 forward passes; rows of many replaced
gates share a batch (see :func:`engine.trust.gate_use.gate_use`).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray
from torch import nn

from engine.analysis.files.answer_shares import answer_shares
from engine.analysis.files.gate_use import ALL, FIGURES, GateEffect, SplitGateUse
from engine.data.dataset import FaceDataset
from engine.errors import DataError, UsageError
from engine.explain.cmaen_shares import cmaen_shares
from engine.explain.target import PREDICTED, as_target
from engine.measure.split import check_classes, predict_dataset
from engine.models.taps import taps_of
from engine.records import RunCard
from engine.statistics.intervals import Estimate, bootstrap_means
from engine.trust.gate_record import GateUse, Replaced
from engine.trust.gate_use import DRAWS, Progress, gate_use

Bool = NDArray[np.bool_]
Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

PICTURES: Final = 350
"""Pictures of a sample unless said: fifty to each of seven classes."""


def balanced_sample(labels: Int64, count: int, seed: int) -> Int64:
    """Return the positions of ``count`` pictures (all where there are no more), as many of each class as there can be.

    The classes take turns, each giving its pictures in a seeded order; one that runs out leaves its turns to the rest.

    Args:
        labels: int64 (N,).

    Returns:
        int64 (count,), ascending.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    turn = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        mine = order[labels[order] == label]
        turn[mine] = np.arange(len(mine))
    return np.sort(np.lexsort((labels, turn))[:count])


def _columns(item: Replaced) -> Float64:
    """Return the figures (N, 4) of each picture, in the order of FIGURES."""
    assert item.right_change is not None  # noqa: S101 - truths are given below
    return np.stack([item.distance, item.flips, item.logit_change, item.right_change], axis=1).astype(np.float64)


def _effects(uses: tuple[GateUse, ...], groups: Mapping[str, Bool], seed: int) -> tuple[GateEffect, ...]:
    """Average over each group; all figures of a picture are resampled together."""
    items = [(use, item) for use in uses for item in use.replacements]
    table = np.concatenate([_columns(item) for _, item in items], axis=1)
    means = {group: bootstrap_means(table[mask], seed=seed) for group, mask in groups.items()}
    width = len(FIGURES)
    return tuple(
        GateEffect(
            use.layer,
            use.kind,
            item.name,
            item.draws,
            group,
            dict(zip(FIGURES, found[place * width : (place + 1) * width], strict=True)),
        )
        for place, (use, item) in enumerate(items)
        for group, found in means.items()
    )


def _accuracy(right: Bool, groups: Mapping[str, Bool], seed: int) -> dict[str, Estimate]:
    column = right.astype(np.float64)[:, None]
    return {group: bootstrap_means(column[mask], seed=seed)[0] for group, mask in groups.items()}


def split_gate_use(
    model: nn.Module,
    card: RunCard,
    dataset: FaceDataset,
    *,
    pictures: int = PICTURES,
    draws: int = DRAWS,
    target: str = PREDICTED,
    seed: int = 0,
    progress: Progress | None = None,
) -> SplitGateUse:
    """Ask of each gate whether the model uses it, for all sampled pictures and for each class.

    Args:
        model: shared by threads; nothing on it changes. card: its card.
        dataset: pictures of the model's classes.
        pictures: how many to sample, in equal numbers of each class as far as they go.
        draws: permutations of each gate, and pictures that lend theirs; 10 or more are advised.
        target: whose logit to follow: ``predicted``, ``true``, a class, or a contrast.
        seed: of the sample, the draws and the intervals.
        progress: called with (forward passes done, wanted).

    Raises:
        UsageError: the model has no gate. DataError: the classes are not the model's, or there is no picture.
        UnknownNameError: the target is no class.
    """
    started = time.perf_counter()
    if not taps_of(model):
        raise UsageError(
            f"'{card.name}' has no attention gate, so there is nothing to replace; choose a model with one, for "
            "example cbam."
        )
    check_classes(card, dataset)
    if not len(dataset):
        raise DataError(f"The split '{dataset.split}' of '{dataset.name}' has no pictures; choose another.")
    sample = dataset.subset(balanced_sample(dataset.labels, pictures, seed))
    truths = [dataset.classes[label] for label in sample.labels]
    right = predict_dataset(model, card.input, sample).argmax(axis=1) == sample.labels  # refuses what is no number
    uses = gate_use(
        model,
        sample.images,
        spec=card.input,
        classes=card.classes,
        target=as_target(target, card.classes),
        truths=truths,
        draws=draws,
        seed=seed,
        progress=progress,
    )
    groups = {ALL: np.ones(len(sample), dtype=np.bool_)}
    groups |= {name: sample.labels == index for index, name in enumerate(dataset.classes)}
    parts = cmaen_shares(model, sample.images, spec=card.input)
    return SplitGateUse(
        model=card.name,
        weights_sha256=card.weights_sha256,
        dataset=dataset.name,
        split=dataset.split,
        total=len(dataset),
        pictures=sample.class_counts(),
        target=target,
        seed=seed,
        accuracy=_accuracy(right, groups, seed),
        effects=_effects(uses, groups, seed),
        shares=None
        if parts is None
        else answer_shares(parts, sample.ids, truths, dataset.classes, all_name=ALL, seed=seed),
        seconds=time.perf_counter() - started,
    )

"""Run a checkpoint over a split, in a single view or several, and report.

How a picture is looked at to be measured: once, with its mirror image, or in ten crops.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from engine.data.audit.near import seen_in_training
from engine.data.dataset import FaceDataset
from engine.data.people import People
from engine.data.registry import PICTURES_OF
from engine.data.transforms import channels_last, mirrored, normalise, ten_crop, to_tensor
from engine.data.votes.join import WITH_VOTES
from engine.errors import DataError, UnknownNameError
from engine.labels import few
from engine.models.finite import check_finite
from engine.models.locking import holding
from engine.records import Float32, InputSpec, RunCard
from engine.statistics.classification import ClassificationReport, Int64, classification_report, wilson_interval


@dataclass(frozen=True)
class Views:
    """One way of looking.

    Attributes:
        words: as it stands in documents and beside figures. short: the same in a table's cell.
        count: forward passes a picture.
        make: (B, C, S, S) to (count, B, C, S, S).
    """

    words: str
    short: str
    count: int
    make: Callable[[Tensor], Tensor]


SINGLE: Final = "single"
MIRROR: Final = "mirror"
TTA: Final = "tta"

VIEWS: Final[dict[str, Views]] = {
    SINGLE: Views("single view", "single view", 1, lambda batch: batch[None]),
    MIRROR: Views(
        "the picture and its mirror image: two views, mean probability", "picture and mirror image", 2, mirrored
    ),
    TTA: Views(
        "four corners and centre at 11/12 of the side, each also mirrored: ten crops, mean probability",
        "ten crops",
        10,
        ten_crop,
    ),
}
"""By the last part of a measurement's key on a card."""


def find_views(name: str) -> Views:
    """Return a way of looking.

    Raises:
        UnknownNameError: there is none of that name.
    """
    if name not in VIEWS:
        raise UnknownNameError("kind of views", name, VIEWS)
    return VIEWS[name]


PROTOCOLS: Final[dict[str, str]] = {
    "private": "PrivateTest, the literature's test split; chose nothing",
    "public": "PublicTest; chose nothing",
    "test": "PublicTest and PrivateTest together; chose nothing",
    "val": "a tenth of the training folder; chose the epoch, so it is optimistic",
}

BATCH: Final = 64
"""Pictures at once. On a CPU 256 are a third slower with two threads and two thirds with one: their features no longer
fit into the caches."""


@torch.no_grad()
def predict_dataset(
    model: nn.Module,
    spec: InputSpec,
    dataset: FaceDataset,
    *,
    views: str = SINGLE,
    batch_size: int = BATCH,
    progress: Callable[[int], None] | None = None,
) -> Float32:
    """Return probabilities (N, K) float32, in the dataset's order.

    Always in float32, so that another machine gets the same figures. ``views`` is a key of
    :data:`engine.measure.split.VIEWS`; of several views the probabilities are averaged. ``progress`` is told how many
    pictures each batch had.

    Raises:
        UnknownNameError: for unknown views. NetworkError: some answers are no numbers.
    """
    looking = find_views(views)
    device = next(model.parameters()).device
    rows: list[Tensor] = []
    size = max(1, batch_size // looking.count)
    with holding(model):
        for start in range(0, len(dataset), size):
            x = normalise(to_tensor(dataset.images[start : start + size]).to(device), spec)
            seen = looking.make(x)
            logits = model(channels_last(seen.flatten(0, 1)))
            rows.append(logits.softmax(1).view(looking.count, len(x), -1).mean(0).cpu())
            if progress is not None:
                progress(len(x))
    probabilities = torch.cat(rows).numpy().astype(np.float32)
    check_finite(probabilities)
    return probabilities


def check_classes(card: RunCard, dataset: FaceDataset) -> None:
    """Refuse a dataset whose classes are not the model's.

    Raises:
        DataError: they differ.
    """
    if dataset.classes != card.classes:
        raise DataError(
            f"'{card.name}' knows {few(card.classes)}; the dataset '{dataset.name}' has "
            f"{few(dataset.classes)}; choose a model trained on these classes."
        )


def evaluate(
    model: nn.Module,
    card: RunCard,
    dataset: FaceDataset,
    *,
    views: str = SINGLE,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Measure a model on a split; return the document that ``python -m engine evaluate --json`` prints.

    Raises:
        DataError: the dataset's classes are not the model's. UnknownNameError: for unknown ``views``.
    """
    check_classes(card, dataset)
    probabilities = predict_dataset(model, card.input, dataset, views=views, progress=progress)
    return measurement(card, dataset, probabilities, views=views)


def trained_on(card: RunCard) -> tuple[str, ...]:
    """Return the datasets that trained a checkpoint, as its card names them; empty where it does not."""
    several = [one.get("dataset") for one in card.data.get("datasets", ())]
    return tuple(dict.fromkeys(str(name) for name in (card.data.get("dataset"), *several) if name))


def usual_split(card: RunCard, dataset: str) -> str:
    """Return which split of a dataset says most about a model: all of it, where it trained on others alone.

    Of the built-in faces ``test`` is as good: no picture shows anybody, and each split is drawn alike.
    """
    known = trained_on(card)
    if known and not _trained(known, dataset) and dataset != "synthetic":
        return "all"
    return "private" if dataset in WITH_VOTES else "test"


def _trained(known: Sequence[str], dataset: str) -> bool:
    """Say whether one of the datasets in ``known`` has the pictures of ``dataset``, under whatever labels."""
    pictures = PICTURES_OF.get(dataset, dataset)
    return any(PICTURES_OF.get(name, name) == pictures for name in known)


def people_of(card: RunCard, dataset: FaceDataset) -> People:
    """Say whether a model is measured on people whom it has not seen, as far as is known."""
    known = trained_on(card)
    if known and not _trained(known, dataset.name):
        return People(True, f"the model was trained on {', '.join(known)}, not on {dataset.name}")
    if dataset.split == "all" and known:
        return People(False, f"the pictures that trained the model are among these ({dataset.name})")
    return dataset.people


def measurement(card: RunCard, dataset: FaceDataset, probabilities: Float32, *, views: str) -> dict[str, Any]:
    """Return the document of :func:`evaluate` from probabilities (N, K) that were computed before.

    Where the dataset was loaded with ``looks``, it says how many pictures training has seen nearly; a split that leaks
    (:data:`engine.data.audit.audit.LEAK_SHARE`) has no clean part: ``n_clean`` and its figures are None.
    """
    predicted = probabilities.argmax(1).astype(np.int64)
    report = classification_report(dataset.labels, predicted, dataset.classes, in_train=dataset.in_train)
    split = f"split {dataset.split}"
    if dataset.name in WITH_VOTES:
        split = PROTOCOLS.get(dataset.split, dataset.split)
    people = people_of(card, dataset)
    known = trained_on(card)
    return {
        "model": card.name,
        "dataset": dataset.name,
        "split": dataset.split,
        "tta": views != SINGLE,
        "views": find_views(views).words,
        "protocol": f"{split}; {people.in_words()}",
        "person_independent": people.apart,
        "class_codes": dataset.codes or None,
        "seed": card.recipe.get("seed"),
        "skipped": len(dataset.skipped),
        **report.as_dict(),
        "below_chance": below_chance(report),
        **(_near_copies(dataset, predicted) if _trained(known, dataset.name) or not known else {}),
    }


def below_chance(report: ClassificationReport) -> str:
    """Say that a model is surely worse than guessing, and what that means; empty where it is not.

    An answer drawn at random is right once in K, so labels that mean something else are the usual cause.
    """
    there = sum(1 for row in report.per_class.values() if row["support"])
    chance = 1 / max(there, 1)
    if there < 2 or report.interval[1] >= chance:
        return ""
    return (
        f"An accuracy of {100 * report.accuracy:.1f} % is far below chance ({100 * chance:.1f} % of {there} classes): "
        "the labels seem to mean other classes than was read; where folders or rows are named by numbers, see --codes."
    )


def _near_copies(dataset: FaceDataset, predicted: Int64) -> dict[str, Any]:
    """Return what training has seen of a split, and the figures without it; empty where that was not looked for."""
    found = seen_in_training(dataset)
    if found is None:
        return {}
    seen, alike = found
    left = int((~alike).sum())
    right = int((predicted == dataset.labels)[~alike].sum())
    document: dict[str, Any] = {
        "near_copies": {
            **seen.as_dict(),
            "leaks": seen.leaks,
            "conclusion": seen.conclusion(dataset.split),
            "n_without": left,
            "accuracy_without": round(right / left, 5) if left else None,
            "interval_without": [round(bound, 5) for bound in wilson_interval(right, left)] if left else None,
        }
    }
    if seen.leaks:
        document |= {"n_clean": None, "accuracy_clean": None, "interval_clean": None}
    return document

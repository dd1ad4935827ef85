"""The sections of a model card that hold figures: each says protocol, split, n and interval, or that none was taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.analysis.evaluation import MetricRow, metric_rows
from engine.analysis.model_card.blocks import NOT_MEASURED, CardSection, CardTable, figure, percent
from engine.data.people import DRAWN_ANEW, NOT_TOLD
from engine.data.registry import KINDS, PICTURES_OF
from engine.data.votes.agreement import AGREEMENTS
from engine.data.votes.join import WITH_VOTES
from engine.documents import BAD_VALUES
from engine.records import RunCard
from engine.statistics.classification import class_figures
from engine.statistics.intervals import Estimate

FIRST: Final = ("fer2013/private/single", "fer2013/test/single", "synthetic/test/single")
"""Which measurement is gone into by class: the literature's first."""
WILSON: Final = "95 % Wilson interval over pictures"
CONFUSIONS: Final = 6
SIDED: Final = ("model", "label", "neither")


def main_key(card: RunCard) -> str | None:
    """Return the key of the measurement that is gone into; None where nothing was measured."""
    keys = [key for key in sorted(card.metrics) if not key.endswith("/chosen")]
    data = str(card.data.get("dataset") or "")
    return next((key for key in FIRST if key in keys and key.startswith(f"{data}/")), keys[0] if keys else None)


def tests_of(card: RunCard) -> tuple[tuple[MetricRow, Estimate | None], ...]:
    """Return the card's measurements, each with its macro F1 and its 95 % bootstrap interval (None: not taken).

    What chose the epoch is left out: it would be read as a test.

    Raises:
        CheckpointError: an entry is not what ``python -m engine evaluate`` writes.
    """
    found = []
    for key, row in zip(sorted(card.metrics), metric_rows(card), strict=True):
        if key.endswith("/chosen"):
            continue
        matrix = _confusion(card.metrics[key], card.classes)
        bare = None if row.macro_f1 is None else Estimate(row.macro_f1, None, None, row.accuracy.n)
        found.append(
            (
                _with_people(row, card.metrics[key]),
                bare if matrix is None else class_figures(matrix, card.classes).macro_f1,
            )
        )
    return tuple(found)


def overall(rows: tuple[tuple[MetricRow, Estimate | None], ...]) -> CardSection:
    """Return every measurement of the card."""
    heading = "How well it does"
    if not rows:
        return CardSection(heading, (f"Accuracy: {NOT_MEASURED}.",))
    table = CardTable(
        ("measured on", "view", "n", "accuracy", "macro F1", "without copies of training pictures"),
        tuple(
            (
                f"{row.dataset} {row.split}",
                row.view,
                f"{row.accuracy.n:,}",
                percent(row.accuracy),
                NOT_MEASURED if macro_f1 is None else figure(macro_f1),
                NOT_MEASURED if row.clean is None else f"{percent(row.clean)}, n = {row.clean.n:,}",
            )
            for row, macro_f1 in rows
        ),
        f"Accuracies with a {WILSON}; macro F1, the mean over the classes, with a 95 % bootstrap over pictures. All of "
        "this one checkpoint.",
    )
    protocols = {f"{row.dataset} {row.split}": row.protocol for row, _ in rows}
    return CardSection(heading, (), tuple(f"{what}: {said}." for what, said in protocols.items()), (table,))


def _with_people(row: MetricRow, found: Mapping[str, Any]) -> MetricRow:
    """Return a measurement whose protocol says whether people are kept apart; cards of early versions do not."""
    if "person_independent" in found:
        return row
    kind = KINDS.get(PICTURES_OF.get(row.dataset, row.dataset))
    people = DRAWN_ANEW if row.dataset == "synthetic" else NOT_TOLD if kind and kind.subject is None else None
    words = [row.protocol or f"split {row.split}", *([] if people is None else [people.in_words()])]
    return replace(row, protocol="; ".join(words))


def _confusion(found: Mapping[str, Any], classes: tuple[str, ...]) -> NDArray[np.int64] | None:
    """Return the confusion matrix of a measurement, int64 (K, K); None where the card has none of that shape."""
    try:
        matrix = np.array(found["confusion"])
    except BAD_VALUES:
        return None
    side = len(classes)
    fits = matrix.shape == (side, side) and matrix.dtype.kind == "i" and bool((matrix >= 0).all()) and matrix.sum() > 0
    return matrix.astype(np.int64) if fits else None


def by_class(card: RunCard) -> CardSection:
    """Return the error class by class."""
    heading = "Error by class"
    key = main_key(card)
    matrix = None if key is None else _confusion(card.metrics[key], card.classes)
    if key is None or matrix is None:
        return CardSection(heading, (f"Figures by class: {NOT_MEASURED}.",))
    found = class_figures(matrix, card.classes)
    rows = found.shown.pick(found.per_class)
    table = CardTable(
        ("class", "n", "error (1 - recall)", "precision", "F1"),
        tuple(
            (
                row.name,
                f"{row.support:,}",
                percent(_error(row.recall)),
                percent(row.precision) if row.answers else "never answered",
                figure(row.f1),
            )
            for row in rows
        ),
        f"{_where(key)}, n = {found.n:,}; error and precision with {WILSON}, F1 with a 95 % bootstrap over pictures. "
        f"{found.shown.words}".strip(),
    )
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:CONFUSIONS]
    pairs = [np.unravel_index(place, wrong.shape) for place in order]
    points = tuple(
        f"{card.classes[label]} answered {card.classes[answer]}: {wrong[label, answer]:,} of "
        f"{matrix[label].sum():,} pictures"
        for label, answer in pairs
        if wrong[label, answer]
    )
    return CardSection(heading, (f"The most frequent confusions, {_where(key)}:",) if points else (), points, (table,))


def _error(recall: Estimate) -> Estimate:
    if recall.mean is None or recall.low is None or recall.high is None:
        return recall
    return Estimate(1 - recall.mean, 1 - recall.high, 1 - recall.low, recall.n)


def _where(key: str) -> str:
    dataset, split, view = key.split("/")
    words = {"single": "single view", "mirror": "picture and mirror image", "tta": "ten crops"}
    return f"{dataset} {split}, {words.get(view, view)}"


def votes_of(card: RunCard) -> tuple[str, Mapping[str, Any]] | None:
    """Return (key, what people saw) of the card's first measurement that has it."""
    for key in (*FIRST, *sorted(card.metrics)):
        found = card.metrics.get(key, {}).get("votes")
        if isinstance(found, Mapping):
            return key, found
    return None


def by_label_quality(card: RunCard) -> CardSection:
    """Return the error by what the labels allow: people's own agreement."""
    heading = "Error by what the labels allow"
    found = votes_of(card)
    if found is None:
        known = any(key.partition("/")[0] in WITH_VOTES for key in card.metrics)
        command = (
            f"python -m engine evaluate --model {card.name} --data PATH --split private --votes fer2013new.csv "
            "--write-card"
        )
        return CardSection(
            heading,
            (f"How far people agree on these labels, and with the model: {NOT_MEASURED}.",),
            commands=(command,) if known else (),
        )
    key, votes = found
    try:
        return _people(heading, key, votes)
    except BAD_VALUES:
        return CardSection(heading, (f"What people saw: {NOT_MEASURED}; the card's entry cannot be read.",))


def _people(heading: str, key: str, votes: Mapping[str, Any]) -> CardSection:
    ceiling, agreed, mistakes = votes["human_ceiling"], votes["by_agreement"], votes["mistakes"]
    side = mistakes["side_with"]
    rows = (
        ("one person agrees with most of the others (human ceiling)", *_mean(ceiling["voter"])),
        ("the label agrees with most of them but one", *_mean(ceiling["label"])),
        ("the model agrees with most of them but one", *_mean(ceiling["model"])),
        ("the model says what most people saw", *_share(votes["accuracy_on_majority"])),
        ("the model says what the label says, same pictures", *_share(votes["accuracy_on_label"])),
        *(
            (f"right by most people where they are {name}", *_share(agreed[name]["accuracy_on_majority"]))
            for name in AGREEMENTS
            if name in agreed
        ),
        *((f"mistakes by the label in which people side with {who}", *_share(side[who])) for who in SIDED),
    )
    table = CardTable(
        ("what people saw (FER+, ten a picture)", "share", "n"),
        rows,
        f"{_where(key)}; shares with {WILSON}, agreements with a 95 % bootstrap over pictures.",
    )
    sided = _share(side["model"])[0]
    said = (
        f"An error by the label is not always an error to people: in {sided} of {mistakes['n']:,} mistakes more of "
        "them saw what the model answers than what the label says."
    )
    return CardSection(heading, (said,), (), (table,))


def _share(found: Mapping[str, Any]) -> tuple[str, str]:
    low, high = found["interval"] or (None, None)
    return percent(Estimate(found["share"], low, high, found["n"])), f"{found['n']:,}"


def _mean(found: Mapping[str, Any]) -> tuple[str, str]:
    return percent(Estimate(found["mean"], found["low"], found["high"], found["n"])), f"{found['n']:,}"

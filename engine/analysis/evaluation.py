"""What the Evaluation page and ``python -m engine report`` say of a model on a split: from stored answers alone.

A second flat picture of the answers: t-SNE [1] of the K logits, computed on demand from stored probabilities.

The store keeps the features' first two principal components and not the features themselves, of which t-SNE would need
all; the logits, one linear map behind them, are known from the probabilities up to a constant. Distances between
clusters and their sizes mean nothing in it.

[1] L. van der Maaten, G. Hinton. Visualizing Data using t-SNE. JMLR 9, 2008.

The measurements on a checkpoint's card as rows: on which dataset, how, and what each may be used for.

A checkpoint's ``history.csv``: loss, learning rate and validation accuracy by epoch.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.manifold import TSNE

from engine.analysis.files.places import analyze_command
from engine.analysis.split_protocol import NOT_SAID, SplitProtocol, split_protocol
from engine.analysis.store.query import Column, Filter
from engine.analysis.store.store import AnalysisStore
from engine.errors import CheckpointError, DataError
from engine.measure.split import VIEWS
from engine.records import RunCard
from engine.statistics.calibration import (
    Calibration,
    Temperature,
    calibration,
    fit_temperature,
    log_probabilities,
    tempered,
)
from engine.statistics.classification import Figures, class_figures
from engine.statistics.curves import CurveSet, curves
from engine.statistics.intervals import Estimate

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

VALIDATION: Final = "val"
"""The split that a temperature is fitted on, and on nothing else."""


@dataclass(frozen=True, eq=False)
class StoredAnswers:
    """A model's answers to N pictures.

    Attributes:
        model, dataset, split: whose, to what. classes: K names.
        ids: N. labels: int64 (N,) in [0, K).
        probabilities: float64 (N, K) as they were stored in float32.
        places: float64 (N, 2), the features' first two principal components.
    """

    model: str
    dataset: str
    split: str
    classes: tuple[str, ...]
    ids: tuple[str, ...]
    labels: Int64
    probabilities: Float64
    places: Float64

    @property
    def predicted(self) -> Int64:
        """The answers, int64 (N,)."""
        return np.asarray(self.probabilities.argmax(axis=1), np.int64)


@dataclass(frozen=True, eq=False)
class Subset:
    """The figures of a part of the pictures.

    Attributes:
        name: which pictures. left_out: how many are not in it.
        figures: None where it is not known which pictures those are, or where none is left.
    """

    name: str
    left_out: int
    figures: Figures | None


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A model on a split.

    Attributes:
        answers: what all else was computed from.
        figures: over all pictures. subsets: with and without duplicates.
        roc, pr: the curves.
        before: calibration of the answers as they are.
        temperature: fitted on ``val``; None where there are no stored answers to that, or this is ``val`` itself.
        after: calibration with that temperature.
        protocol: what the split may be used for.
    """

    answers: StoredAnswers
    figures: Figures
    subsets: tuple[Subset, ...]
    roc: CurveSet
    pr: CurveSet
    before: Calibration
    temperature: Temperature | None
    after: Calibration | None
    protocol: SplitProtocol = NOT_SAID

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON-ready figures, without the curves' points."""
        fitted = self.temperature
        return {
            "model": self.answers.model,
            "dataset": self.answers.dataset,
            "split": self.answers.split,
            "protocol": self.protocol.words,
            "leak": self.protocol.leak,
            "classes": list(self.answers.classes),
            **self.figures.as_dict(),
            "subsets": {
                one.name: None
                if one.figures is None
                else {
                    "n": one.figures.n,
                    "accuracy": one.figures.accuracy.as_dict(),
                    "macro_f1": one.figures.macro_f1.as_dict(),
                }
                for one in self.subsets
            },
            **{
                name: {curve.name: round(curve.area, 5) for curve in (*found.classes, found.macro, found.micro)}
                for name, found in (("auc", self.roc), ("average_precision", self.pr))
            },
            "calibration": {
                "before": self.before.as_dict(),
                "temperature": None if fitted is None else {"value": round(fitted.value, 4), "fitted_on": fitted.n},
                "after": None if self.after is None else self.after.as_dict(),
            },
        }


def stored_answers(store: AnalysisStore) -> StoredAnswers:
    """Read the answers of a store's first model, in the data set's order."""
    classes = store.classes
    names = ["id", "label", "x", "y", *(f"p_{name}" for name in classes)]
    table = store.rows(columns=[Column(name) for name in names], limit=None).table
    place = {name: index for index, name in enumerate(classes)}
    numbers = {name: np.asarray(table[name].to_numpy(), np.float64) for name in names[2:]}
    metadata = store.sources[0].metadata
    return StoredAnswers(
        store.models[0],
        str(metadata["dataset"]),
        str(metadata["split"]),
        classes,
        tuple(table["id"].to_pylist()),
        np.array([place[name] for name in table["label"].to_pylist()], np.int64),
        np.stack([numbers[f"p_{name}"] for name in classes], axis=1),
        np.stack([numbers["x"], numbers["y"]], axis=1),
    )


def _subsets(store: AnalysisStore, *, leaks: bool) -> tuple[Subset, ...]:
    whole = store.count()

    def part(name: str, where: Filter, *, known: bool = True) -> Subset:
        confusion = store.confusion(where)
        n = int(confusion.sum())
        figures = class_figures(confusion, store.classes) if n and known else None
        return Subset(name, whole - n if known else 0, figures)

    told = bool(store.count(Filter(in_train=True)) + store.count(Filter(in_train=False)))
    return (
        part("all pictures", Filter()),
        part("one of each group of copies", Filter(copies="first")),
        part("without copies of training pictures", Filter(in_train=False), known=told and not leaks),
    )


def evaluation(store: AnalysisStore, validation: AnalysisStore | None = None) -> Evaluation:
    """Evaluate the first model of a store.

    Args:
        store: of the split that is reported on.
        validation: of the same model on ``val``, for the temperature; it is not used where ``store`` is ``val`` itself.

    Raises:
        DataError: the split has pictures of one class only.
    """
    answers = stored_answers(store)
    temperature = after = None
    if validation is not None and answers.split != VALIDATION:
        fitted_on = stored_answers(validation)
        temperature = fit_temperature(fitted_on.probabilities, fitted_on.labels)
        after = calibration(tempered(answers.probabilities, temperature.value), answers.labels)
    protocol = split_protocol(store)
    subsets = _subsets(store, leaks=bool(protocol.leak))
    found = subsets[0].figures
    if found is None:
        raise ValueError("expected a store with one picture or more, got none")
    return Evaluation(
        answers,
        found,
        subsets,
        curves("roc", answers.labels, answers.probabilities, answers.classes),
        curves("pr", answers.labels, answers.probabilities, answers.classes),
        calibration(answers.probabilities, answers.labels),
        temperature,
        after,
        protocol,
    )


def no_temperature(model: str, dataset: str, split: str) -> tuple[str, str]:
    """Say why there is no temperature, and the command that changes it (empty where none does)."""
    if split == VALIDATION:
        return "A temperature is fitted on val and shown on other splits: on val itself it would flatter.", ""
    return (
        f"No temperature is offered: it is fitted on val alone, and {model} has no stored answers to that yet.",
        analyze_command(model, dataset, VALIDATION) + " --no-gradcam",
    )


PICTURES_MOST: Final = 1_000
"""So many are placed; more take minutes."""
PERPLEXITY: Final = 30.0


def centred_logits(probabilities: Float64) -> Float64:
    """Return logits whose mean over the classes is 0, float64 (N, K), of probabilities (N, K)."""
    logs = log_probabilities(probabilities)
    return np.asarray(logs - logs.mean(axis=1, keepdims=True))


def tsne_places(probabilities: Float64, *, seed: int = 0) -> Float64:
    """Return float64 (N, 2) places of N pictures; the same seed and numbers give the same places on one machine.

    Args:
        probabilities: float64 (N, K).
        seed: of the descent.

    Raises:
        DataError: there are fewer than ten pictures.
    """
    count = len(probabilities)
    if count < 10:
        raise DataError(f"Expected ten pictures or more to lay out, got {count}; choose a larger split.")
    perplexity = min(PERPLEXITY, (count - 1) / 3)
    layout = TSNE(perplexity=perplexity, init="pca", random_state=seed, max_iter=500)
    return np.asarray(layout.fit_transform(centred_logits(probabilities)), np.float64)


def spread(count: int, most: int = PICTURES_MOST) -> NDArray[np.int64]:
    """Return the positions of at most ``most`` of ``count`` pictures, evenly spread."""
    if count <= most:
        return np.arange(count, dtype=np.int64)
    return np.arange(most, dtype=np.int64) * count // most


SAID: Final = {**{name: views.short for name, views in VIEWS.items()}, "chosen": "single view, while training"}
"""What the last part of a key means."""


@dataclass(frozen=True)
class MetricRow:
    """One measurement.

    Attributes:
        dataset, split, view: what on, and how.
        accuracy: with its interval where the card has one; ``clean`` without copies of training pictures, or None.
        macro_f1: or None where it was not measured.
        protocol: what the split may be used for, in words.
    """

    dataset: str
    split: str
    view: str
    accuracy: Estimate
    macro_f1: float | None
    clean: Estimate | None
    protocol: str


def _estimate(mean: float, interval: object, n: int) -> Estimate:
    low, high = interval if isinstance(interval, (list, tuple)) else (None, None)
    return Estimate(float(mean), low, high, n)


def metric_rows(card: RunCard) -> tuple[MetricRow, ...]:
    """Return the card's measurements, sorted by dataset, split and view.

    Raises:
        CheckpointError: an entry is not what ``python -m engine evaluate`` writes.
    """
    rows = []
    for key, found in sorted(card.metrics.items()):
        try:
            dataset, split, view = key.split("/")
            clean = found.get("accuracy_clean")
            rows.append(
                MetricRow(
                    dataset,
                    split,
                    SAID.get(view, view),
                    _estimate(found["accuracy"], found.get("interval"), int(found["n"])),
                    found.get("macro_f1"),
                    None if clean is None else _estimate(clean, found.get("interval_clean"), int(found["n_clean"])),
                    str(found.get("protocol", "")),
                )
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"Expected the measurement '{key}' of '{card.name}' as evaluate writes it, got another; measure again "
                f"with: python -m engine evaluate --model {card.name} --write-card"
            ) from error
    return tuple(rows)


HISTORY: Final = "history.csv"
COLUMNS: Final = ("epoch", "learning_rate", "train_loss", "val_accuracy")
AVERAGED: Final = "val_accuracy_ema"
"""Accuracy of the running average of the weights, where one was kept."""


@dataclass(frozen=True, eq=False)
class History:
    """E epochs; every array is float64 (E,).

    Attributes:
        epochs: numbers, from 1. learning_rate: at the end of each. train_loss: nats, as the recipe's loss defines it.
        val_accuracy: in [0, 1]. averaged: that of the averaged weights, or None where none were kept.
        chosen: the epoch whose weights were kept, or None where the card does not say.
    """

    epochs: Float64
    learning_rate: Float64
    train_loss: Float64
    val_accuracy: Float64
    averaged: Float64 | None
    chosen: int | None


def read_history(checkpoint: Path, chosen: object = None) -> History | None:
    """Read a checkpoint's history; None where it has none.

    Args:
        checkpoint: its folder. chosen: the card's ``recipe["chosen_epoch"]``.

    Raises:
        CheckpointError: the file is damaged.
    """
    path = checkpoint / HISTORY
    if not path.is_file():
        return None
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        found = {name: np.array([float(row[name]) for row in rows]) for name in COLUMNS}
        averaged = np.array([float(row.get(AVERAGED) or "nan") for row in rows])
    except (OSError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise CheckpointError(
            f"Expected the columns {', '.join(COLUMNS)} of numbers in '{HISTORY}' of '{checkpoint.name}', got others; "
            "fetch the checkpoint again, or train it again."
        ) from error
    if not rows:
        return None
    return History(
        found["epoch"],
        found["learning_rate"],
        found["train_loss"],
        found["val_accuracy"],
        None if np.isnan(averaged).all() else averaged,
        chosen if isinstance(chosen, int) else None,
    )

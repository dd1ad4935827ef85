"""What the Evaluation page and ``python -m engine report`` say of a model on a split: from stored answers alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.analysis.files.places import analyze_command
from engine.analysis.store.query import Column, Filter
from engine.analysis.store.store import AnalysisStore
from engine.evaluate.class_figures import Figures, class_figures
from engine.statistics.calibration import Calibration, Temperature, calibration, fit_temperature, tempered
from engine.statistics.curves import CurveSet, curves

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
    """

    answers: StoredAnswers
    figures: Figures
    subsets: tuple[Subset, ...]
    roc: CurveSet
    pr: CurveSet
    before: Calibration
    temperature: Temperature | None
    after: Calibration | None

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON-ready figures, without the curves' points."""
        fitted = self.temperature
        return {
            "model": self.answers.model,
            "dataset": self.answers.dataset,
            "split": self.answers.split,
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


def _subsets(store: AnalysisStore) -> tuple[Subset, ...]:
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
        part("without copies of training pictures", Filter(in_train=False), known=told),
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
    subsets = _subsets(store)
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
    )


def no_temperature(model: str, dataset: str, split: str) -> tuple[str, str]:
    """Say why there is no temperature, and the command that changes it (empty where none does)."""
    if split == VALIDATION:
        return "A temperature is fitted on val and shown on other splits: on val itself it would flatter.", ""
    return (
        f"No temperature is offered: it is fitted on val alone, and {model} has no stored answers to that yet.",
        analyze_command(model, dataset, VALIDATION) + " --no-gradcam",
    )

"""Leave-one-subject-out: train anew without each person, and measure on that person alone.

The frames of one person are much alike, so a split by frames measures who is known, not which expression it is. The
answers of all rounds are pooled; their macro F1 and mean recall are the UF1 and UAR of micro-expression challenges
(See et al. 2019, MEGC 2019, doi:10.1109/FG.2019.8756611).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.data.dataset import FaceDataset
from engine.data.splits import SubjectFold, leave_one_subject_out
from engine.errors import DataError, UsageError
from engine.measure.split import predict_dataset
from engine.models.registry import build_model
from engine.records import InputSpec
from engine.statistics.classification import classification_report
from engine.training.loop import Listener, Trainer
from engine.training.sections import Recipe


def measure_without_each(
    recipe: Recipe,
    dataset: FaceDataset,
    spec: InputSpec,
    *,
    folder: Path,
    seed: int = 0,
    device: torch.device | None = None,
    on_fold: Callable[[SubjectFold], None] | None = None,
    listener: Listener | None = None,
) -> dict[str, Any]:
    """Train and measure once for each person; return the document that ``python -m engine loso --json`` prints.

    Args:
        recipe: how to train; it must begin afresh, since other weights may have seen the person.
        dataset: all pictures, with their subjects.
        spec: what the model takes.
        folder: each round's state is kept in a folder of its own below; rounds that are there are not trained again.
        seed: of weights, order, augmentation and dropout of every round.
        device: where to compute, the CPU by default.
        on_fold: told before each round. listener: told after each step.

    Raises:
        DataError: the dataset does not tell people, or has fewer than three.
        UsageError: the recipe begins with other weights or learns from other models, or there are too few pictures.
    """
    if dataset.subjects is None:
        raise DataError(
            f"'{dataset.name}' as it lies here does not tell who is shown; leave-one-subject-out needs samm, or ckplus "
            "with its own names (S010_004_00000019.png)."
        )
    if recipe.model.start_from or recipe.distillation.teachers or recipe.hints.teacher:
        raise UsageError(
            f"Recipe '{recipe.name}' takes over from other models, which may have seen the person left out; "
            "begin afresh, without start_from, teachers and hints."
        )
    where = device or torch.device("cpu")
    predicted = np.full(len(dataset), -1, dtype=np.int64)
    rounds: dict[str, dict[str, Any]] = {}
    for fold in leave_one_subject_out(dataset.subjects, seed=seed):
        if on_fold is not None:
            on_fold(fold)
        torch.manual_seed(seed)
        model = build_model(
            recipe.model.architecture, classes=len(dataset.classes), spec=spec, config=recipe.model.config
        ).to(where)
        trainer = Trainer(
            model,
            recipe,
            spec=spec,
            train=dataset.subset(fold.train),
            val=dataset.subset(fold.val),
            folder=folder / fold.subject,
            seed=seed,
            device=where,
        )
        trainer.resume()
        trainer.run(listener=listener)
        trainer.load_best()
        model.eval()
        predicted[fold.test] = predict_dataset(model, spec, dataset.subset(fold.test)).argmax(axis=1)
        right = int((predicted[fold.test] == dataset.labels[fold.test]).sum())
        rounds[fold.subject] = {"n": len(fold.test), "accuracy": round(right / len(fold.test), 5)}
    return _document(recipe, dataset, predicted, rounds, seed)


def _document(
    recipe: Recipe,
    dataset: FaceDataset,
    predicted: np.ndarray[Any, np.dtype[np.int64]],
    rounds: dict[str, Any],
    seed: int,
) -> dict[str, Any]:
    report = classification_report(dataset.labels, predicted, dataset.classes)
    pooled = report.as_dict()
    there = [row["recall"] for row in report.per_class.values() if row["support"]]
    return {
        "recipe": recipe.name,
        "dataset": dataset.name,
        "clips": recipe.data.clips,
        "protocol": "leave one subject out; other people's pictures chose the epoch; person-independent",
        "person_independent": True,
        "seed": seed,
        "subjects": len(rounds),
        # Frames of a person are no independent draws, so the interval of independent ones would be too narrow.
        **{key: pooled[key] for key in ("classes", "n", "accuracy", "macro_f1", "per_class", "confusion")},
        "mean_recall": round(float(np.mean(there)), 5),
        "per_subject": rounds,
    }

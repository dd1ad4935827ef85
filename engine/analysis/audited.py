"""What a model's stored answers add to an audit: labels that are likely wrong, and accuracy without copies.

Only splits that did not train the model count: confident learning [1] needs out-of-sample probabilities. They are read
from stored analyses (``python -m engine analyze``), whose ``suspicion`` is that of :mod:`engine.analysis.sweep.finish`.

[1] C. G. Northcutt, L. Jiang, I. L. Chuang. Confident Learning: Estimating Uncertainty in Dataset Labels. JAIR 70,
    2021, arXiv:1911.00068.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from engine.analysis.files.places import analysed_splits, analyze_command
from engine.analysis.files.predictions import PredictionSource, find_predictions
from engine.analysis.people import PeopleOnSuspicions, people_on_suspicions
from engine.data.audit.audit import DataAudit
from engine.data.votes.file import VoteFile
from engine.data.votes.join import votes_of
from engine.errors import DataError
from engine.models.checkpoint import find_checkpoint, read_card
from engine.statistics.classification import wilson_interval

Bool = NDArray[np.bool_]

HALVES: Final[tuple[str, ...]] = ("public", "private")
"""Splits that ``test`` holds already; looked at where it was not analysed."""
_COLUMNS: Final = ("id", "label", "correct", "suspicion", "suggested")


@dataclass(frozen=True)
class SuspectLabel:
    """A label that the model finds suspect.

    Attributes:
        id: the picture. split: where it lies. label: what it is labelled. suggested: the class it is counted to.
        score: 1 - p(label), in [0, 1].
    """

    id: str
    split: str
    label: str
    suggested: str
    score: float


@dataclass(frozen=True)
class Share:
    """``right`` of ``n`` answers are right."""

    n: int
    right: int

    def as_dict(self) -> dict[str, Any]:
        """Return n, accuracy and its 95 % Wilson interval, to five digits; None where n is 0."""
        return {
            "n": self.n,
            "accuracy": round(self.right / self.n, 5) if self.n else None,
            "interval": [round(bound, 5) for bound in wilson_interval(self.right, self.n)] if self.n else None,
        }


@dataclass(frozen=True)
class CleanAccuracy:
    """A split's accuracy on all pictures, on those without an exact copy in training, and without a near one either."""

    split: str
    all: Share
    without_copies: Share
    without_near_copies: Share


@dataclass(frozen=True)
class AuditedModel:
    """What a model says about audited data.

    Attributes:
        model: its name.
        splits: the analysed splits that did not train it; ``judged``: how many pictures they have.
        suspects: labels that are likely wrong, most suspect first.
        accuracies: one a split.
        people: how often people confirm the suspicions; None where what they saw is not at hand.
    """

    model: str
    splits: tuple[str, ...]
    judged: int
    suspects: tuple[SuspectLabel, ...]
    accuracies: tuple[CleanAccuracy, ...]
    people: PeopleOnSuspicions | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        people = {} if self.people is None else {"people": self.people.as_dict()}
        return {
            **people,
            "model": self.model,
            "out_of_sample_splits": list(self.splits),
            "judged": self.judged,
            "suspected": len(self.suspects),
            "suspects": [
                {
                    "id": one.id,
                    "split": one.split,
                    "label": one.label,
                    "suggested": one.suggested,
                    "score": round(one.score, 5),
                }
                for one in self.suspects
            ],
            "accuracy": {
                one.split: {
                    "all": one.all.as_dict(),
                    "without_exact_copies_in_train": one.without_copies.as_dict(),
                    "without_exact_or_near_copies_in_train": one.without_near_copies.as_dict(),
                }
                for one in self.accuracies
            },
        }


def held_out_splits(model: str, dataset: str, *, folder: Path | None = None) -> tuple[str, ...]:
    """Return the splits of ``dataset`` that a checkpoint was analysed on and that did not train it, each picture once.

    ``val`` counts, although it may have chosen the epoch: no weight was fitted to it.

    Raises:
        UnknownNameError: no such model.
    """
    checkpoint = find_checkpoint(model, folder)
    analysed = [one.split for one in analysed_splits(checkpoint.parent, [checkpoint.name]) if one.dataset == dataset]
    trained = str(read_card(checkpoint).recipe.get("data", {}).get("train", "train"))
    seen = {"train", "trainval", trained} | ({"val"} if trained == "trainval" else set())
    return tuple(split for split in analysed if split not in seen and not (split in HALVES and "test" in analysed))


def judge(found: DataAudit, model: str, *, folder: Path | None = None, votes: VoteFile | None = None) -> AuditedModel:
    """Join a model's stored answers with an audit.

    Args:
        found: the audit. model: a checkpoint's name or path.
        folder: where names are looked up; default the checkpoints' folder.
        votes: what people saw in the pictures, where that is at hand.

    Raises:
        UnknownNameError: no such model.
        DataError: it was not analysed on a split that did not train it, or on other pictures than these.
    """
    dataset = found.pictures.name
    splits = held_out_splits(model, dataset, folder=folder)
    name = find_checkpoint(model, folder).name
    if not splits:
        raise DataError(
            f"'{name}' has no analysis of a split of {dataset} that it was not trained on, which likely wrong labels "
            f"are found by; make it with: {analyze_command(name, dataset, 'test')}"
        )
    positions = {picture_id: number for number, picture_id in enumerate(found.pictures.ids)}
    suspects: list[SuspectLabel] = []
    answered: list[dict[str, list[Any]]] = []
    accuracies = []
    judged = 0
    for split in splits:
        (source,) = find_predictions([model], dataset, split, folder=folder)
        rows = _read(source)
        missing = next((picture_id for picture_id in rows["id"] if picture_id not in positions), None)
        if missing is not None:
            raise DataError(
                f"The analysis '{dataset}-{split}' of '{name}' is of other pictures than these, for example "
                f"'{missing}'; make it again with: {analyze_command(name, dataset, split, force=True)}"
            )
        at = np.array([positions[picture_id] for picture_id in rows["id"]], np.int64)
        answered.append(rows)
        right = np.array(rows["correct"], np.bool_)
        judged += len(at)
        suspects += [
            SuspectLabel(picture_id, split, label, suggested, float(score))
            for picture_id, label, suggested, score in zip(
                rows["id"], rows["label"], rows["suggested"], rows["suspicion"], strict=True
            )
            if suggested is not None
        ]
        accuracies.append(
            CleanAccuracy(
                split,
                _share(right, np.ones(len(at), np.bool_)),
                _share(right, ~found.copied[at]),
                _share(right, ~(found.copied | found.nearly_copied)[at]),
            )
        )
    suspects.sort(key=lambda one: (-one.score, one.id))
    people = None if votes is None else _people(answered, found.pictures.classes, votes)
    return AuditedModel(name, splits, judged, tuple(suspects), tuple(accuracies), people)


def _people(answered: list[dict[str, list[Any]]], classes: tuple[str, ...], votes: VoteFile) -> PeopleOnSuspicions:
    place = {name: index for index, name in enumerate(classes)} | {None: -1}
    labels, suggested = (
        np.array([place[name] for rows in answered for name in rows[column]], np.int64)
        for column in ("label", "suggested")
    )
    ids = [picture_id for rows in answered for picture_id in rows["id"]]
    return people_on_suspicions(votes_of(ids, votes), labels, suggested, classes)


def _share(right: Bool, chosen: Bool) -> Share:
    return Share(int(chosen.sum()), int(right[chosen].sum()))


def _read(source: PredictionSource) -> dict[str, list[Any]]:
    try:
        rows: dict[str, list[Any]] = pq.read_table(source.file, columns=list(_COLUMNS)).to_pydict()
    except (OSError, pa.ArrowException) as error:
        raise source.damaged() from error
    return rows

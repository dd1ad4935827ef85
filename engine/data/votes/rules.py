"""From ten votes to a label or a distribution, by the rules of FER+'s paper.

[1] E. Barsoum, C. Zhang, C. Canton Ferrer, Z. Zhang. Training Deep Networks for Facial Expression Recognition with
    Crowd-Sourced Label Distribution. ICMI 2016, arXiv:1608.01041, section 4, and the authors' published reader.

What is taken from [1]: an emotion that one voter alone chose is an outlier and is removed (an option here); the
*majority* must then hold more than half of the votes that are left, "unknown" and "no face" counted; pictures whose
majority is one of these two, or that have none, are left out, so a tie never becomes a label; with *multi* every
emotion with 30 % of the votes or more is equally right.

Departures. An exact copy's votes add up, so "one voter" is one in ten. With *probability* every emotion that is left
keeps its share, where the authors' reader stops at the first that hold three quarters together. Of *multi*, "unknown"
and "no face" are never among the accepted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.data.votes.file import EMOTION_VOTES, VOTE_COLUMNS
from engine.errors import UnknownNameError
from engine.labels import EMOTIONS, VOCABULARY
from engine.records import Float32

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

CLASSES: Final[dict[int, tuple[str, ...]]] = {7: EMOTIONS, 8: VOCABULARY}
"""FER+ has contempt as an eighth class; without it a model has the classes of FER2013."""

ACCEPTED: Final = 0.3
"""The share of the votes that makes an emotion one of several right ones [1]."""

TARGETS: Final[dict[str, str]] = {
    "majority": "the emotion with more than half of the votes",
    "probability": "each emotion's share of the votes",
    "multi": "every emotion with 30 % of the votes or more",
}
OUTLIERS: Final[dict[str, str]] = {
    "removed": "an emotion that one voter in ten chose is removed",
    "kept": "single votes are kept",
}


@dataclass(frozen=True)
class VoteChoice:
    """How votes become labels and targets.

    Attributes:
        file: FER+'s file; None for the one that :func:`engine.data.votes.file.find_votes` finds.
        target: a key of :data:`TARGETS`.
        classes: 7, or 8 with contempt.
        outliers: ``removed``, an emotion that one voter in ten or fewer chose [1], or ``kept``.
        weight: the votes' part of the target, in (0, 1]; the rest is the picture's own label.
    """

    file: Path | None = None
    target: str = "majority"
    classes: int = 8
    outliers: str = "removed"
    weight: float = 1.0

    def __post_init__(self) -> None:
        if self.target not in TARGETS:
            raise UnknownNameError("target made of votes", self.target, TARGETS)
        if self.classes not in CLASSES:
            raise UnknownNameError("number of classes", str(self.classes), map(str, CLASSES))
        if self.outliers not in OUTLIERS:
            raise UnknownNameError("way with outliers", self.outliers, OUTLIERS)

    def in_words(self) -> str:
        """Return the rule as part of a sentence."""
        return f"{TARGETS[self.target]}; {OUTLIERS[self.outliers]}; {self.classes} classes"

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, without the file's place."""
        return {
            "target": self.target,
            "classes": self.classes,
            "outliers": self.outliers,
            "weight": self.weight,
            "rule": self.in_words(),
        }


@dataclass(frozen=True, eq=False)
class VoteLabels:
    """What a rule makes of the votes on N pictures, over K classes.

    Attributes:
        labels: int64 (N,), the class with the most votes (of a tie, which *majority* never labels, the first in the
            file's order), or -1 for a picture that is left out.
        targets: float32 (N, K), rows sum to 1; all 0 for a picture that is left out.
        reasons: why each picture is left out, empty for one that is not.
    """

    labels: Int64
    targets: Float32
    reasons: tuple[str, ...]

    def left_out(self) -> dict[str, int]:
        """Return how many pictures are left out for which reason, commonest first."""
        return dict(Counter(reason for reason in self.reasons if reason).most_common())


def without_outliers(counts: Int64) -> Int64:
    """Return votes (N, 10) without what one voter in ten or fewer said."""
    total = counts.sum(axis=1, keepdims=True)
    return np.asarray(np.where(counts * 10 > np.maximum(total, 10), counts, 0))


def columns_of(classes: tuple[str, ...]) -> list[int]:
    """Return where each of K class names stands among the votes' columns."""
    return [VOTE_COLUMNS.index(name) for name in classes]


def most_votes(counts: Int64) -> Int64:
    """Return the emotion with the most votes of N pictures, int64 (N,), an index of the votes' columns; -1 without any.

    No outlier is removed and no majority asked for; of a tie it is the first in the file's order.
    """
    emotions = counts[:, :EMOTION_VOTES]
    return np.where(emotions.sum(axis=1) > 0, emotions.argmax(axis=1), -1).astype(np.int64)


def tied(counts: Int64) -> Bool:
    """Say of N pictures whether two emotions or more have the most votes, bool (N,)."""
    emotions = counts[:, :EMOTION_VOTES]
    most = emotions.max(axis=1, keepdims=True)
    return np.asarray(((emotions == most).sum(axis=1) > 1) & (most[:, 0] > 0), np.bool_)


def shares(counts: Int64, classes: tuple[str, ...]) -> Float64:
    """Return each class's share of the votes for the classes, float64 (N, K); a row without any is all 0."""
    own = counts[:, columns_of(classes)].astype(np.float64)
    total = own.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(own, total, out=np.zeros_like(own), where=total > 0))


def label_by(choice: VoteChoice, counts: Int64) -> VoteLabels:
    """Apply a rule to votes, int64 (N, 10)."""
    classes = CLASSES[choice.classes]
    places = columns_of(classes)
    left = without_outliers(counts) if choice.outliers == "removed" else counts
    total = left.sum(axis=1)
    own = left[:, places]
    if choice.target == "majority":
        accepted = own * (2 * own > total[:, None])
        targets = (accepted > 0).astype(np.float64)
    elif choice.target == "probability":
        accepted = own
        targets = shares(left, classes)
    else:
        accepted = own * (own >= ACCEPTED * total[:, None])
        several = (accepted > 0).astype(np.float64)
        targets = several / np.maximum(several.sum(axis=1, keepdims=True), 1)
    enough = 2 * accepted.sum(axis=1) > total
    # The file's order decides a tie, so that the label is the one of `most_votes`.
    order = np.argsort(places)
    labels = np.where(enough, order[accepted[:, order].argmax(axis=1)], -1)
    reasons = tuple(
        "" if fits else _why(row, rest, set(places), alone=choice.target == "majority")
        for fits, row, rest in zip(enough, counts, left, strict=True)
    )
    return VoteLabels(labels.astype(np.int64), np.where(enough[:, None], targets, 0.0).astype(np.float32), reasons)


def _why(counts: Int64, left: Int64, places: set[int], *, alone: bool) -> str:
    """Say why a picture has no label: by what most people said, where that is no class here.

    ``alone``: one emotion had to have the majority, so that a tie is a reason.
    """
    if not counts.any():
        return "no votes"
    most = int(left.argmax())
    if 2 * left[most] > left.sum() and most not in places:
        return VOTE_COLUMNS[most]
    return "tie" if alone and (left == left[most]).sum() > 1 else "no majority"


def votes_in_words(counts: Int64) -> str:
    """Return one picture's votes (10,) as ``happy 4, sad 4, unknown 2``, most first."""
    order = np.argsort(-counts, kind="stable")
    return ", ".join(f"{VOTE_COLUMNS[index]} {counts[index]}" for index in order if counts[index])

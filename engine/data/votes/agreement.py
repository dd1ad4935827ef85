"""How much people agree about a picture, and with whom they side where a model and the label do not."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.data.votes.file import EMOTION_VOTES
from engine.data.votes.rules import columns_of

Int64 = NDArray[np.int64]

AGREEMENTS: Final[dict[str, str]] = {
    "unanimous": "everybody saw the same emotion",
    "clear": "more than half saw the same emotion",
    "contested": "no emotion has more than half of the votes",
}
SIDES: Final[dict[str, str]] = {
    "model": "more people saw what the model answers than what the label says",
    "label": "more people saw what the label says than what the model answers",
    "neither": "equally many saw the one and the other, or nobody saw either",
}


def agreement_of(counts: Int64) -> Int64:
    """Return an index of :data:`AGREEMENTS` for N pictures with votes (N, 10); -1 where nobody saw an emotion.

    "Unknown" and "no face" count among the votes.
    """
    most, total = counts[:, :EMOTION_VOTES].max(axis=1, initial=0), counts.sum(axis=1)
    level = np.where(most == total, 0, np.where(2 * most > total, 1, 2))
    return np.where(most > 0, level, -1).astype(np.int64)


def sides_of(counts: Int64, answers: Int64, labels: Int64, classes: tuple[str, ...]) -> Int64:
    """Return an index of :data:`SIDES` for N pictures.

    Args:
        counts: votes (N, 10). answers, labels: int64 (N,), indices of ``classes``.
    """
    rows, columns = np.arange(len(counts)), np.array(columns_of(classes))
    for_answer, for_label = counts[rows, columns[answers]], counts[rows, columns[labels]]
    return np.where(for_answer > for_label, 0, np.where(for_answer < for_label, 1, 2)).astype(np.int64)

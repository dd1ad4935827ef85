"""What people saw, as columns of a store: joined when an analysis is read, since no analysis holds anybody's votes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.data.votes.agreement import AGREEMENTS, SIDES, agreement_of, sides_of
from engine.data.votes.file import VOTE_COLUMNS, VoteFile
from engine.data.votes.join import WITH_VOTES, votes_of
from engine.data.votes.rules import most_votes, shares
from engine.labels import VOCABULARY
from engine.statistics.distributions import entropy_nats

Int64 = NDArray[np.int64]


def vote_column(name: str) -> str:
    """Return the store's column of how many people said ``name``, one of ``VOTE_COLUMNS``."""
    return f"votes_{name.replace(' ', '_')}"


OF_PICTURE: Final[dict[str, str]] = {
    "majority": "text",
    "agreement": "text",
    "voters_entropy": "number",
    **{vote_column(name): "number" for name in VOTE_COLUMNS},
}
"""Column of a picture → its kind: the emotion that most people saw (of a tie the first in FER+'s order), a key of
``AGREEMENTS``, the entropy (nats) of the votes for the eight emotions, and the ten counts. All but the counts are null
for a picture in which nobody saw an emotion."""

OF_MODEL: Final[dict[str, str]] = {"side": "text", "as_people": "flag"}
"""Column of a model → its kind: with whom people side, a key of ``SIDES``, null where the model answers what the label
says; and whether it answers what most people saw. Both are null where nobody saw an emotion."""


def has_votes(dataset: str) -> bool:
    """Say whether people voted on the pictures of a data set."""
    return dataset in WITH_VOTES


def picture_columns(ids: Sequence[str], votes: VoteFile) -> tuple[Int64, pa.Table]:
    """Return the votes on N pictures, int64 (N, 10), and the columns of :data:`OF_PICTURE`.

    Raises:
        DataError: the votes do not belong to these pictures.
    """
    counts = votes_of(ids, votes)
    most, level = most_votes(counts), agreement_of(counts)
    unseen = most < 0
    entropy = entropy_nats(shares(counts, VOCABULARY)).astype(np.float32)
    table = {
        "majority": _named(VOTE_COLUMNS, most, unseen),
        "agreement": _named(tuple(AGREEMENTS), level, unseen),
        "voters_entropy": pa.array(entropy, mask=unseen),
    }
    for column, name in enumerate(VOTE_COLUMNS):
        table[vote_column(name)] = pa.array(counts[:, column].astype(np.int32))
    return counts, pa.table(table)


def model_columns(counts: Int64, labels: Int64, answers: Int64, classes: tuple[str, ...]) -> pa.Table:
    """Return the columns of :data:`OF_MODEL` for one model.

    Args:
        counts: (N, 10). labels, answers: int64 (N,), indices of ``classes``.
    """
    most = most_votes(counts)
    columns = np.array([VOTE_COLUMNS.index(name) for name in classes])
    unseen = most < 0
    side = _named(tuple(SIDES), sides_of(counts, answers, labels, classes), unseen | (answers == labels))
    return pa.table({"side": side, "as_people": pa.array(columns[answers] == most, mask=unseen)})


def _named(names: tuple[str, ...], indices: Int64, unseen: NDArray[np.bool_]) -> pa.Array:
    text = np.array(names, dtype=object)[np.maximum(indices, 0)]
    return pa.array(text.tolist(), type=pa.string(), mask=unseen)

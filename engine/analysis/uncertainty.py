"""Whose uncertainty is it? A model's entropy beside the entropy of the people who voted on the same pictures.

Where the two rise together, the model is unsure of what is hard to see; where it is sure and people are not, it has
learnt something that they do not see, or is wrong about how much there is to see.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.analysis.evaluation import StoredAnswers
from engine.data.votes.file import EMOTION_VOTES, VOTE_COLUMNS
from engine.data.votes.rules import most_votes, shares
from engine.errors import UsageError
from engine.labels import VOCABULARY
from engine.statistics.correlation import Correlation, rank_correlation
from engine.statistics.distributions import entropy_nats

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

MOST: Final = 60
"""Pictures in each of the two lists, at most."""


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """A model's uncertainty beside people's, over N pictures in which somebody saw an emotion.

    Attributes:
        classes: the model's.
        ids: N. labels, majority: int64 (N,), the label (an index of ``classes``) and what most people saw (an index of
            the votes' columns).
        model_bits, people_bits: float64 (N,), entropy of the answer and of the votes for the eight emotions, in bits.
        overall: their rank correlation. by_class: what most people saw → the same among those pictures.
        sure_alone: ids where the model is sure and people are not, the largest gap of ranks first.
        unsure_alone: the reverse.
    """

    classes: tuple[str, ...]
    ids: tuple[str, ...]
    labels: Int64
    majority: Int64
    model_bits: Float64
    people_bits: Float64
    overall: Correlation
    by_class: dict[str, Correlation]
    sure_alone: tuple[str, ...]
    unsure_alone: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready figures."""
        return {
            "n": len(self.ids),
            "mean_bits": {
                "model": round(float(self.model_bits.mean()), 5),
                "people": round(float(self.people_bits.mean()), 5),
            },
            "rank_correlation": self.overall.as_dict(),
            "by_majority": {name: one.as_dict() for name, one in self.by_class.items()},
            "model_sure_people_not": list(self.sure_alone),
            "people_sure_model_not": list(self.unsure_alone),
        }


def whose_uncertainty(answers: StoredAnswers, votes: Int64, *, most: int = MOST) -> Uncertainty:
    """Set a model's entropy beside the voters'.

    Args:
        answers: to N pictures. votes: int64 (N, 10), on the same. most: how many ids each list has at most.

    Raises:
        UsageError: nobody saw an emotion in any of them.
    """
    seen = votes[:, :EMOTION_VOTES].any(axis=1)
    if not seen.any():
        raise UsageError("Expected a picture in which somebody saw an emotion, got none; choose another split.")
    own, people = (
        entropy_nats(values[seen]) / np.log(2) for values in (answers.probabilities, shares(votes, VOCABULARY))
    )
    majority = most_votes(votes)[seen]
    ids = np.array(answers.ids, dtype=object)[seen]
    # Ranks, since the two entropies are on different scales; -1 (sure alone) to 1.
    gap = _midrank(own) - _midrank(people)
    order = np.argsort(gap, kind="stable")
    return Uncertainty(
        classes=answers.classes,
        ids=tuple(ids),
        labels=answers.labels[seen],
        majority=majority,
        model_bits=own,
        people_bits=people,
        overall=rank_correlation(own, people),
        by_class={
            name: rank_correlation(own[majority == column], people[majority == column])
            for column, name in sorted(enumerate(VOTE_COLUMNS[:EMOTION_VOTES]), key=lambda item: item[1])
            if (majority == column).any()
        },
        sure_alone=tuple(ids[index] for index in order[:most] if gap[index] < 0),
        unsure_alone=tuple(ids[index] for index in order[::-1][:most] if gap[index] > 0),
    )


def _midrank(values: Float64) -> Float64:
    """Return each value's place among all, in (0, 1); equal ones share their mean place."""
    below = np.searchsorted(np.sort(values), values, side="left")
    upto = np.searchsorted(np.sort(values), values, side="right")
    return np.asarray((below + upto) / (2 * len(values)))

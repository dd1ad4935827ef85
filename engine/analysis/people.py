"""What people saw beside stored answers: on a model's mistakes, on the labels, and on labels that it finds suspect.

Everything here joins FER+'s votes when it is asked, since no stored file holds them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.analysis.evaluation import StoredAnswers, stored_answers
from engine.analysis.store.query import Column, Filter
from engine.analysis.store.store import EVERYTHING, AnalysisStore
from engine.analysis.store.voted import vote_column
from engine.analysis.uncertainty import whose_uncertainty
from engine.data.votes.agreement import AGREEMENTS, SIDES
from engine.data.votes.file import EMOTION_VOTES, VOTE_COLUMNS
from engine.data.votes.rules import columns_of, most_votes
from engine.errors import UsageError
from engine.labels import VOCABULARY
from engine.measure.nearer import Nearer, nearer_to_people
from engine.measure.votes import report_on_votes
from engine.statistics.classification import wilson_interval

Int64 = NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """``count`` of ``n`` pictures."""

    count: int
    n: int

    @property
    def share(self) -> float | None:
        """Their share in [0, 1], None of none."""
        return self.count / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float]:
        """The share's 95 % Wilson interval."""
        return wilson_interval(self.count, self.n)

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, five digits."""
        share = self.share
        return {
            "count": self.count,
            "n": self.n,
            "share": None if share is None else round(share, 5),
            "interval": [round(end, 5) for end in self.interval] if self.n else None,
        }


@dataclass(frozen=True)
class PeopleOnMistakes:
    """What people say of a model's mistakes by the label.

    Attributes:
        mistakes: how many there are.
        judged: those whose majority is one of the model's classes; of the others nothing is said.
        sides: a key of ``SIDES`` → how many of the judged.
        mistakes_too: of the judged, where the model does not answer what most people saw either.
        agreement: a key of ``AGREEMENTS`` → how many of the judged.
        unanimous_wrong: pictures, whatever their label, in which everybody saw one emotion and the model another.
    """

    mistakes: int
    judged: int
    sides: dict[str, Part]
    mistakes_too: Part
    agreement: dict[str, Part]
    unanimous_wrong: int

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "mistakes": self.mistakes,
            "judged": self.judged,
            "side_with": {name: part.as_dict() for name, part in self.sides.items()},
            "mistakes_too": self.mistakes_too.as_dict(),
            "agreement": {name: part.as_dict() for name, part in self.agreement.items()},
            "unanimous_wrong": self.unanimous_wrong,
        }


def people_on_mistakes(
    store: AnalysisStore, where: Filter = EVERYTHING, *, model: str | None = None
) -> PeopleOnMistakes:
    """Say what people make of the mistakes of one model among the pictures of ``where``.

    Raises:
        UsageError: what people saw is not known here.
    """
    _require(store)
    of = replace(where, model=model)
    wrong = replace(of, correct=False)
    known = replace(wrong, majority=where.majority or store.classes)
    judged = store.count(known)

    def part(**asked: Any) -> Part:
        return Part(store.count(replace(known, **asked)), judged)

    return PeopleOnMistakes(
        mistakes=store.count(wrong),
        judged=judged,
        sides={name: part(side=(name,)) for name in SIDES},
        mistakes_too=part(as_people=False),
        agreement={name: part(agreement=(name,)) for name in AGREEMENTS},
        unanimous_wrong=store.count(replace(of, agreement=("unanimous",), as_people=False, correct=None)),
    )


def votes_in(store: AnalysisStore, where: Filter = EVERYTHING) -> Int64:
    """Return the votes on the store's pictures in the data set's order, int64 (N, 10).

    Raises:
        UsageError: what people saw is not known here.
    """
    _require(store)
    table = store.rows(where, columns=[Column(vote_column(name)) for name in VOTE_COLUMNS], limit=None).table
    return np.stack([np.asarray(column.to_numpy(), np.int64) for column in table.columns], axis=1)


def stored_vote_report(store: AnalysisStore, *, temperature: float | None = None) -> dict[str, Any]:
    """Return what :func:`engine.measure.votes.report_on_votes` says of the answers of a store's first model.

    Raises:
        UsageError: what people saw is not known here.
    """
    answers = stored_answers(store)
    votes = votes_in(store)
    return report_on_votes(votes, answers.probabilities, answers.labels, answers.classes, temperature=temperature)


def nearer_in_store(store: AnalysisStore) -> Nearer:
    """Return which of a store's two models is nearer to what people saw.

    Raises:
        UsageError: the store has not two models, or what people saw is not known here.
        DataError: nobody saw an emotion in any of its pictures.
    """
    if len(store.models) != 2:
        raise UsageError(f"Expected two models to compare, got {len(store.models)}; open the store with two.")
    votes = votes_in(store)
    answers = []
    for model in store.models:
        columns = [Column(f"p_{name}", model) for name in store.classes]
        table = store.rows(columns=columns, limit=None).table
        answers.append(np.stack([np.asarray(column.to_numpy(), np.float64) for column in table.columns], axis=1))
    return nearer_to_people((store.models[0], store.models[1]), votes, answers[0], answers[1], store.classes)


def labels_by_majority(labels: Int64, votes: Int64, classes: tuple[str, ...]) -> Int64:
    """Return how many pictures of each label most people saw as each emotion: int64 (K, 8), columns ``VOCABULARY``.

    Args:
        labels: int64 (N,), indices of ``classes``. votes: int64 (N, 10). Pictures in which nobody saw an emotion are
            left out.
    """
    most = most_votes(votes)
    column = np.argsort(columns_of(VOCABULARY))  # from the votes' order to the vocabulary's
    matrix = np.zeros((len(classes), len(VOCABULARY)), np.int64)
    seen = most >= 0
    np.add.at(matrix, (labels[seen], column[most[seen]]), 1)
    return matrix


@dataclass(frozen=True)
class PeopleOnSuspicions:
    """How often people confirm that a label is wrong, where a model says so.

    Attributes:
        confirmed: suspect labels of which more people saw the suggested class than the label.
        not_majority: suspect labels that are not what most people saw. base: the same among all labels: what a
            suspicion at random would find.
    """

    confirmed: Part
    not_majority: Part
    base: Part

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "confirmed": self.confirmed.as_dict(),
            "label_is_not_majority": self.not_majority.as_dict(),
            "label_is_not_majority_among_all": self.base.as_dict(),
        }


def people_on_suspicions(votes: Int64, labels: Int64, suggested: Int64, classes: tuple[str, ...]) -> PeopleOnSuspicions:
    """Compare suspicions with votes.

    Args:
        votes: int64 (N, 10). labels: int64 (N,), indices of ``classes``.
        suggested: int64 (N,), the class that a picture is counted to, -1 where its label is not suspect. Pictures in
            which nobody saw an emotion are left out.
    """
    seen = np.asarray(votes[:, :EMOTION_VOTES].any(axis=1), np.bool_)
    suspect = seen & (suggested >= 0)
    columns, rows = np.array(columns_of(classes)), np.arange(len(votes))
    more = votes[rows, columns[suggested]] > votes[rows, columns[labels]]
    other = np.asarray(most_votes(votes) != columns[labels], np.bool_)

    def part(hit: NDArray[np.bool_], among: NDArray[np.bool_]) -> Part:
        return Part(int((hit & among).sum()), int(among.sum()))

    return PeopleOnSuspicions(part(more, suspect), part(other, suspect), part(other, seen))


def _require(store: AnalysisStore) -> None:
    if store.no_votes:
        raise UsageError(store.no_votes)


def people_seen(store: AnalysisStore, answers: StoredAnswers, *, temperature: float | None = None) -> dict[str, Any]:
    """Return all that a report says of people's votes, JSON-ready: the figures, the mistakes, and whose uncertainty.

    Args:
        store: opened with votes. answers: of its first model. temperature: fitted to the votes on ``val``, if one was.

    Raises:
        UsageError: what people saw is not known here.
    """
    votes = votes_in(store)
    return {
        **report_on_votes(votes, answers.probabilities, answers.labels, answers.classes, temperature=temperature),
        "unanimous_wrong": people_on_mistakes(store).unanimous_wrong,
        "uncertainty": whose_uncertainty(answers, votes).as_dict(),
    }

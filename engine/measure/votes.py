"""What people saw, beside what the label says: a model's answers to a split measured against FER+'s votes.

Right is what most people saw: the emotion with the most votes, no outlier removed and no majority asked for, and of a
tie the first in the file's order. (The majority by FER+'s paper, which keeps fewer pictures, is reported as well.)
Distributions are over the model's classes: votes for others, "unknown" and "no face" do not count there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data.dataset import FaceDataset
from engine.data.votes.agreement import AGREEMENTS, SIDES, agreement_of, sides_of
from engine.data.votes.ferplus import FERPLUS
from engine.data.votes.file import EMOTION_VOTES, VOTE_COLUMNS
from engine.data.votes.rules import VoteChoice, columns_of, label_by, most_votes, shares, tied
from engine.labels import VOCABULARY
from engine.records import RunCard
from engine.statistics.classification import wilson_interval
from engine.statistics.distributions import (
    cross_entropy_nats,
    entropy_nats,
    jensen_shannon_distance,
    tempered,
)
from engine.statistics.intervals import bootstrap_means
from engine.statistics.voters import answer_agreement, voter_agreement

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Voted:
    """N pictures that somebody saw an emotion in.

    ``counts`` int64 (N, 10); ``answers`` and ``most``, int64 (N,), are columns of the votes, and so are ``labels``, or
    None where the labels are the votes' own; ``probabilities`` float64 (N, K).
    """

    classes: tuple[str, ...]
    counts: Int64
    probabilities: Float64
    answers: Int64
    most: Int64
    labels: Int64 | None


def vote_report(dataset: FaceDataset, probabilities: Float32, *, temperature: float | None = None) -> dict[str, Any]:
    """Return the JSON-ready figures of a model's answers against the votes, as :func:`report_on_votes` does.

    Args:
        dataset: N pictures with votes, labels of the model's classes.
        probabilities: (N, K), the model's.
        temperature: that was fitted to the votes on ``val``; the distances are reported with it, too.

    Raises:
        ValueError: the dataset has no votes, or none for an emotion.
    """
    if dataset.votes is None:
        raise ValueError("expected a dataset with votes, got one without")
    labels = None if dataset.name == FERPLUS else dataset.labels
    return report_on_votes(dataset.votes, probabilities, labels, dataset.classes, temperature=temperature)


def report_on_votes(
    votes: Int64,
    probabilities: Float32 | Float64,
    labels: Int64 | None,
    classes: tuple[str, ...],
    *,
    temperature: float | None = None,
) -> dict[str, Any]:
    """Return the JSON-ready figures of answers to N pictures against people's votes.

    Args:
        votes: int64 (N, 10). probabilities: (N, K), the model's, over ``classes``.
        labels: int64 (N,), indices of ``classes``; None where the labels are the votes' own.
        temperature: see :func:`vote_report`.

    Raises:
        ValueError: there is no vote for an emotion.
    """
    most = most_votes(votes)
    some = most >= 0
    if not some.any():
        raise ValueError("expected a vote for an emotion on one picture or more, got none")
    columns = np.array(columns_of(classes))
    voted = _Voted(
        classes,
        votes[some],
        probabilities[some].astype(np.float64),
        columns[probabilities[some].argmax(axis=1)],
        most[some],
        None if labels is None else columns[labels[some]],
    )
    right = voted.answers == voted.most
    return {
        "n": len(voted.most),
        "without_votes": int((~votes.any(axis=1)).sum()),
        "without_emotion": int((~some & votes.any(axis=1)).sum()),
        "ties": int(tied(voted.counts).sum()),
        "majorities": _by_class(voted.most),
        "accuracy_on_majority": _share(right),
        "by_agreement": _by_agreement(voted, right),
        "paper_majority": _paper(voted),
        **_against_label(voted),
        "distributions": _distributions(voted, temperature),
        "human_ceiling": _ceiling(voted),
    }


def fitted_temperature(card: RunCard) -> float | None:
    """Return the temperature that was fitted to the votes on ``val`` after training; None where none was."""
    for document in card.metrics.values():
        fitted = document.get("vote_temperature")
        if isinstance(fitted, dict):
            return float(fitted["value"])
    return None


def _share(right: Bool) -> dict[str, Any]:
    """Return a share with its 95 % Wilson interval."""
    n, hit = len(right), int(right.sum())
    low, high = wilson_interval(hit, n)
    return {
        "count": hit,
        "n": n,
        "share": round(hit / n, 5) if n else None,
        "interval": [round(low, 5), round(high, 5)] if n else None,
    }


def _by_class(columns: Int64) -> dict[str, int]:
    counts = np.bincount(columns, minlength=EMOTION_VOTES)
    return {VOTE_COLUMNS[column]: int(counts[column]) for column in np.argsort(-counts, kind="stable")}


def _by_agreement(voted: _Voted, right: Bool) -> dict[str, Any]:
    level = agreement_of(voted.counts)
    found = {}
    for index, name in enumerate(AGREEMENTS):
        inside = level == index
        found[name] = {"accuracy_on_majority": _share(right[inside])}
        if voted.labels is not None:
            found[name]["label_is_majority"] = _share((voted.labels == voted.most)[inside])
            found[name]["accuracy_on_label"] = _share((voted.answers == voted.labels)[inside])
    return found


def _paper(voted: _Voted) -> dict[str, Any]:
    """Return the accuracy against the majority by the rules of FER+'s paper, contempt included."""
    choice = VoteChoice()
    labels = label_by(choice, voted.counts).labels
    kept = labels >= 0
    own = np.array(columns_of(VOCABULARY))[labels[kept]]
    return {"rule": choice.in_words(), **_share(voted.answers[kept] == own)}


def _against_label(voted: _Voted) -> dict[str, Any]:
    """Return how label, model and people stand to each other; nothing where the label is the people's."""
    if voted.labels is None:
        return {}
    wrong = voted.answers != voted.labels
    known = np.isin(voted.most, columns_of(voted.classes))
    part = wrong & known
    # Indices of the votes' emotions, so that no class is lost on the way.
    emotions = VOTE_COLUMNS[:EMOTION_VOTES]
    side = sides_of(voted.counts[part], voted.answers[part], voted.labels[part], emotions)
    return {
        "label_is_majority": _share(voted.labels == voted.most),
        "accuracy_on_label": _share(~wrong),
        "mistakes": {
            "n": int(part.sum()),
            "left_out": int((wrong & ~known).sum()),
            "side_with": {name: {"words": SIDES[name], **_share(side == index)} for index, name in enumerate(SIDES)},
            "majority_says_so_too": _share((voted.answers != voted.most)[part]),
        },
    }


def _distributions(voted: _Voted, temperature: float | None) -> dict[str, Any]:
    votes = shares(voted.counts, voted.classes)
    some = votes.sum(axis=1) > 0
    votes, answers = votes[some], voted.probabilities[some]

    def distances(of: Float64) -> dict[str, Any]:
        entropy, distance = bootstrap_means(
            np.stack([cross_entropy_nats(votes, of), jensen_shannon_distance(votes, of)], axis=1)
        )
        return {"cross_entropy_nats": entropy.as_dict(), "jensen_shannon_distance": distance.as_dict()}

    return {
        "n": len(votes),
        "entropy_of_votes_nats": round(float(entropy_nats(votes).mean()), 5),
        **distances(answers),
        "tempered": None
        if temperature is None
        else {"temperature": round(temperature, 4), **distances(tempered(answers, temperature))},
    }


def _ceiling(voted: _Voted) -> dict[str, Any]:
    """Return how well a voter, the label and the model agree with the other voters, all on the same pictures."""
    emotions = voted.counts[:, :EMOTION_VOTES]
    columns = {"voter": voter_agreement(emotions), "model": answer_agreement(emotions, voted.answers)}
    if voted.labels is not None:
        columns["label"] = answer_agreement(emotions, voted.labels)
        columns["model_minus_label"] = columns["model"] - columns["label"]
    columns["model_minus_voter"] = columns["model"] - columns["voter"]
    estimates = bootstrap_means(np.stack(list(columns.values()), axis=1))
    return {name: estimate.as_dict() for name, estimate in zip(columns, estimates, strict=True)}

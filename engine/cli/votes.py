"""What commands share about people's votes: finding them, and the words for what they say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.table import Table

from engine.cli.common import note
from engine.data.dataset import FaceDataset
from engine.data.votes.file import WHERE, VoteFile, find_votes, read_votes
from engine.data.votes.join import WITH_VOTES, votes_of
from engine.errors import UsageError
from engine.measure.nearer import Nearer


def add_votes(dataset: FaceDataset, given: Path | None, data: Path | None) -> FaceDataset:
    """Return ``dataset`` with people's votes where they are here; where they could be, say how to get them.

    Raises:
        UsageError: votes were given for another dataset. DataError: they do not belong to these pictures.
    """
    if dataset.votes is not None:
        return dataset
    votes = votes_at_hand(dataset.name, given, data)
    return dataset if votes is None else replace(dataset, votes=votes_of(dataset.ids, votes))


def votes_at_hand(dataset: str, given: Path | None, data: Path | None) -> VoteFile | None:
    """Return FER+'s file where it is here; where it could be of use, say how to get it.

    Raises:
        UsageError: it was given for another dataset. DataError: it cannot be read.
    """
    if dataset not in WITH_VOTES:
        if given is not None:
            raise UsageError(f"--votes is for {' and '.join(WITH_VOTES)}; '{dataset}' has none.")
        return None
    file = find_votes(given, data)
    if file is None:
        note(f"What people saw in these pictures is not reported: {WHERE}")
        return None
    return read_votes(file)


def suspicion_sentences(people: dict[str, Any]) -> list[str]:
    """Return how often people confirm a model's suspicions, as lines of text."""
    confirmed, other, base = (
        people[name] for name in ("confirmed", "label_is_not_majority", "label_is_not_majority_among_all")
    )
    return [
        f"people confirm {_of(confirmed)} of these suspicions (n = {confirmed['n']:,}): more saw the class suggested",
        f"{_of(other)} of the suspect labels are not what most people saw, {_of(base)} of all labels",
    ]


def vote_sentences(model: str, votes: dict[str, Any]) -> str:
    """Return a report's main figures as lines of text."""
    lines = [
        f"what people saw (n = {votes['n']:,}): {model} says what most saw in {_of(votes['accuracy_on_majority'])}"
    ]
    if "label_is_majority" in votes:
        lines[0] += f", the label in {_of(votes['label_is_majority'])}"
    ceiling = votes["human_ceiling"]
    said = {"voter": "one voter", "label": "the label", "model": model}
    parts = [f"{said[name]} {_mean(ceiling[name])}" for name in said if name in ceiling]
    lines.append(f"agreement with the other voters: {', '.join(parts)}")
    if "mistakes" in votes:
        wrong = votes["mistakes"]
        sides = wrong["side_with"]
        lines.append(
            f"of {wrong['n']:,} mistakes by the label, people side with {model} in {_of(sides['model'])}, "
            f"with the label in {_of(sides['label'])}, with neither in {_of(sides['neither'])}"
        )
    distances = votes["distributions"]
    lines.append(
        f"distance to the votes (n = {distances['n']:,}): "
        f"Jensen-Shannon {distances['jensen_shannon_distance']['mean']:.3f}, "
        f"cross-entropy {distances['cross_entropy_nats']['mean']:.3f} nats, of which the votes' own entropy is "
        f"{distances['entropy_of_votes_nats']:.3f}"
    )
    paper = votes["paper_majority"]
    lines.append(f"by the majority of FER+'s paper (n = {paper['n']:,}): {_of(paper)}")
    return "\n".join(lines) + "\n"


def vote_table(votes: dict[str, Any]) -> Table:
    """Return accuracy by how much people agree."""
    with_label = "label_is_majority" in votes
    table = Table("people", "right by majority", *(["right by label", "label is majority"] if with_label else []), "n")
    for name, row in votes["by_agreement"].items():
        keys = ["accuracy_on_majority", *(["accuracy_on_label", "label_is_majority"] if with_label else [])]
        table.add_row(name, *(_of(row[key]) for key in keys), f"{row['accuracy_on_majority']['n']:,}")
    return table


def _of(share: dict[str, Any]) -> str:
    if share["share"] is None:
        return "-"
    low, high = share["interval"]
    return f"{100 * share['share']:.1f} % ({100 * low:.1f}-{100 * high:.1f})"


def _mean(estimate: dict[str, Any]) -> str:
    if estimate["low"] is None:
        return "-" if estimate["mean"] is None else f"{100 * estimate['mean']:.1f} %"
    return f"{100 * estimate['mean']:.1f} % ({100 * estimate['low']:.1f}-{100 * estimate['high']:.1f})"


def nearer_lines(found: Nearer) -> str:
    """Return which of two models is nearer to people, as lines of text."""
    rows = (
        ("right by what most people saw", found.accuracy),
        ("Jensen-Shannon distance to the votes", found.distance),
        ("cross-entropy to the votes, nats", found.entropy),
    )
    lines = [
        f"{name}: {found.first} {row.first:.3f}, {found.second} {row.second:.3f}, difference {row.difference:+.3f} "
        f"({row.low:+.3f} to {row.high:+.3f}), p = {row.p:.2g}"
        for name, row in rows
    ]
    return "\n".join([found.verdict, *lines]) + "\n"

"""What people saw, as a section of a report's page."""

from __future__ import annotations

from html import escape
from typing import Any

from engine.data.votes.agreement import AGREEMENTS, SIDES
from engine.data.votes.file import WHERE

TITLE = "What people saw"


def people_section(model: str, people: dict[str, Any] | None, *, voted: bool) -> str:
    """Return the section as HTML.

    Args:
        model: whose answers.
        people: from :func:`engine.analysis.people.people_seen`; None where the votes are not at hand.
        voted: whether people voted on this data set at all; the section is empty where not.
    """
    if people is None:
        said = f'<h2>{TITLE}</h2><p class="quiet">Not reported: {escape(WHERE)}</p>'
        return said if voted else ""
    ceiling, distances, uncertainty = people["human_ceiling"], people["distributions"], people["uncertainty"]
    agreed = people["by_agreement"]
    rows = [
        (f"{model} says what most people saw", _share(people["accuracy_on_majority"])),
        ("the label says what most people saw", _share(people["label_is_majority"])),
        (f"{model} says what the label says, on the same pictures", _share(people["accuracy_on_label"])),
        ("one voter agrees with most of the others", _mean(ceiling["voter"])),
        ("the label agrees with most voters but one", _mean(ceiling["label"])),
        (f"{model} agrees with most voters but one", _mean(ceiling["model"])),
        *(
            (f"right by most people where they are {name}: {words}", _share(agreed[name]["accuracy_on_majority"]))
            for name, words in AGREEMENTS.items()
        ),
        *(
            (f"mistakes by the label of which {words}", _share(people["mistakes"]["side_with"][name]))
            for name, words in SIDES.items()
        ),
        ("Jensen-Shannon distance to the votes, 0 to 1", _number(distances["jensen_shannon_distance"])),
        ("cross-entropy to the votes, nats", _number(distances["cross_entropy_nats"])),
        ("the votes' own entropy, nats", f"{distances['entropy_of_votes_nats']:.3f}"),
        ("rank correlation of the model's and the voters' entropy", _rank(uncertainty["rank_correlation"])),
    ]
    body = "".join(f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>' for name, value in rows)
    return (
        f"<h2>{TITLE}</h2><table><tbody>{body}</tbody></table>"
        '<p class="quiet">FER+ (Barsoum et al. 2016, arXiv:1608.01041): ten people a picture. Most people: the emotion '
        f"with the most votes, of {people['ties']:,} ties the first in FER+'s order. Of {people['mistakes']['n']:,} "
        f"mistakes; {people['mistakes']['left_out']:,} more, in which most saw an emotion that the model does not "
        f"know, are left out. In {people['unanimous_wrong']:,} pictures everybody saw one emotion and the model "
        "another.</p>"
    )


def _share(found: dict[str, Any]) -> str:
    if found["share"] is None:
        return "–"
    low, high = found["interval"]
    return f"{100 * found['share']:.1f} % ({100 * low:.1f}–{100 * high:.1f}), n = {found['n']:,}"


def _mean(found: dict[str, Any]) -> str:
    if found["low"] is None:
        return "–"
    return f"{100 * found['mean']:.1f} % ({100 * found['low']:.1f}–{100 * found['high']:.1f}), n = {found['n']:,}"


def _number(found: dict[str, Any]) -> str:
    if found["low"] is None:
        return "–"
    return f"{found['mean']:.3f} ({found['low']:.3f}–{found['high']:.3f}), n = {found['n']:,}"


def _rank(found: dict[str, Any]) -> str:
    if found["rho"] is None:
        return "–"
    return f"{found['rho']:.2f} ({found['low']:.2f}–{found['high']:.2f}), n = {found['n']:,}"

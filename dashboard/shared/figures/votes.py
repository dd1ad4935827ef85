"""What people saw as small bars: the votes on a picture above the model's probabilities, in the emotions' colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from dashboard.report.text import escape, percent
from dashboard.shared.figures.colours import NEUTRAL, emotion_color
from engine.analysis.store.voted import vote_column
from engine.data.votes.agreement import SIDES
from engine.data.votes.file import EMOTION_VOTES, VOTE_COLUMNS

CSS: Final = """<style>
.fl-votes{display:grid;grid-template-columns:3.1rem 1fr;gap:.1rem .35rem;align-items:center;font-size:.74rem;
 margin:.25rem 0 .1rem}
.fl-votes>span{opacity:.66}
.fl-votes div{display:flex;height:7px;border-radius:2px;overflow:hidden;
 background:color-mix(in srgb,currentColor 8%,transparent)}
.fl-votes i{display:block;height:100%;box-shadow:inset -1px 0 0 color-mix(in srgb,Canvas 65%,transparent)}
.fl-votes i.fl-unseen{opacity:.35}
.fl-votes-none{font-size:.74rem;opacity:.62}
</style>"""
"""Drawn once a run by a page that shows votes."""


def vote_counts(row: Mapping[str, Any]) -> dict[str, int] | None:
    """Read the ten counts off a row of a store or a picture; None where nobody was asked, or votes are not at hand."""
    counts = {name: int(row.get(vote_column(name)) or 0) for name in VOTE_COLUMNS}
    return counts if any(counts.values()) else None


def votes_in_words(counts: Mapping[str, int]) -> str:
    """Return counts as ``happy 6, sad 4``, most first."""
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items(), key=lambda one: -one[1]) if count)


def _bar(parts: Sequence[tuple[str, float, str]], said: str) -> str:
    """Draw parts (name, share in [0, 1], words) beside each other; "unknown" and "no face" are no emotion's colour."""
    emotions = VOTE_COLUMNS[:EMOTION_VOTES]
    drawn = "".join(
        f'<i style="width:{100 * share:.2f}%;background:{emotion_color(name) if name in emotions else NEUTRAL}" '
        f'{"" if name in emotions else "class=fl-unseen "}title="{escape(words)}"></i>'
        for name, share, words in parts
        if share > 0
    )
    return f'<div role="img" aria-label="{escape(said)}">{drawn}</div>'


def votes_html(row: Mapping[str, Any], classes: Sequence[str]) -> str:
    """Return the bars of one picture.

    Args:
        row: with the columns of votes, and ``p_<class>`` where the model's answer is to stand below.
        classes: the model's.
    """
    counts = vote_counts(row)
    if counts is None:
        return '<div class="fl-votes-none">nobody voted on this picture</div>'
    total = sum(counts.values())
    order = [*(name for name in classes if name in counts), *(name for name in counts if name not in classes)]
    people = [(name, counts[name] / total, f"{name}: {counts[name]} of {total}") for name in order]
    drawn = f"<span>people</span>{_bar(people, f'{total} people: {votes_in_words(counts)}')}"
    answered = [(name, float(row[f"p_{name}"])) for name in classes if f"p_{name}" in row]
    if answered:
        parts = [(name, share, f"{name}: {percent(share)}") for name, share in answered]
        best = max(answered, key=lambda one: one[1])
        drawn += f"<span>model</span>{_bar(parts, f'model: {best[0]} {percent(best[1])}')}"
    return f'<div class="fl-votes">{drawn}</div>'


def side_words(row: Mapping[str, Any]) -> str:
    """Say with whom people side, ``people side with the model``; empty where label and answer are the same."""
    side = row.get("side")
    if side not in SIDES:
        return ""
    return "people side with neither" if side == "neither" else f"people side with the {side}"

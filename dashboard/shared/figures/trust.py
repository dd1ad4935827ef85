"""The small badge beside a gate or a map: its verdict, its figure, and on demand what that means.

A badge is a ``<details>``: closed it is two short lines, whose tooltip says in plain words what they mean; opened (with
a click, a touch or a key) it shows the same words and every number behind them. Marks differ in shape, not in colour.
"""

from __future__ import annotations

from typing import Final

from dashboard.figures.trust_words import (
    beyond_words,
    flips,
    gate_figures,
    gate_help,
    map_help,
    score_figures,
    signed,
)
from dashboard.report.text import escape, short
from engine.explain.gate_replacements import REPLACEMENTS
from engine.trust.faithfulness_record import Faithfulness
from engine.trust.gate_record import GateUse

MARKS: Final[dict[str, str]] = {
    "used": "●",
    "weakly used": "◐",
    "not used": "○",
    "faithful": "●",
    "no better than random": "○",
}
"""A mark for each verdict: full, half, empty."""


def _unchecked(question: str, why: str) -> str:
    return (
        f'<div class="fl-trust fl-unchecked" title="{escape(why)}"><span class="fl-trust-mark">–</span>'
        f"<b>{escape(question)}</b><span class='fl-trust-line'>not checked</span></div>"
    )


def _badge(verdict: str, figures: str, words: str, more: str) -> str:
    mark = f'<span class="fl-trust-mark">{MARKS[verdict]}</span>'
    return (
        f'<details class="fl-trust"><summary title="{escape(words)}">{mark}<b>{escape(verdict)}</b>'
        f'<span class="fl-trust-line">{escape(figures)}</span></summary>'
        f'<div class="fl-trust-more"><p>{escape(words)}</p>{more}</div></details>'
    )


def gate_badge(use: GateUse | None) -> str:
    """Return the badge of a gate as HTML; None: it is not checked yet, and the badge takes the same room."""
    if use is None:
        return _unchecked("used?", "“Check trust” replaces the gate and sees whether the answer changes.")
    rows = "".join(
        f'<tr title="{escape(REPLACEMENTS[item.name])}"><th>{escape(item.name)}</th><td>{item.draws}</td>'
        f"<td>{short(float(item.distance.mean()))}</td><td>{flips(item).partition(' ')[0]}</td>"
        f"<td>{signed(float(item.logit_change.mean()))}</td></tr>"
        for item in use.replacements
    )
    table = (
        "<table><thead><tr><th>replaced by</th><th>draws</th><th>TVD</th><th>flips</th>"
        f"<th>logit of {escape(use.target)}</th></tr></thead><tbody>{rows}</tbody></table>"
    )
    return _badge(use.verdict, gate_figures(use), gate_help(use), table)


def map_badge(found: Faithfulness | None) -> str:
    """Return the badge of an explanation as HTML; None: it is not checked yet, and the badge takes the same room."""
    if found is None:
        return _unchecked(
            "faithful?", "“Check trust” takes the face apart along the map and compares with random maps."
        )
    return _badge(found.verdict, score_figures(found), map_help(found), f"<p>{escape(beyond_words(found))}</p>")

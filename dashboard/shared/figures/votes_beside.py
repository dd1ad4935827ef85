"""What people saw and what a model answers, class by class: two bars to a row, the ten votes above the probability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from dashboard.report.text import escape, percent
from dashboard.shared.figures.colours import NEUTRAL, emotion_color
from dashboard.shared.figures.votes import vote_counts
from engine.data.votes.file import EMOTION_VOTES, VOTE_COLUMNS

CSS: Final = """<style>
.fl-beside{width:100%;border-collapse:collapse;font-size:.82rem;font-variant-numeric:tabular-nums;margin:.1rem 0 .3rem}
.fl-beside th{font-weight:400;text-align:left;padding:.16rem .5rem .16rem 0;white-space:nowrap}
.fl-beside td{padding:.16rem 0}
.fl-beside .fl-number{text-align:right;padding-left:.5rem;white-space:nowrap}
.fl-beside thead th{font-size:.74rem;opacity:.66;padding-bottom:.1rem}
.fl-beside thead th.fl-number{text-align:right}
.fl-beside .fl-two-bars{width:99%}
.fl-two-bars span{display:block;background:color-mix(in srgb,currentColor 8%,transparent);border-radius:2px}
.fl-two-bars i{display:block;height:6px;border-radius:2px;min-width:0}
.fl-two-bars span+span{margin-top:2px}
.fl-two-bars span+span i{background-image:repeating-linear-gradient(135deg,
 color-mix(in srgb,Canvas 62%,transparent) 0 2px,transparent 2px 4px)}
.fl-beside tr.fl-of-answer th,.fl-beside tr.fl-of-answer td{font-weight:600}
</style>"""
"""Drawn once a run by a page that shows them."""


def _bar(share: float, color: str) -> str:
    return f'<span><i style="width:{100 * share:.2f}%;background-color:{color}"></i></span>'


def beside_html(row: Mapping[str, Any], classes: Sequence[str]) -> str:
    """Return the table of one picture: plain bars are people, hatched ones the model.

    Args:
        row: ``p_<class>`` for each class, ``predicted``, and the columns of votes where they are known.
        classes: the K classes; what people saw beside them follows, where anybody saw it.
    """
    counts = vote_counts(row)
    total = sum(counts.values()) if counts else 0
    others = [name for name in VOTE_COLUMNS if name not in classes and counts and counts[name]]
    lines = []
    for name in (*classes, *others):
        color = emotion_color(name) if name in VOTE_COLUMNS[:EMOTION_VOTES] else NEUTRAL
        votes = counts[name] if counts else 0
        p = float(row[f"p_{name}"]) if name in classes else None
        said = f"{votes} of {total} people" if counts else ""
        if p is not None:
            said += f"{', ' if said else ''}model {percent(p)}"
        bars = (_bar(votes / total, color) if counts else "") + _bar(p or 0.0, color)
        people = f'<td class="fl-number">{votes or "–"}</td>' if counts else ""
        model = "" if p is None else percent(p)
        lines.append(
            f'<tr{" class=fl-of-answer" if name == row["predicted"] else ""}><th scope="row">{escape(name)}</th>'
            f'<td class="fl-two-bars" role="img" aria-label="{escape(name)}: {escape(said)}">{bars}</td>'
            f'{people}<td class="fl-number">{model}</td></tr>'
        )
    head = f'<th class="fl-number">of {total}</th>' if counts else ""
    return (
        f'<table class="fl-beside"><thead><tr><th></th><th></th>{head}<th class="fl-number">model</th></tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table>"
    )

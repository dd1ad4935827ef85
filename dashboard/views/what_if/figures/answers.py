"""The answer before and after an edit: a headline, a sentence, and a bar a class with a mark where it was before."""

from __future__ import annotations

from typing import Final

from dashboard.report.text import escape, percent
from dashboard.shared.figures.answers import probability_of
from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.pair import signed
from engine.records import Prediction

STILL: Final = 0.005
"""Changes of a probability below half a point are called none."""


def _said(prediction: Prediction) -> str:
    return (
        f'<span class="fl-dot" style="background:{emotion_color(prediction.label)}"></span>'
        f'<span class="fl-verdict-name">{escape(prediction.label)}</span>'
        f'<span class="fl-verdict-value">{percent(prediction.confidence)}</span>'
    )


def change_headline(before: Prediction, after: Prediction, *, edited: bool) -> str:
    """Return both answers as one headline, an arrow between; one answer while nothing is ``edited``."""
    then = f'<span class="fl-warrow" role="img" aria-label="becomes">→</span><span>{_said(after)}</span>'
    return f'<div class="fl-verdict fl-wverdict"><span>{_said(before)}</span>{then if edited else ""}</div>'


def read_change(before: Prediction, after: Prediction, *, edited: bool) -> str:
    """Say in a sentence what the edit does to the answer.

    Args:
        before, after: of one model. edited: False where nothing is changed yet.
    """
    if not edited:
        return "Nothing is changed yet: cover a part of the face, hide a region, or move a slider."
    was, now = before.confidence, probability_of(after, before.label)
    if before.label != after.label:
        return f"The answer changes: {before.label} falls from {percent(was)} to {percent(now)}."
    if abs(now - was) < STILL:
        return f"The answer stays {before.label}, and as sure as before."
    word = "surer" if now > was else "less sure"
    return f"The answer stays {before.label}, {word} by {abs(100 * (now - was)):.1f} points."


def change_bars(before: Prediction, after: Prediction) -> str:
    """Return a bar a class for the edited face, with a mark at the probability before; rows keep the order of before.

    Args:
        before, after: of one model, with the same classes.
    """
    lines = []
    for name, was in before.ranked():
        now = probability_of(after, name)
        first = " fl-first" if name == after.label else ""
        words = f"{name}: {percent(was)} before, {percent(now)} after"
        lines.append(
            f'<div class="fl-bar fl-wbar{first}" role="img" aria-label="{escape(words)}" '
            f'title="{escape(name)}: {was:.4f} before, {now:.4f} after">'
            f'<span class="fl-bar-name">{escape(name)}</span>'
            f'<span class="fl-wtrack"><span class="fl-bar-track"><span class="fl-bar-fill" '
            f'style="width:{100 * now:.2f}%;background:{emotion_color(name)}"></span></span>'
            f'<span class="fl-wmark" style="left:{100 * was:.2f}%"></span></span>'
            f'<span class="fl-bar-value">{percent(was)} → {percent(now)}</span>'
            f'<span class="fl-bar-value fl-wpoints">{signed(100 * (now - was))}</span></div>'
        )
    head = (
        '<div class="fl-bar fl-wbar fl-whead"><span></span><span>bar: after · mark: before</span>'
        '<span class="fl-bar-value">before → after</span><span class="fl-bar-value">points</span></div>'
    )
    return f'<div class="fl-bars">{head}{"".join(lines)}</div>'

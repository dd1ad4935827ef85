"""The answer before and after an edit: a headline, a sentence, and a bar a class with a mark where it was before.

What hiding each region does to each emotion: a row a region, a column a class, on a diverging scale.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from dashboard.report.subject import face, listed, more_words
from dashboard.report.text import escape, percent
from dashboard.shared.figures.answers import probability_of
from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.pair import signed
from engine.draw.colormaps import DIVERGING, colormap
from engine.draw.overlay import colorize
from engine.edit.region_effects import RegionEffects
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
        return f"Nothing is changed yet: cover a part of the {face()}, hide a region, or move a slider."
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
    for name, was in listed(before.ranked()):
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
    more = more_words(len(before.classes))
    return f'<div class="fl-bars">{head}{"".join(lines)}<div class="fl-quiet">{more}</div></div>'


LEAST_POINTS: Final = 20.0
"""The colours span ±20 percentage points at least, so that a change of one point looks small."""

TITLES: Final[dict[str, str]] = {"other_skin": "other skin", "off_face": "hair, background"}
"""What regions are called on the page, where that differs from their name."""


def region_title(name: str) -> str:
    """Return a region's name for a person."""
    return TITLES.get(name, name.replace("_", " "))


def reach_points(effects: RegionEffects) -> float:
    """Return how many percentage points the colours reach on either side of zero, a multiple of ten."""
    most = 100.0 * float(np.abs(effects.changes).max(initial=0.0))
    return max(LEAST_POINTS, 10.0 * float(np.ceil(most / 10.0)))


def _ink(red: int, green: int, blue: int) -> str:
    """Return black or white, whichever stands out more on a colour (relative luminance of WCAG 2)."""
    linear = [value / 3294.6 if value <= 10 else ((value / 255 + 0.055) / 1.055) ** 2.4 for value in (red, green, blue)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000" if luminance > 0.179 else "#fff"


def _cell(change: float, was: float, reach: float, words: str, *, lead: bool) -> str:
    points = 100.0 * change
    red, green, blue = (int(part) for part in colorize(np.array(points, np.float32), (-reach, reach), DIVERGING))
    title = f"{words}: {percent(was)} to {percent(was + change)}, {signed(points)} points"
    return (
        f'<td class="fl-wcell{" fl-wlead" if lead else ""}" title="{escape(title)}" '
        f'style="background:rgb({red},{green},{blue});color:{_ink(red, green, blue)}">{signed(points)}</td>'
    )


def table_columns(effects: RegionEffects) -> tuple[str, ...]:
    """Return the classes in the table's order: the answer, then as the model has them; of many the most probable."""
    names = (effects.answer, *(name for name in effects.classes if name != effects.answer))
    if listed(names) is names:
        return names
    order = np.argsort(-effects.before, kind="stable").tolist()
    return tuple(listed([effects.classes[number] for number in order]))


def effects_table(effects: RegionEffects, hidden: tuple[str, ...] = ()) -> str:
    """Return the table as HTML, changes in percentage points; rows of the regions in ``hidden`` are marked."""
    columns = table_columns(effects)
    numbers = [effects.classes.index(name) for name in columns]
    reach = reach_points(effects)
    heads = "".join(
        f'<th scope="col" class="fl-whcell"><span class="fl-dot" style="background:{emotion_color(name)}"></span>'
        f'{escape(name)}<span class="fl-quiet">{percent(float(effects.before[number]))}</span></th>'
        for name, number in zip(columns, numbers, strict=True)
    )
    lines = []
    for row, region in enumerate(effects.regions):
        title = region_title(region)
        cells = "".join(
            _cell(
                float(effects.changes[row, number]),
                float(effects.before[number]),
                reach,
                f"{name} with {title} hidden",
                lead=order == 0,
            )
            for order, (name, number) in enumerate(zip(columns, numbers, strict=True))
        )
        answer = effects.answers[row]
        told = escape(answer) if answer != effects.answer else '<span class="fl-quiet">the same</span>'
        dot = f'<span class="fl-dot" style="background:{emotion_color(answer)}"></span>'
        mark, kind = (' <span class="fl-tag">hidden above</span>', "fl-whidden") if region in hidden else ("", "")
        lines.append(
            f'<tr class="{kind}"><th scope="row">{escape(title)}{mark}</th>'
            f'<td class="fl-number">{percent(float(effects.shares[row]))}</td>{cells}'
            f'<td class="fl-wanswer">{dot if answer != effects.answer else ""}{told}</td></tr>'
        )
    ramp = colormap(DIVERGING).css()
    return (
        '<div class="fl-wscroll" tabindex="0"><table class="fl-table fl-weffects"><thead><tr>'
        '<th scope="col">region hidden</th>'
        f'<th scope="col" class="fl-number" title="of the crop’s pixels">share</th>{heads}'
        '<th scope="col">answer then</th></tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
        f'<div class="fl-wramp"><div class="fl-scale"><span>−{reach:.0f} points</span>'
        f'<span class="fl-ramp" style="background:linear-gradient(90deg, {ramp})"></span>'
        f"<span>+{reach:.0f} points</span></div></div>"
    )


def read_effects(effects: RegionEffects) -> str:
    """Say which region the answer hangs on most, and how much of the crop that is."""
    if not effects.regions:
        return f"No region of this {face()} has a pixel."
    drop, first = 100.0 * float(effects.drops[0]), effects.regions[0]
    if drop < 0.5:
        return f"Hiding any one region leaves {effects.answer} as probable as it was, or more."
    told = effects.answers[0]
    then = f"; the answer then is {told}" if told != effects.answer else "; the answer stays"
    was = float(effects.before.max())
    return (
        f"{effects.answer.capitalize()} hangs most on the region “{region_title(first)}”: hidden, it takes {drop:.1f} "
        f"points ({percent(was)} to {percent(was - drop / 100.0)}), with {percent(float(effects.shares[0]))} of the "
        f"crop{then}."
    )

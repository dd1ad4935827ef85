"""What hiding each region does to each emotion: a row a region, a column a class, on a diverging scale."""

from __future__ import annotations

from typing import Final

import numpy as np

from dashboard.report.text import escape, percent
from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.pair import signed
from engine.draw.colormaps import DIVERGING, colormap
from engine.draw.overlay import colorize
from engine.edit.region_effects import RegionEffects

LEAST_POINTS: Final = 20.0
"""The colours span ±20 percentage points at least, so that a change of one point looks small."""

TITLES: Final[dict[str, str]] = {"other_skin": "other skin", "off_face": "hair, background"}
"""What regions are called on the page, where that differs from their name."""


def region_title(name: str) -> str:
    """Return a region's name for a person."""
    return TITLES.get(name, name)


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
    """Return the classes in the table's order: the answer first, the others as the model has them."""
    return (effects.answer, *(name for name in effects.classes if name != effects.answer))


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
        '<div class="fl-wscroll"><table class="fl-table fl-weffects"><thead><tr><th scope="col">region hidden</th>'
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
        return "No region of this face has a pixel."
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

"""One picture of the Compare page's galleries as HTML: itself or its id, its label, and both answers."""

from __future__ import annotations

from dashboard.report.text import escape, percent
from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.map_card import data_uri
from engine.analysis.comparison import Outcome
from engine.records import UInt8


def _said(name: str, answer: str, confidence: float, *, right: bool) -> str:
    mark = "✓" if right else "✗"
    return (
        f'<div><span class="fl-quiet">{escape(name)}</span>'
        f'<span class="fl-dot" style="background:{emotion_color(answer)}"></span>{escape(answer)} '
        f'{percent(confidence)} <span aria-label="{"right" if right else "wrong"}">{mark}</span></div>'
    )


def tile_html(outcome: Outcome, picture: UInt8 | None, first: str, second: str) -> str:
    """Return a tile; ``picture`` is uint8 (S, S) or (S, S, 3), or None where its dataset is not on this machine."""
    name = escape(outcome.id)
    if picture is None:
        shown = f'<div class="fl-nopic">{name}</div>'
    else:
        shown = f'<img src="{data_uri(picture)}" alt="{name}, labelled {escape(outcome.label)}" title="{name}">'
    return (
        f'<div class="fl-pick">{shown}<div><span class="fl-quiet">label</span>'
        f'<span class="fl-dot" style="background:{emotion_color(outcome.label)}"></span><b>{escape(outcome.label)}</b>'
        f"</div>{_said(first, outcome.first, outcome.first_confidence, right=outcome.first == outcome.label)}"
        f"{_said(second, outcome.second, outcome.second_confidence, right=outcome.second == outcome.label)}</div>"
    )

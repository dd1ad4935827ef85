"""The map that known evidence supports, first on the page, with Grad-CAM at the last block beside it and why.

On built-in faces the evidence of an expression is known, so methods can be ranked there: by this model where it was
measured, else by its sibling of the same architecture that was trained on such faces.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import streamlit as st

from dashboard.report.text import escape, layer_title
from dashboard.shared import face_loaders
from dashboard.shared.face_loaders import FaceKey
from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.map_card import MapCard, MapStyle, cards_html, explanation_cards
from dashboard.shell import loaders, opening, theme
from dashboard.shell.opening import Supported
from engine.errors import DataError, UsageError
from engine.evidence.report import EvidenceReport
from engine.explain.methods.registry import METHODS
from engine.records import Explanation, FaceExplanation, RunCard, UInt8

VARIANT = "plain"
"""The variant whose evidence is what the expression itself moves."""


def _report(card: RunCard) -> EvidenceReport | None:
    kin = opening.sibling(card, loaders.shelf().cards)
    for one in (card, kin):
        try:
            found = None if one is None else loaders.evidence(one, VARIANT)
        except DataError:  # damaged: Evidence says so
            continue
        if found is not None:
            return found
    return None


def read_supported(card: RunCard, best: Supported) -> str:
    """Say in a sentence why this map comes first, and whose results say so."""
    whose = (
        "this model’s own league"
        if best.own
        else f"the league of {best.model}, the same architecture on faces whose evidence is known: {card.name} itself "
        "could not be judged so"
    )
    return (
        f"First in {whose}. It puts {best.factor:.1f} times as much mass on true evidence as an even map would, over "
        f"{best.faces:,} built-in faces."
    )


def show_supported(
    card: RunCard,
    key: FaceKey,
    crop: UInt8,
    explained: FaceExplanation,
    style: MapStyle,
    layers: Sequence[str],
    refused: Collection[str],
    gradcam: Callable[[str, str], Explanation],
) -> tuple[MapCard, ...]:
    """Draw the map that the league supports and Grad-CAM at the last block; return the cards, none without a league.

    Args:
        card: the model's. key: which face and model. crop: (H, W, 3) uint8, the face.
        explained: its first map says for which class. style: how maps are drawn.
        layers: that the model can be explained at. refused: methods that it cannot take.
        gradcam: gives the Grad-CAM of a layer and a target.
    """
    best = opening.supported(card, _report(card), refused=refused)
    if best is None or (best.layer and best.layer not in layers):
        return ()
    target = explained.maps[0].target
    try:
        found = face_loaders.method_map(card, key, crop, best.method, best.layer, target)
    except UsageError:  # this face's pass is one that the method cannot follow
        return ()
    theme.section(f"Explanation: {escape(METHODS[best.method].title)}", escape(read_supported(card, best)))
    last = gradcam(layers[-1], target)
    beside = [] if (last.method, last.layer) == (found.method, found.layer) else [last]
    cards: list[MapCard] = []
    for entry in (found, *beside):
        title = ", ".join(filter(None, (METHODS[entry.method].title, layer_title(entry.layer))))
        color = emotion_color(target) if target in explained.prediction.classes else ""
        cards.extend(explanation_cards((entry,), style.scale, titles=(title,), colors=(color,)))
    st.html(f'<div class="fl-further">{cards_html(explained.face, cards, style)}</div>')
    return tuple(cards)

"""The row of further explanations: the same target by other methods, each with what it assumes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from dashboard.figures.method_words import cost_words
from dashboard.figures.trust_words import Trusted
from dashboard.report.text import escape, layer_title
from dashboard.shared import face_loaders
from dashboard.shared.face_loaders import FaceKey
from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.map_card import MapCard, MapStyle, cards_html, explanation_cards
from dashboard.shared.figures.trust import map_badge
from dashboard.shell import theme
from dashboard.views.explain.methods import choose_methods
from engine.errors import UsageError
from engine.explain.methods.registry import METHODS
from engine.records import Explanation, FaceExplanation, RunCard, UInt8


@dataclass(frozen=True, eq=False)
class Further:
    """What further methods gave.

    Attributes:
        names: the methods asked for, in the registry's order.
        maps: method → its map, for those that the model can take.
        refused: method → a sentence on why this model cannot take it, whether asked for or not.
    """

    names: tuple[str, ...]
    maps: Mapping[str, Explanation]
    refused: Mapping[str, str]


def choose_further(
    card: RunCard, key: FaceKey, crop: UInt8, *, target: str, layer: str, seconds_a_pass: float
) -> Further:
    """Head the row, draw the menu, and explain by each method chosen; say which is at work and how long it takes.

    Args:
        card: the model's.
        key: which face and model.
        crop: (H, W, 3) uint8, the face.
        target: a class or a contrast, settled.
        layer: where methods that need a layer look.
        seconds_a_pass: a forward or backward pass of the model.
    """
    theme.section(
        "Other explanations",
        f"For {escape(target)}, by methods that ask otherwise. Each has its own scale: methods have no common unit.",
    )
    reasons = face_loaders.refused(card, key.sha256, crop)
    refused = {name: f"Not for this model: {reason}." for name, reason in reasons.items()}
    names = choose_methods(refused, key.sha256, seconds_a_pass)
    able = [name for name in names if name not in refused]
    found = {}
    for number, name in enumerate(able, 1):
        method = METHODS[name]
        cost = cost_words(method, seconds_a_pass, face_loaders.took(key.sha256, name))
        with st.spinner(f"Explaining with {method.title}, {number} of {len(able)}: {cost} …"):
            try:
                found[name] = face_loaders.method_map(
                    card, key, crop, name, layer if method.needs_layer else "", target
                )
            except UsageError as error:
                refused[name] = str(error)
    return Further(names, found, refused)


def _card(entry: Explanation, style: MapStyle, classes: tuple[str, ...]) -> MapCard:
    """Return a map's card on its own scale; a signed map keeps zero in the middle of a diverging one.

    A class-agnostic map says so and has no class's colour.
    """
    method = METHODS[entry.method]
    agnostic = "class-agnostic" if method.class_agnostic else ""
    title = ", ".join(filter(None, (method.title, layer_title(entry.layer), agnostic)))
    color = emotion_color(entry.target) if entry.target in classes and not agnostic else ""
    (card,) = explanation_cards((entry,), style.scale, titles=(title,), colors=(color,))
    return card


def show_further(
    explanation: FaceExplanation, further: Further, trusted: Trusted, style: MapStyle
) -> tuple[MapCard, ...]:
    """Draw the row: a card a method, greyed out with the reason where the model cannot take it.

    Returns:
        The cards of the maps, without those greyed out.
    """
    drawn: list[MapCard] = []
    feet: list[str] = []
    for name in further.names:
        method = METHODS[name]
        if name in further.maps:
            drawn.append(_card(further.maps[name], style, explanation.prediction.classes))
            badge = map_badge(trusted.map(further.maps[name]))
            feet.append(f'{badge}<div class="fl-assumes">Assumes: {escape(method.assumes)}</div>')
        else:
            drawn.append(MapCard(method.title, None, (0.0, 0.0), further.refused[name]))
            feet.append("")
    if drawn:
        st.html(f'<div class="fl-further">{cards_html(explanation.face, drawn, style, below=feet)}</div>')
    return tuple(card for card, name in zip(drawn, further.names, strict=True) if name in further.maps)

"""The row of gates with a map for each emotion, for models that have some."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from dashboard.shared.figures.map_card import MapCard, MapStyle, cards_html
from dashboard.shell import theme
from dashboard.views.explain.figures.gates import emotion_cards
from engine.records import FaceExplanation


def show_emotion_gates(
    explanation: FaceExplanation, style: MapStyle, badge_of: Callable[[str], str]
) -> tuple[MapCard, ...]:
    """Draw what each emotion's own head passes on; return the cards, none for a model without such a gate.

    ``badge_of`` gives the HTML of a gate's trust badge by its layer; it is one for all emotions.
    """
    drawn: list[MapCard] = []
    for gate in explanation.gates_of("emotion"):
        theme.section(
            "Attention by emotion",
            "What the head of each emotion passed on (1) or held back (0), cell by cell: one gate an emotion, for "
            "every face. Whether it is used is measured for all of them together.",
        )
        cards = emotion_cards(gate, explanation.prediction.classes, style.scale, chosen=explanation.prediction.label)
        st.html(cards_html(explanation.face, cards, style) + badge_of(gate.layer))
        drawn.extend(cards)
    return tuple(drawn)

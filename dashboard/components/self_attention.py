"""The row of attention between cells, for models that have some: how much each place is looked at."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from dashboard.figures.received import received_cards, received_maps
from dashboard.shared.figures.map_card import MapCard, MapStyle, cards_html
from dashboard.shell import theme
from engine.records import FaceExplanation


def show_received(
    explanation: FaceExplanation, style: MapStyle, badge_of: Callable[[str], str] | None = None
) -> tuple[MapCard, ...]:
    """Draw what each place received in every such attention; return the cards, none for a model without any.

    ``badge_of`` gives the HTML of a gate's trust badge by its layer.
    """
    cards = received_cards(explanation.gates, style.scale)
    if cards:
        theme.section(
            "Attention between cells",
            "How much each place is looked at, by all places and heads together; 1 is an even share. Class-agnostic: "
            "the same for every emotion. It has no fixed range: the scale begins at 0 and ends at the largest shown.",
        )
        badges = [badge_of(gate.layer) for gate, _ in received_maps(explanation.gates)] if badge_of is not None else ()
        st.html(cards_html(explanation.face, cards, style, below=badges))
    return cards

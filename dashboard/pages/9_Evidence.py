"""Evidence: do a model's maps point to where the evidence is known to be? A league of maps, then face by face."""

from __future__ import annotations

import sys
from pathlib import Path

# As in Home.py: the first visit to a fresh server may run this file without it.
if (root := str(Path(__file__).resolve().parents[2])) not in sys.path:
    sys.path.insert(0, root)

import streamlit as st

from dashboard import loaders
from dashboard.components import empty, evidence, evidence_faces
from dashboard.components.frame import framed
from dashboard.figures.evidence_style import CSS
from dashboard.state import Selection
from engine.errors import FerLensError


def main(chosen: Selection) -> None:
    """Select, load, draw."""
    st.html(CSS)
    st.title("Evidence")
    st.html(
        '<p class="fl-lead">On built-in faces the true evidence of an expression is known. So a map can be judged: '
        "does it lie where the evidence is, and better than something that knows nothing of the model?</p>"
    )
    shelf = loaders.shelf()
    empty.problems(shelf.problems)
    if chosen.model is None:
        empty.no_checkpoint()
        return
    card = shelf.card(chosen.model)
    try:
        variant = evidence.choose_variant()
        evidence.show_league(card, variant)
        with st.spinner(f"Loading {card.name} …"):
            loaders.predictor(card)
        evidence_faces.show_faces(card, variant)
    except FerLensError as error:
        empty.problems([str(error)])


with framed("Evidence") as selected:
    main(selected)

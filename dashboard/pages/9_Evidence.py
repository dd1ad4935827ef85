"""Evidence: do a model's maps point to where the evidence is known to be? A league of maps, then face by face."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

# As in Home.py: the first visit to a fresh server may run this file without it.
if (root := str(Path(__file__).resolve().parents[2])) not in sys.path:
    sys.path.insert(0, root)

import streamlit as st

from dashboard import loaders, state
from dashboard.components import empty, evidence, evidence_faces, view_report
from dashboard.components.frame import framed
from dashboard.figures.evidence_content import League, face_content, league_content
from dashboard.figures.evidence_style import CSS
from dashboard.figures.map_card import MapStyle
from dashboard.figures.map_content import style_settings
from dashboard.figures.view_report import Build, joined
from dashboard.state import Selection
from engine.errors import FerLensError
from engine.evaluate.evidence_face import JudgedFace
from engine.records import RunCard


def offer_report(card: RunCard, variant: str, league: League | None, face: tuple[JudgedFace, MapStyle] | None) -> None:
    """Draw the button of the report, where anything is shown."""
    parts: list[Build] = []
    settings: dict[str, Any] = {"variant": variant}
    if league is not None:
        parts.append(partial(league_content, league))
        settings |= {"metric": league.metric, "faces": league.group}
    if face is not None:
        parts.append(partial(face_content, *face))
        settings |= {"face": face[0].known.id, **style_settings(face[1])}
    if parts:
        view_report.offer(
            "Evidence",
            f"{card.name}, {variant}",
            (card,),
            lambda: joined(*(part() for part in parts)),
            settings=settings,
            always={state.MODEL: card.name},
        )


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
        league = evidence.show_league(card, variant)
        with st.spinner(f"Loading {card.name} …"):
            loaders.predictor(card)
        offer_report(card, variant, league, evidence_faces.show_faces(card, variant))
    except FerLensError as error:
        empty.problems([str(error)])


with framed("Evidence") as selected:
    main(selected)

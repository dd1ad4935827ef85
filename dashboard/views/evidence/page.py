"""Evidence: do a model's maps point to where the evidence is known to be? A league of maps, then face by face."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Final

import streamlit as st

from dashboard.report.content import Build, joined
from dashboard.report.text import plain
from dashboard.shared.figures.map_card import MapStyle
from dashboard.shared.figures.map_content import style_settings
from dashboard.shell import loaders, report_button, say, state
from dashboard.shell.frame import framed
from dashboard.shell.state import Selection
from dashboard.views.evidence import faces
from dashboard.views.evidence import league as league_table
from dashboard.views.evidence.report import League, face_content, league_content
from engine.errors import FerLensError
from engine.evidence.face import JudgedFace
from engine.records import RunCard

STYLE: Final = Path(__file__).with_name("style.css")


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
        report_button.offer(
            "Evidence",
            f"{card.name}, {variant}",
            (card,),
            lambda: joined(*(part() for part in parts)),
            settings=settings,
            always={state.MODEL: card.name},
        )


def say_lent(card: RunCard) -> None:
    """Say which model is shown in place of the chosen one, and what its results mean for that."""
    chosen = state.lent()
    shelf = loaders.shelf()
    if chosen is None or chosen == card.name or chosen not in shelf.names:
        return
    alike = shelf.card(chosen).architecture == card.architecture
    says = (
        f"it has the same architecture as {chosen}, so which of its maps find evidence is the best guess for that too."
        if alike
        else f"it says how maps fare on a model with attention, and nothing of {chosen} itself."
    )
    st.caption(
        plain(f"Evidence is known on built-in faces alone, where {chosen} has no results. Shown is {card.name}: {says}")
    )


def main(chosen: Selection) -> None:
    """Select, load, draw."""
    st.html(STYLE)
    st.title("Evidence")
    st.html(
        '<p class="fl-lead">On built-in faces the true evidence of an expression is known. So a map can be judged: '
        "does it lie where the evidence is, and better than something that knows nothing of the model?</p>"
    )
    shelf = loaders.shelf()
    say.problems(shelf.problems)
    if chosen.model is None:
        if shelf.cards:
            st.info(
                "None of the models here tells the seven expressions of the built-in faces apart, and evidence is "
                "known on those faces alone.",
                icon=":material/info:",
            )
        else:
            say.no_checkpoint()
        return
    card = shelf.card(chosen.model)
    say_lent(card)
    try:
        variant = league_table.choose_variant()
        league = league_table.show_league(card, variant)
        with st.spinner(plain(f"Loading {card.name} …")):
            loaders.predictor(card)
        offer_report(card, variant, league, faces.show_faces(card, variant))
    except FerLensError as error:
        say.problems([str(error)])


with framed("Evidence") as selected:
    main(selected)

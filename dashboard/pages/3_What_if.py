"""What if: cover, change or swap parts of a face, and see what the model makes of it."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

# As in Home.py: the first visit to a fresh server may run this file without it.
if (root := str(Path(__file__).resolve().parents[2])) not in sys.path:
    sys.path.insert(0, root)

import streamlit as st

from dashboard import loaders, state, what_if_loaders
from dashboard.components import (
    answer,
    empty,
    maps,
    page_ends,
    view_report,
    what_if_controls,
    what_if_result,
    what_if_state,
)
from dashboard.components.frame import framed
from dashboard.components.what_if_brush import brush
from dashboard.figures.map_card import data_uri
from dashboard.figures.map_content import style_settings
from dashboard.figures.what_if_content import WhatIf, what_if_content
from dashboard.figures.what_if_style import CSS
from dashboard.state import NamedPicture, Selection
from dashboard.what_if_loaders import Staged
from engine.analysis.face_parts import template_parts
from engine.analysis.regions import REGIONS
from engine.explain.edit_text import to_text
from engine.explain.face_regions import FaceRegions
from engine.explain.overlay import resize_face
from engine.records import FaceBox, FacePrediction, RunCard

# Side of the face that is drawn on: eight times 48. (Streamlit would print a string that stands alone in a page.)
STAGE_PIXELS = 384


@dataclass(frozen=True, eq=False)
class Subject:
    """The face that is edited.

    Attributes:
        named: its picture. face: as it was found and answered. index: its number. whole: it is the whole picture.
        staged: as the model takes it.
    """

    named: NamedPicture
    face: FacePrediction
    index: int
    whole: bool
    staged: Staged


def parts_of(chosen: Selection, named: NamedPicture, box: FaceBox | None, size: int) -> FaceRegions:
    """Return the face's regions: its own where FERLens drew it, else the template's."""
    if chosen.source == "sample":
        return what_if_loaders.sample_parts(st.session_state[state.SAMPLE], box, size)
    if chosen.source == "dataset":
        return what_if_loaders.dataset_picture_parts(st.session_state[state.DATASET], named.name, size)
    return template_parts(size)


def choose_face(card: RunCard, chosen: Selection, named: NamedPicture) -> Subject | None:
    """Find the picture's faces and let a person choose one; None where there is no answer, which is said."""
    picture = loaders.picture(named.digest, named.data, named.name)
    # Where a picture is cut to one face already, models answer it whole.
    whole = named.cut or answer.use_whole()
    with st.spinner(f"Finding faces, answering with {card.name} …"):
        found = loaders.faces(named.digest, picture.pixels, card.name, card.weights_sha256, whole)
    if found.error is not None:
        empty.problems([found.error])
        return None
    index = answer.pick_face(found, key=f"face.{named.digest[:12]}.{whole}")
    face = found.faces[index]
    if face.box is None and not whole:
        st.caption("No face was found, so the whole picture is taken: regions are where they would be on a face crop.")
    regions = parts_of(chosen, named, face.box, card.input.size)
    return Subject(named, face, index, whole, Staged(what_if_loaders.as_taken(card, face.crop), regions))


@st.fragment
def workbench(card: RunCard, subject: Subject) -> None:
    """Draw the face with its tools, what the edit does, and the table; an edit draws only this again."""
    with empty.said():
        _work(card, subject)


def _work(card: RunCard, subject: Subject) -> None:
    said, errors = what_if_state.follow(REGIONS), st.container()
    edit, staged = what_if_state.current(), subject.staged
    with st.container(key="stack-what-if"):
        left, right = st.columns([4, 7], gap="large")
    with left:
        stage, brief = st.container(), st.container(key="what-if-brief")
        what_if_controls.buttons()
        what_if_controls.hiding(staged.regions)
        what_if_controls.sliders()
        second = what_if_controls.second_face(card, staged.regions)
        if edit.swapped and second is None:
            st.info("Choose a second face to swap from; until then nothing is swapped.", icon=":material/info:")
            edit = replace(edit, swapped=())
        too_long = what_if_state.tell()
    with errors:
        empty.problems(sentence for sentence in (said, too_long) if sentence is not None)
    pixels = what_if_loaders.edited_pixels(staged, edit, second)
    with stage:
        words = "the face as the model takes it" if edit.is_identity else "the edited face as the model takes it"
        brush(data_uri(resize_face(pixels, STAGE_PIXELS)), card.input.size, words)
    with right:
        answers, layers = st.container(), loaders.predictor(card).gradcam_layers
        predicted, truth = subject.face.prediction.label, subject.named.truth
        asked = maps.choose_target(card, layers, predicted=predicted, truth=truth)
        target = asked.targets[asked.name]
        plus = asked.pair[0] if asked.name == maps.CONTRAST and asked.pair else asked.name
        face = subject.face
        before = loaders.explanation(
            subject.named.digest, subject.index, subject.whole, face.crop, face.box,
            card.name, card.weights_sha256, asked.layer, target,
        )  # fmt: skip
        after = before if edit.is_identity else what_if_loaders.explained(card, pixels, asked.layer, target)
        with answers:
            what_if_result.show_answers(before, after, edited=not edit.is_identity)
        with brief:
            what_if_result.show_brief(before, after, edited=not edit.is_identity)
        drawn = st.container()
        style = what_if_result.map_style()
        with drawn:
            what_if_result.show_maps(before, after, plus, style)
    effects = what_if_loaders.effects(card, staged, edit.fill)
    what_if_result.show_effects(effects, edit.hidden, what_if_controls.FILL_TITLES[edit.fill])
    named = subject.named
    done = WhatIf(before, after, plus, style, effects, staged.regions, named.credit)
    view_report.offer(
        "What if",
        f"{named.name}, {card.name}",
        (card,),
        lambda: what_if_content(done),
        settings={
            **view_report.picture_settings(named, subject.index, whole=subject.whole),
            "class": target,
            "layer": asked.layer,
            "edit": to_text(edit),
            "second face": what_if_controls.second_name(),
            **style_settings(style),
        },
        always={state.MODEL: card.name},
        notes=(*view_report.picture_notes(), *what_if_controls.second_notes(), *filter(None, (too_long,))),
    )


def main(chosen: Selection) -> None:
    """Select, load, draw."""
    card = page_ends.opened("What if", chosen, CSS)
    if card is None:
        return
    named = page_ends.readable(chosen)
    if named is not None:
        with empty.said():
            page_ends.loaded(card)
            subject = choose_face(card, chosen, named)
            if subject is not None:
                workbench(card, subject)
    what_if_result.order()


with framed("What if") as selected:
    main(selected)

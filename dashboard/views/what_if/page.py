"""What if: cover, change or swap parts of a face, and see what the model makes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import streamlit as st

from dashboard.report.subject import about
from dashboard.report.subject import face as face_word
from dashboard.shared import face as answer
from dashboard.shared import maps
from dashboard.shared import pinned as beside
from dashboard.shared.figures.map_card import data_uri
from dashboard.shared.figures.map_content import style_settings
from dashboard.shared.target import CONTRAST
from dashboard.shell import loaders, long_work, map_loaders, page_ends, pinned, report_button, say, state
from dashboard.shell.costs import Work
from dashboard.shell.frame import framed
from dashboard.shell.map_loaders import FaceKey
from dashboard.shell.state import NamedPicture, Selection
from dashboard.views.what_if import controls, result
from dashboard.views.what_if import loaders as what_if_loaders
from dashboard.views.what_if.brush import brush
from dashboard.views.what_if.loaders import Staged
from dashboard.views.what_if.report import WhatIf, what_if_content
from engine.draw.overlay import resize_face
from engine.edit.regions import FaceRegions, parts_for, template_parts
from engine.edit.text import to_text
from engine.records import FaceBox, FacePrediction, RunCard

STYLE: Final = Path(__file__).with_name("style.css")

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
    whole = answer.taken_whole(card, named)
    found = answer.found_faces(card, named, whole)
    if found is None:
        return None
    if found.error is not None:
        say.problems([found.error])
        return None
    answer.say_nobody(found, whole, st.container())
    index = answer.pick_face(found, key=f"face.{named.digest[:12]}.{whole}")
    face = found.faces[index]
    if face.box is None and not whole:
        st.caption("Regions are where they would be on a face crop.")
    regions = parts_for(parts_of(chosen, named, face.box, card.input.size), card.input, card.domain)
    return Subject(named, face, index, whole, Staged(what_if_loaders.as_taken(card, face.crop), regions))


@st.fragment
def workbench(card: RunCard, subject: Subject, pin: NamedPicture | None = None) -> None:
    """Draw the face with its tools, what the edit does, and the table; an edit draws only this again."""
    about(card)  # a fragment is run alone
    with say.said():
        _work(card, subject, pin)


def _work(card: RunCard, subject: Subject, pin: NamedPicture | None) -> None:
    if pin is not None and not pinned.is_pinned():
        st.rerun()  # the pin was taken off here, and the rest of the page still shows it
    said, errors = controls.follow(subject.staged.regions.names), st.container()
    edit, staged = controls.current(), subject.staged
    with st.container(key="stack-what-if"):
        left, right = st.columns([4, 7], gap="large")
    with left:
        stage, brief = st.container(), st.container(key="what-if-brief")
        controls.buttons()
        controls.hiding(staged.regions)
        controls.sliders()
        second = controls.second_face(card, staged.regions)
        if edit.swapped and second is None:
            st.info(
                f"Choose a second {face_word()} to swap from; until then nothing is swapped.", icon=":material/info:"
            )
            edit = replace(edit, swapped=())
        too_long = controls.tell()
    with errors:
        say.problems(sentence for sentence in (said, too_long) if sentence is not None)
    pixels = what_if_loaders.edited_pixels(staged, edit, second)
    with stage:
        words = f"the {'' if edit.is_identity else 'edited '}{face_word()} as the model takes it"
        brush(data_uri(resize_face(pixels, STAGE_PIXELS)), (card.input.height, card.input.width), words)
    with right:
        answers, layers = st.container(), loaders.predictor(card).gradcam_layers
        predicted, truth = subject.face.prediction.label, subject.named.truth
        asked = maps.choose_target(card, layers, predicted=predicted, truth=truth)
        target = asked.targets[asked.name]
        plus = asked.pair[0] if asked.name == CONTRAST and asked.pair else asked.name
        face = subject.face
        key = FaceKey(subject.named.digest, subject.index, subject.whole, card.name, card.weights_sha256)
        before = map_loaders.explanation(card, key, face.crop, face.box, asked.layer, target)
        after = before if edit.is_identity else what_if_loaders.explained(card, pixels, asked.layer, target)
        with answers:
            result.show_answers(before, after, edited=not edit.is_identity)
        with brief:
            result.show_brief(before, after, edited=not edit.is_identity)
        drawn = st.container()
        style = result.map_style()
        with drawn:
            result.show_maps(before, after, plus, style)
    beside.show_beside(st.container(), card, after, subject.named, pin, style, edited=not edit.is_identity)
    effects = long_work.have(
        "regions",
        (card.weights_sha256, what_if_loaders.digest_of(staged), edit.fill),
        lambda _tell: what_if_loaders.effects(card, staged, edit.fill),
        f"Hiding one region after the other from {card.name}",
        Work(card.weights_sha256, "region hidden", float(len(staged.regions.names)), (1.0, 0.0)),
        prepare=partial(loaders.predictor, card),
    ).value
    if effects is None:
        return
    result.show_effects(effects, edit.hidden, controls.FILL_TITLES[edit.fill])
    named = subject.named
    done = WhatIf(before, after, plus, style, effects, staged.regions, named.credit)
    report_button.offer(
        "What if",
        f"{named.name}, {card.name}",
        (card,),
        lambda: what_if_content(done),
        settings={
            **report_button.picture_settings(named, subject.index, whole=subject.whole),
            "class": target,
            "layer": asked.layer,
            "edit": to_text(edit),
            f"second {face_word()}": controls.second_name(),
            **style_settings(style),
        },
        always={state.MODEL: card.name},
        notes=(*report_button.picture_notes(), *controls.second_notes(), *filter(None, (too_long,))),
    )


def main(chosen: Selection) -> None:
    """Select, load, draw."""
    card = page_ends.opened("What if", chosen, STYLE)
    if card is None:
        return
    named = page_ends.readable(chosen)
    if named is not None:
        with say.said():
            page_ends.loaded(card)
            subject = choose_face(card, chosen, named)
            if subject is not None:
                workbench(card, subject, chosen.pinned)
    result.order()


with framed("What if") as selected:
    main(selected)

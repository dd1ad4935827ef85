"""The lower half of the Evidence page: one built-in face after the other, its true evidence over each map."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import partial
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.report.text import escape, plain
from dashboard.shared.figures.face import probability_bars
from dashboard.shared.figures.map_card import MapStyle
from dashboard.shared.maps import style_controls
from dashboard.shell import glossed, loaders, long_work, say, theme
from dashboard.shell.costs import Work
from dashboard.shell.in_address import in_address
from dashboard.views.evidence.figures.cards import (
    evidence_words,
    face_html,
    map_rows,
    row_html,
    unit_words,
    verdict_html,
)
from engine.data.drawn import SPLIT_COUNTS, is_kept, synthetic_id
from engine.errors import DataError
from engine.evidence.answers import ANSWERED, faces_of_class
from engine.evidence.face import JudgedFace, face_number
from engine.labels import EMOTIONS
from engine.records import RunCard

FACE: Final = "face"
"""The face's key, in the session and in the address."""
SPLIT: Final = "test"
OUTLINED: Final[dict[str, str]] = {
    "plain": "The outline is the true evidence. It is known because a program drew the face.",
    "spurious": "The outline is the planted mark. A model that follows it should have maps that show it.",
}
SCALE_HELP: Final = (
    "Explanations always run from zero to their own largest value: layers and methods have no common unit, and how "
    "well a map agrees with the evidence does not depend on it."
)
_FILTERED: Final = "evidence_filter_changed"


def show_faces(card: RunCard, variant: str) -> tuple[JudgedFace, MapStyle] | None:
    """Draw the filters, the buttons, and the face that is chosen with the model's maps; return it, if there is one."""
    theme.section("Face by face", OUTLINED[variant])
    controls = st.container(horizontal=True, gap="medium", vertical_alignment="bottom")
    numbers = _filtered(controls, card, variant)
    face_id = _browse(controls, numbers)
    try:
        face_number(face_id, SPLIT)
        with st.spinner(plain(f"Explaining {face_id} with {card.name} …")):
            judged = loaders.judged_face(face_id, card.name, card.weights_sha256, variant)
    except DataError as error:
        say.problems([str(error)])
        return None
    _face(judged)
    style = style_controls("Scale of gates", hint=SCALE_HELP)
    for title, words, maps in map_rows(judged):
        st.html(row_html(judged, title, words, maps, style))
    glossed.note(
        "Under each map: how many times as dense it is on evidence as an even map (enrichment), the share of its "
        "largest "
        "cell that is evidence (hit rate), and the share of it on evidence (mass on evidence) and off the face (mass "
        "off "
        "the face). One face proves nothing: see the league."
    )
    return judged, style


def _changed() -> None:
    """Remember that the filter was changed: the face is then moved into it."""
    st.session_state[_FILTERED] = True


def _filtered(controls: DeltaGenerator, card: RunCard, variant: str) -> tuple[int, ...]:
    """Draw the filters; return the numbers of the faces that they leave, ascending."""
    any_or_one = ("any", *EMOTIONS)
    with in_address("shows", "evidence_shows", any_or_one, "any"):
        shows: str = controls.selectbox("Shows", any_or_one, key="evidence_shows", on_change=_changed, width=130)
    choices = [name for name in ANSWERED if name != "fooled" or variant == "spurious"]
    with in_address("answered", f"evidence_answered.{variant}", choices, "all"):
        answered: str = controls.segmented_control(
            "Answered",
            choices,
            format_func=plain,
            default="all",
            required=True,
            key=f"evidence_answered.{variant}",
            on_change=_changed,
            help=plain(
                "Choosing by the answer has the model answer all 3,000 test faces, once: some seconds, and longer the "
                "first time ever, when the faces are drawn. "
                + ". ".join(f"{name}: {ANSWERED[name]}" for name in choices)
                + "."
            ),
        )
    numbers = faces_of_class(None if shows == "any" else shows, SPLIT)
    if answered == "all":
        return numbers
    total, size = SPLIT_COUNTS[SPLIT], (card.input.size, card.input.channels)
    answers = long_work.have(
        "answered faces",
        (card.weights_sha256, variant),
        lambda tell: loaders.split_answers(card, variant, lambda doing, done: tell(min(done, total), total, doing)),
        f"Answering with {card.name}, once",
        Work(card.weights_sha256, f"faces answered{'' if is_kept((SPLIT,), *size) else ' and drawn'}", float(total)),
        prepare=partial(loaders.predictor, card),
        queued=False,
    ).value
    if answers is None:
        st.caption("Until then the faces are not chosen by their answer.")
        return numbers
    taken = set(answers.where(answered))
    return tuple(number for number in numbers if number in taken)


def _current() -> int | None:
    """Return the number of the face that is chosen, or None where its id is none."""
    try:
        return face_number(str(st.session_state.get(FACE) or st.query_params.get(FACE) or ""), SPLIT)
    except DataError:
        return None


def _go(number: int) -> None:
    st.session_state[FACE] = synthetic_id(SPLIT, number)


def _browse(controls: DeltaGenerator, numbers: tuple[int, ...]) -> str:
    """Draw the buttons and the field with the face's id, which is bound to the address; return the id."""
    at = _current()
    if st.session_state.pop(_FILTERED, False) and numbers and at not in numbers:
        following = bisect_left(numbers, at or 0)
        _go(numbers[min(following, len(numbers) - 1)])
        at = _current()
    at = 0 if at is None else at
    before, after = bisect_left(numbers, at), bisect_right(numbers, at)
    with controls:
        st.button(
            "Previous",
            key="evidence_previous",
            icon=":material/arrow_back:",
            disabled=before == 0,
            on_click=_go,
            args=(numbers[before - 1] if before else 0,),
        )
        st.button(
            "Next",
            key="evidence_next",
            icon=":material/arrow_forward:",
            disabled=after == len(numbers),
            on_click=_go,
            args=(numbers[after] if after < len(numbers) else 0,),
        )
        if FACE not in st.session_state and FACE not in st.query_params:
            _go(0)  # not the widget's default value, which the address would leave out
        face_id: str = st.text_input("Face", key=FACE, bind="query-params", width=190)
    if not numbers:
        st.info("No face of the test split is left by these filters; choose others.", icon=":material/info:")
    else:
        place = f"{before + 1:,} of" if after > before else "Not among the"
        st.html(f'<div class="fl-quiet">{place} {len(numbers):,} faces chosen</div>')
    return face_id


def _face(judged: JudgedFace) -> None:
    known = judged.known
    with st.container(key="stack-evidence"):
        left, right = st.columns([4, 7], gap="large")
    with left:
        st.html(face_html(known))
    with right:
        st.html(verdict_html(judged) + probability_bars(judged.prediction))
        st.html(
            f'<div class="fl-reading">{escape(evidence_words(known))}</div>'
            f'<div class="fl-quiet">{escape(unit_words(known))}</div>'
        )

"""Two pictures under one model: answers, maps and gates side by side, and what differs between them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.report.subject import about, emotion
from dashboard.report.subject import face as face_word
from dashboard.report.text import plain
from dashboard.shared import face as answer
from dashboard.shared import maps
from dashboard.shared.figures.map_content import style_settings
from dashboard.shared.figures.rows import explanation_row
from dashboard.shared.target import CONTRAST
from dashboard.shell import loaders, map_loaders, page_ends, pinned, report_button, say, sources, state, theme
from dashboard.shell.in_address import in_address
from dashboard.shell.map_loaders import FaceKey
from dashboard.shell.state import NamedPicture, Selection
from dashboard.views.compare import maps as compare_maps
from dashboard.views.compare.columns import PICTURES, Columns, titles_of
from dashboard.views.compare.report import OnFace, face_content
from engine.data.by_id import BY_ID
from engine.errors import FerLensError
from engine.records import FacePrediction, RunCard

SECOND: Final = "second"
"""Which picture stands beside the one chosen, in the address: ``pinned``, a number of the selection,
``sample:KEY`` or ``DATASET:ID``; the widget's key is the same."""
PINNED: Final = "pinned"


@dataclass(frozen=True, eq=False)
class Faced:
    """A picture's face: the picture, which face of it, and whether it was taken whole."""

    named: NamedPicture
    face: FacePrediction
    index: int
    whole: bool


def choices_of(chosen: Selection, asked: str | None) -> dict[str, str]:
    """Return text in the address → title of every picture that may stand second, the likeliest first.

    The pinned one, then the others of the selection, then the samples, then the data set's picture that is ``asked``
    for in the address by its id.
    """
    found: dict[str, str] = {}
    if chosen.pinned is not None:
        found[PINNED] = f"pinned: {chosen.pinned.name}"
    after = (*range(chosen.index + 1, len(chosen.pictures)), *range(chosen.index + 1))
    if len(chosen.pictures) > 1:
        found |= {str(at + 1): f"{at + 1}. {chosen.pictures[at].name}" for at in after}
    found |= {f"{pinned.SAMPLE}:{sample.key}": sample.title for sample in loaders.samples()}
    if asked is not None and asked.partition(":")[0] in BY_ID:
        found[asked] = asked
    return found


def choose_second(chosen: Selection, card: RunCard) -> NamedPicture:
    """Draw the choice of the second picture and return it. Raises FerLensError where it cannot be had."""
    first = chosen.picture
    asked = st.query_params.get(SECOND) or st.session_state.get(SECOND)
    titles = choices_of(chosen, asked)
    shown = "" if chosen.source != "sample" else f"{pinned.SAMPLE}:{st.session_state.get(state.SAMPLE)}"
    same_as_pinned = chosen.pinned is not None and first is not None and chosen.pinned.digest == first.digest
    default = next(text for text in titles if text != shown and not (text == PINNED and same_as_pinned))
    with in_address(SECOND, SECOND, tuple(titles), default, "second picture", own=True):
        text: str = st.selectbox(
            "Second picture",
            tuple(titles),
            format_func=lambda name: plain(titles[name]),
            key=SECOND,
            width=320,
            help="The one pinned, another of the selection, or a sample. Pin a picture to compare others with it.",
        )
    if text == PINNED and chosen.pinned is not None:
        return chosen.pinned
    if text.isdecimal():
        return chosen.pictures[int(text) - 1]
    kind, _, name = text.partition(":")
    return sources.named_sample(name) if kind == pinned.SAMPLE else sources.of_dataset(kind, name, card)


def _face_of(card: RunCard, named: NamedPicture, place: DeltaGenerator, key: str, *, pick: bool) -> Faced | None:
    """Draw a picture with its faces; return the one to compare, the largest unless one may be picked, or None."""
    picture = loaders.picture(named.digest, named.data, named.name)
    with place:
        whole = answer.taken_whole(card, named) if pick else answer.taken_whole_by(card, named)
        found = answer.found_faces(card, named, whole)
        if found is None:
            return None
        if found.error is not None:
            say.problems([f"{named.name}: {found.error}"])
            return None
        index = answer.pick_face(found, key=f"face.{named.digest[:12]}.{whole}") if pick else 0
        answer.say_nobody(found, whole, place.container())
        answer.show_picture(picture, found, index, named.credit, key=key)
    return Faced(named, found.faces[index], index, whole)


def show(chosen: Selection) -> None:
    """Draw the page for the picture chosen, and another beside it."""
    if chosen.model is None:
        return
    card = loaders.shelf().card(chosen.model)
    about(card)
    theme.shaped(card.input)
    say.unchecked(card)
    named = page_ends.readable(chosen)
    if named is None:
        return
    try:
        second = choose_second(chosen, card)
        if second.digest == named.digest:
            st.info("Both are the same picture: choose another one as the second.", icon=":material/info:")
            return
        problem = loaders.problem(second.digest, second.data, second.name)
        if problem is not None:
            say.problems([problem])
            return
        _compare(card, named, second)
    except FerLensError as error:
        say.problems([str(error)])


def _compare(card: RunCard, first: NamedPicture, second: NamedPicture) -> None:
    model = page_ends.loaded(card)
    theme.section(
        f"Two {face_word()}s, one model",
        f"The same weights answer both; of the second picture the largest {face_word()} is taken."
        if card.domain == "faces"
        else "The same weights answer both.",
    )
    with st.container(key="stack-compare"):
        left, right = st.columns(2, gap="large")
    with st.spinner(plain(f"Answering with {card.name} …")):
        both = (
            _face_of(card, first, left, "picture", pick=True),
            _face_of(card, second, right, "picture-second", pick=False),
        )
    one, two = both
    if one is None or two is None:
        return
    answers = st.container()
    theme.section("Explanation: Grad-CAM", f"Where the features of a layer spoke for one {emotion()}, in either.")
    asked = maps.choose_target(
        card, model.gradcam_layers, predicted=one.face.prediction.label, truth=first.truth,
        ranked=answer.ranked(one.face),
    )  # fmt: skip
    style = maps.style_controls()
    slot = st.container()
    with slot, st.spinner(plain(f"Explaining with {card.name} …")):
        explained = tuple(
            map_loaders.explanation(
                card,
                FaceKey(each.named.digest, each.index, each.whole, card.name, card.weights_sha256),
                each.face.crop,
                each.face.box,
                asked.layer,
                asked.targets[asked.name],
            )
            for each in (one, two)
        )
    columns = Columns(PICTURES, titles_of(first.name, second.name), explained)
    with answers:
        compare_maps.show_answers(columns)
    row = explanation_row(explained, columns.pair, style.scale)
    shown = explained[0].maps[0]
    with slot:
        compare_maps.show_map_rows(columns, [row], style, "map")
        st.caption(
            plain(
                f"Explains {shown.target} in both. The difference is that of shares: percentage points of each map’s "
                f"mass, cell by cell. A cell is a place of the {'crop' if card.domain == 'faces' else 'picture'}: "
                "where the two do not lie alike, neither do their maps."
            )
        )
    plus = asked.pair[0] if asked.name == CONTRAST and asked.pair is not None else asked.name
    rows = compare_maps.show_gates_and_rest(columns, row, plus, style)
    credit = " ".join(filter(None, (first.credit, second.credit)))
    _offer(card, columns, OnFace(columns, rows, style, credit), (first, second))


def _offer(card: RunCard, columns: Columns, face: OnFace, both: tuple[NamedPicture, NamedPicture]) -> None:
    """Draw the report's button."""
    shown = columns.explained[0].maps[0]
    restricted = (note for named in both for note in report_button.dataset_notes(named.dataset))
    notes = tuple(dict.fromkeys((*report_button.picture_notes(), *restricted)))
    report_button.offer(
        "Compare",
        f"{' and '.join(columns.names)}, {card.name}",
        (card,),
        partial(face_content, face),
        settings={
            "compare": PICTURES,
            "pictures": [named.name for named in both],
            "pictures sha256": [named.digest for named in both],
            "class": shown.target,
            "layer": shown.layer,
            "difference": list(columns.names),
            **style_settings(face.style),
        },
        always={state.MODEL: card.name},
        notes=notes,
    )

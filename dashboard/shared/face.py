"""The picture with its faces, the one that is chosen, and the answer for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.report.glossary import marked
from dashboard.report.subject import face as face_word
from dashboard.report.subject import is_about_pictures
from dashboard.report.text import escape, percent, plain
from dashboard.shared.figures import votes
from dashboard.shared.figures.face import boxed_picture, probability_bars, read_answer, read_map, verdict
from dashboard.shared.figures.map_card import data_uri
from dashboard.shell import loaders, long_work, say
from dashboard.shell.costs import Work
from dashboard.shell.in_address import ON_OFF, in_address
from dashboard.shell.map_loaders import FaceKey
from dashboard.shell.state import NamedPicture
from engine.analysis.store.voted import vote_column
from engine.data.votes.file import VOTE_COLUMNS
from engine.media.pictures import Picture
from engine.records import Explanation, FaceExplanation, FacePrediction, PicturePrediction, Prediction, RunCard

LARGE_MEGAPIXELS: Final = 1.5
"""What is larger is searched for faces beside the page."""
NOBODY: Final = ".fl-verdict,.fl-bar,.fl-cbar{filter:grayscale(1);opacity:.5}"
"""Greys what reads like an answer about a face."""


@dataclass(frozen=True, eq=False)
class Found:
    """The face that is explained.

    Attributes:
        face: as it was found and answered.
        key: stands for it and the model.
        beside: where the answer is drawn, right of the picture.
    """

    face: FacePrediction
    key: FaceKey
    beside: DeltaGenerator


def face_title(index: int, face: FacePrediction) -> str:
    """Return a face's entry in the picker: its number, its label, its confidence."""
    return f"{index + 1} · {face.prediction.label} {percent(face.prediction.confidence)}"


def ranked(face: FacePrediction) -> list[str]:
    """Return the classes, most probable first."""
    return [name for name, _ in face.prediction.ranked()]


def pick_face(prediction: PicturePrediction, key: str) -> int:
    """Let a person choose among several faces; return the index of the chosen one."""
    if len(prediction.faces) == 1:
        return 0
    with in_address("face_number", key, {str(index + 1): index for index in range(len(prediction.faces))}, 0, "face"):
        chosen: int = st.pills(
            f"{len(prediction.faces)} faces, largest first",
            range(len(prediction.faces)),
            format_func=lambda index: plain(face_title(index, prediction.faces[index])),
            default=0,
            required=True,
            key=key,
        )
    return chosen


def say_nobody(prediction: PicturePrediction, whole: bool, place: DeltaGenerator) -> None:
    """Say before any answer that no face was found, and grey the answers of the page, which then are about a scene."""
    if whole or prediction.error is not None or prediction.faces[0].box is not None:
        return
    place.warning(
        "No face was found in this picture. What stands below is about the whole of it, and means little unless the "
        "picture is cut to one face already."
        + (f" {plain(missing)}" if (missing := loaders.missing_detector()) else ""),
        icon=":material/face_retouching_off:",
    )
    place.html(f"<style>{NOBODY}</style>")


def show_picture(
    picture: Picture, prediction: PicturePrediction, chosen: int, credit: str, *, key: str = "picture"
) -> None:
    """Draw the picture with its boxes, and say what was done to it; ``key`` tells several on a page apart."""
    faces = prediction.faces
    with st.container(key=key):
        st.image(
            boxed_picture(picture.pixels, prediction, chosen),
            width="content",
            output_format="JPEG",
            alt=picture.source
            if is_about_pictures()
            else f"{picture.source} with {len(faces)} face{'s' if len(faces) != 1 else ''} marked",
        )
    notes = list(picture.notes)
    if credit:
        notes.append(credit)
    if notes:
        st.caption(plain(" ".join(notes)))


def taken_whole_by(card: RunCard, named: NamedPicture) -> bool:
    """Say the same as :func:`taken_whole` without drawing the choice: as it was made."""
    return named.cut or card.domain == "pictures" or bool(st.session_state.get("whole", False))


def taken_whole(card: RunCard, named: NamedPicture) -> bool:
    """Say whether a picture is taken whole: it is cut to a face, the model is not about faces, or so is chosen."""
    return named.cut or card.domain == "pictures" or use_whole()


def use_whole() -> bool:
    """Draw the choice to skip the search for faces; the same on every page that searches."""
    with in_address("whole", "whole", ON_OFF, default=False):
        return st.toggle(
            "Use the whole picture",
            key="whole",
            help="Skips the search for faces: for a picture that is already cut to one face.",
        )


def looking(*, whole: bool) -> str:
    """Say what is being done to a picture."""
    return "Answering" if whole else "Finding faces, answering"


def found_faces(card: RunCard, named: NamedPicture, whole: bool) -> PicturePrediction | None:
    """Find a picture's faces and answer them; a large one is searched beside the page.

    None while that lasts, with its bar, and where it was stopped.
    """
    pixels = loaders.picture(named.digest, named.data, named.name).pixels
    megapixels = pixels.shape[0] * pixels.shape[1] / 1e6
    if not whole and megapixels > LARGE_MEGAPIXELS and not loaders.is_searched(named.digest):
        long_work.have(
            "face search",
            named.digest,
            lambda tell: loaders.search(named.digest, pixels, lambda done, of: tell(done, of, "parts")),
            f"Looking for faces in {named.name}",
            Work("", "megapixel searched for faces", megapixels),
        )
        if not loaders.is_searched(named.digest):
            return None
    with st.spinner(plain(f"{looking(whole=whole)} with {card.name} …")):
        return loaders.faces(named.digest, pixels, card.name, card.weights_sha256, whole)


def find_face(card: RunCard, named: NamedPicture) -> Found | None:
    """Draw the picture and find its faces; return the chosen one, or None where the picture cannot be answered."""
    picture = loaders.picture(named.digest, named.data, named.name)
    first = st.container()
    with st.container(key="stack-answer"):
        left, right = st.columns([5, 6], gap="large")
    seen = left.container()
    with left:
        whole = taken_whole(card, named)
    with right:
        prediction = found_faces(card, named, whole)
    if prediction is None:
        return None
    if prediction.error is not None:
        say.problems([prediction.error])
        return None
    say_nobody(prediction, whole, first)
    with seen:
        index = pick_face(prediction, key=f"face.{named.digest[:12]}.{whole}")
        show_picture(picture, prediction, index, named.credit)
    key = FaceKey(named.digest, index, whole, card.name, card.weights_sha256)
    return Found(prediction.faces[index], key, right)


def show_answer(
    explanation: FaceExplanation, gradcam: Explanation | None, whole: bool, *, cut: bool = False, trusted: str = ""
) -> None:
    """Draw the verdict, the bars, the reading, and the face as the model saw it.

    ``gradcam``: None while it is being made. ``cut``: the picture was cut to one face already. ``trusted`` says what
    is known of whether gates and map may be believed.
    """
    prediction, said = explanation.prediction, "" if gradcam is None else read_map(gradcam)
    st.html(verdict(prediction) + probability_bars(prediction))
    st.html(
        f'<div class="fl-reading">{escape(read_answer(prediction))} {escape(said)} {marked(trusted)}</div>'
        f'<div class="fl-seen"><img src="{data_uri(explanation.face)}" alt="the {face_word()} as the model saw it">'
        f'<span class="fl-quiet">{escape(_seen(explanation, whole, cut))}</span></div>'
    )


def show_truth(truth: str, prediction: Prediction, seen: tuple[int, ...] = ()) -> None:
    """Say what the data set labels the picture with, whether that is the answer, and what people saw if known."""
    predicted = prediction.label
    judged = "The answer agrees." if truth == predicted else f"The answer, {predicted}, is wrong by it."
    st.html(f'<div class="fl-reading">The data set’s label is <b>{escape(truth)}</b>. {escape(judged)}</div>')
    if seen:
        _show_seen(seen, prediction)


def _show_seen(seen: tuple[int, ...], prediction: Prediction) -> None:
    """Draw what people saw beside what the model answers."""
    counts = dict(zip(VOTE_COLUMNS, seen, strict=True))
    row = {vote_column(name): count for name, count in counts.items()}
    row |= {f"p_{name}": p for name, p in zip(prediction.classes, prediction.probabilities.tolist(), strict=True)}
    said = f"{sum(seen)} people were asked what they see (FER+): {votes.votes_in_words(counts)}."
    st.html(f'{votes.CSS}<div class="fl-reading">{escape(said)}</div>{votes.votes_html(row, prediction.classes)}')


def _seen(explanation: FaceExplanation, whole: bool, cut: bool) -> str:
    side = f"{explanation.face.shape[1]} × {explanation.face.shape[0]}"
    tone = "grey" if explanation.face.ndim == 2 else "colour"
    said = f"What {explanation.model} saw: {side} pixels, {tone}"
    box = explanation.box
    if box is not None:
        return f"{said}, from the face of {box.width} × {box.height} pixels and a margin around it."
    if is_about_pictures():
        return f"{said}, from the whole picture."
    if cut:
        return f"{said}, the whole picture: it is cut to one face already."
    if whole:
        return f"{said}, from the whole picture, as you asked."
    return f"{said}. No face was found, so the whole picture was classified: take the answer with care."

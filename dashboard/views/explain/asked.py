"""Which maps Explain has made, and when: the one asked for first, what else the model can take, the other classes last.

Nothing here is waited for: each is work beside the page with a bar of its own, and a run takes what is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import streamlit as st

from dashboard.report.text import layer_title, plain
from dashboard.shared import face_loaders
from dashboard.shared.maps import Chosen
from dashboard.shell import loaders, long_work, map_loaders
from dashboard.shell.cost_loaders import costs
from dashboard.shell.costs import BACKWARD, Work, time_words
from dashboard.shell.long_work import Tell
from dashboard.shell.map_loaders import FaceKey
from dashboard.shell.state import NamedPicture
from engine.records import Explanation, FaceExplanation, FacePrediction, RunCard

QUICK_SECONDS: Final = 2.0
"""The other classes' maps are made unasked, after all else, where they are expected to take no longer than this."""
_WANTED: Final = "other_classes"


@dataclass(frozen=True, eq=False)
class Subject:
    """The face that is explained.

    Attributes:
        card: the model's. named: the picture. face: as it was found. key: which face and model.
        answer: its answer and gates, without a map.
    """

    card: RunCard
    named: NamedPicture
    face: FacePrediction
    key: FaceKey
    answer: FaceExplanation

    def explained(self, entry: Explanation) -> FaceExplanation:
        """Return the answer with a map."""
        return replace(self.answer, maps=(entry,))

    def known(self, layer: str, target: str) -> Explanation | None:
        """Return a Grad-CAM that is there already, of a settled target."""
        return map_loaders.known_map(self.card, self.key, self.face.crop, layer, target)


def subject_of(card: RunCard, named: NamedPicture, face: FacePrediction, key: FaceKey) -> Subject:
    """Answer the face: one forward pass."""
    return Subject(card, named, face, key, map_loaders.answer(card, key, face.crop, face.box))


def settled(subject: Subject, asked: Chosen) -> dict[str, str]:
    """Return what is to be explained, as in ``asked.targets`` → its name as maps have it."""
    return {name: map_loaders.target_name(subject.answer, words) for name, words in asked.targets.items()}


def _gradcam_work(subject: Subject, layer: str, maps: int) -> Work:
    return replace(face_loaders.map_work(subject.card, map_loaders.GRADCAM, layer), units=float(maps))


def _have(work: str, subject: Subject, layer: str, targets: Sequence[str], words: str) -> None:
    """Have the Grad-CAMs of settled targets made beside the page, and draw the bar."""

    def make(tell: Tell) -> None:
        map_loaders.gradcams(
            subject.card, subject.key, subject.face.crop, layer, targets, lambda done, of: tell(done, of, "maps")
        )

    key = (subject.key, layer, tuple(targets))
    costing = _gradcam_work(subject, layer, len(targets))
    long_work.have(work, key, make, words, costing, prepare=partial(loaders.predictor, subject.card))


def first_maps(
    subject: Subject, asked: Chosen, names: Mapping[str, str], pair: Sequence[str]
) -> dict[str, Explanation]:
    """Return the Grad-CAM asked for, and those of a contrast shown beside it; empty until all of them are there.

    Args:
        asked: what is asked for. names: see :func:`settled`. pair: names of the contrast's three, or none.
    """
    needed = tuple(dict.fromkeys((asked.name, *pair)))
    missing = [names[one] for one in needed if subject.known(asked.layer, names[one]) is None]
    if missing:
        words = f"Explaining with {subject.card.name}: Grad-CAM at {layer_title(asked.layer)}"
        _have("asked map", subject, asked.layer, missing, words)
    found = {one: subject.known(asked.layer, names[one]) for one in needed}
    there = {one: entry for one, entry in found.items() if entry is not None}
    return there if len(there) == len(needed) else {}


def other_maps(
    subject: Subject, asked: Chosen, names: Mapping[str, str], first: Mapping[str, Explanation]
) -> tuple[Explanation, ...]:
    """Return the Grad-CAM of every target that is there, having the others made where that is quick or was asked for.

    Draws the bar, or the button with its price.
    """
    missing = [name for key, name in names.items() if key not in first and subject.known(asked.layer, name) is None]
    if missing:
        seconds = costs().promise(_gradcam_work(subject, asked.layer, len(missing))) or 0.0
        wanted = (subject.key, asked.layer)
        if seconds <= QUICK_SECONDS or st.session_state.get(_WANTED) == wanted:
            others = f"the other {len(missing)} classes" if len(missing) > 1 else "the other class"
            _have("other classes", subject, asked.layer, missing, f"Grad-CAM for {others}")
        else:
            st.button(
                plain(f"Show the other {len(missing)} classes, {time_words(seconds)}"),
                key="show_other_classes",
                icon=":material/grid_view:",
                on_click=_want,
                args=(wanted,),
            )
    found = (first.get(key) or subject.known(asked.layer, name) for key, name in names.items())
    return tuple(entry for entry in found if entry is not None)


def _want(what: tuple[FaceKey, str]) -> None:
    st.session_state[_WANTED] = what


def takes(subject: Subject) -> Mapping[str, str] | None:
    """Return method → why this model cannot take it; None while that is looked at, beside the page, once a model.

    A pass and a small step of trust are timed on the way, by which all has its price before it first ran.
    """
    card = subject.card
    known = face_loaders.known_refusals(card.weights_sha256)
    if known is None or costs().unit(card.weights_sha256, BACKWARD) is None:

        def look(_tell: Tell) -> None:
            face_loaders.measure_passes(card, subject.answer.face)
            face_loaders.measure_trust(card, subject.answer.face)
            face_loaders.refused(card, card.weights_sha256, subject.face.crop)

        words = f"Looking which methods {card.name} can take, once"
        long_work.have("methods", card.weights_sha256, look, words, Work(card.weights_sha256, "methods looked at"))
        known = face_loaders.known_refusals(card.weights_sha256)
    return known

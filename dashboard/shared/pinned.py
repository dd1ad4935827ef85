"""The picture that is shown beside the one that is pinned: answers, the last attention gate and Grad-CAM of both."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.report.subject import face as face_word
from dashboard.report.text import escape, layer_title
from dashboard.shared import face as answer
from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.face import probability_bars, verdict
from dashboard.shared.figures.map_card import MapStyle, cards_html, explanation_cards, gate_cards
from dashboard.shell import loaders, map_loaders, pinned, theme
from dashboard.shell.map_loaders import FaceKey
from dashboard.shell.state import NamedPicture
from engine.records import FaceExplanation, FacePrediction, RunCard


def explained_pin(card: RunCard, named: NamedPicture, layer: str, target: str) -> FaceExplanation | None:
    """Explain the largest face of the pinned picture for a class; None where the picture has none to be answered."""
    picture = loaders.picture(named.digest, named.data, named.name)
    whole = answer.taken_whole_by(card, named)
    found = loaders.faces(named.digest, picture.pixels, card.name, card.weights_sha256, whole)
    if found.error is not None:
        return None
    face = found.faces[0]
    key = FaceKey(named.digest, 0, whole, card.name, card.weights_sha256)
    return map_loaders.explanation(card, key, face.crop, face.box, layer, target)


def pinned_face(card: RunCard, pin: NamedPicture) -> FacePrediction | None:
    """Return the largest face of the pinned picture as the model of ``card`` answers it; None where it has none."""
    picture = loaders.picture(pin.digest, pin.data, pin.name)
    whole = answer.taken_whole_by(card, pin)
    found = loaders.faces(pin.digest, picture.pixels, card.name, card.weights_sha256, whole)
    return found.faces[0] if found.error is None else None


def show_beside(
    slot: DeltaGenerator,
    card: RunCard,
    shown: FaceExplanation,
    named: NamedPicture,
    pin: NamedPicture | None,
    style: MapStyle,
    *,
    edited: bool = False,
) -> None:
    """Draw two columns: the picture shown, and the pinned one explained for the same class at the same layer.

    Nothing is drawn where none is pinned, or the picture shown is.

    Args:
        slot: where. card: the model's. shown: the explained face; its first map says for which class, and where.
        named: its picture. pin: the pinned one. style: how maps are drawn.
        edited: whether it is shown as a person changed it.
    """
    if pin is None or pin.digest == named.digest:
        return
    first = shown.maps[0]
    with slot:
        other = explained_pin(card, pin, first.layer, first.target)
        theme.section(
            "Beside the pinned picture",
            escape(f"The same model, the same class ({first.target}) and the same scale of gates on both sides."),
        )
        with st.container(key="stack-pinned"):
            left, right = st.columns(2, gap="large")
    with left:
        _draw(shown, f"This {face_word()}{' as edited' if edited else ''}: {named.name}", style)
    with right:
        if other is None:
            st.caption("No answer to the pinned picture: it cannot be read by this model.")
        else:
            _draw(other, f"Pinned: {pin.name}", style)
        pinned.draw_release()


def _draw(explained: FaceExplanation, title: str, style: MapStyle) -> None:
    first = explained.maps[0]
    color = emotion_color(first.target) if first.target in explained.prediction.classes else ""
    gates = gate_cards(explained.gates_of("spatial")[-1:], style.scale)
    maps = explanation_cards((first,), style.scale, titles=(f"Grad-CAM, {layer_title(first.layer)}",), colors=(color,))
    st.html(
        f'<div class="fl-quiet">{escape(title)}</div>{verdict(explained.prediction)}'
        f"{probability_bars(explained.prediction)}{cards_html(explained.face, (*gates, *maps), style)}"
    )

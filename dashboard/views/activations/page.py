"""Activations: the feature maps and filters of any layer for a face, and which pictures excite a channel."""

from __future__ import annotations

import streamlit as st

from dashboard.report.subject import face
from dashboard.report.text import plain
from dashboard.shared.face import found_faces, pick_face, say_nobody
from dashboard.shared.pinned import pinned_face
from dashboard.shell import loaders, page_ends, pinned, report_button, say, state
from dashboard.shell.frame import framed
from dashboard.shell.state import NamedPicture, Selection
from dashboard.views.activations import gallery
from dashboard.views.activations.figures.tiles import CSS
from dashboard.views.activations.report import Activations, activations_content
from engine.records import RunCard, UInt8


def face_of(card: RunCard, named: NamedPicture) -> UInt8 | None:
    """Find the picture's face, or let one be chosen; return it as the model takes it, or None where there is none."""
    whole = named.cut or card.domain == "pictures"
    found = found_faces(card, named, whole)
    if found is None:
        return None
    if found.error is not None:
        say.problems([found.error])
        return None
    say_nobody(found, whole, st.container())
    face = found.faces[pick_face(found, key=f"face.{named.digest[:12]}.{whole}")]
    st.caption(
        plain(f"{named.name}: {card.name} answers {face.prediction.label} ({100 * face.prediction.confidence:.0f} %).")
    )
    return loaders.predictor(card).model_input(face.crop)


def show_pinned(
    card: RunCard, named: NamedPicture, pin: NamedPicture | None, asked: gallery.Asked, seen: Activations
) -> None:
    """Draw the same channels of the pinned picture, where one is pinned and it is not the one shown."""
    if pin is None or pin.digest == named.digest:
        return
    found = pinned_face(card, pin)
    if found is None:
        st.caption("No answer to the pinned picture: it cannot be read by this model.")
    else:
        gallery.show_beside(card, loaders.predictor(card).model_input(found.crop), pin.name, asked, seen)
    pinned.draw_release()


def offer_report(card: RunCard, named: NamedPicture, seen: Activations) -> None:
    """Draw the button of the report."""
    report_button.offer(
        "Activations",
        f"{named.name}, {card.name}, {seen.maps.layer}",
        (card,),
        lambda: activations_content(seen),
        settings={
            "picture": named.name,
            "picture sha256": named.digest,
            "layer": seen.maps.layer,
            "order": seen.order,
            "sample": seen.sample,
            "channel": seen.channel,
            "scale": seen.look.scale,
            f"over the {face()}": seen.look.over_face,
        },
        always={state.MODEL: card.name},
        notes=dict.fromkeys((*report_button.picture_notes(), *report_button.dataset_notes(seen.sample))),
    )


def main(selected: Selection) -> None:
    """Select, load, draw."""
    card = page_ends.opened("Activations", selected, CSS)
    if card is None:
        return
    named = page_ends.readable(selected, hint=False)
    if named is None:
        return
    with say.said():
        page_ends.loaded(card)
        face = face_of(card, named)
        if face is not None:
            answered = gallery.answer_sample(card)
            asked = gallery.choose(card, answered)
            seen = gallery.show(card, face, asked, answered)
            show_pinned(card, named, selected.pinned, asked, seen)
            offer_report(card, named, seen)


with framed("Activations") as chosen:
    main(chosen)

"""Explain: one face, the answer, every gate inside the model, explanations by any method, and whether to trust them."""

from __future__ import annotations

from functools import partial
from statistics import median

import streamlit as st

from dashboard.components import channels, explain_shares, method_maps, self_attention, trust_check, trust_details
from dashboard.components.legend import legend
from dashboard.figures.trust_words import read_trust
from dashboard.report.text import layer_title
from dashboard.shared import face as answer
from dashboard.shared import face_loaders, maps
from dashboard.shared.face_loaders import FaceKey
from dashboard.shared.figures.map_content import style_settings
from dashboard.shared.figures.trust import gate_badge, map_badge
from dashboard.shell import loaders, page_ends, report_button, say, state
from dashboard.shell.frame import framed
from dashboard.shell.state import NamedPicture, Selection
from dashboard.views.explain import downloads, sanity, trust
from dashboard.views.explain import gates as emotion_gates
from dashboard.views.explain.figures.style import CSS
from dashboard.views.explain.report import Explained, explain_content
from engine.records import RunCard


def offer_report(card: RunCard, named: NamedPicture, key: FaceKey, seen: Explained) -> None:
    """Draw the report's button; ``seen`` is what the page shows, its main map first."""
    trust.tell(key)
    first = seen.main[0]
    report_button.offer(
        "Explain",
        f"{named.name}, {card.name}",
        (card,),
        lambda: explain_content(seen),
        settings={
            **report_button.picture_settings(named, key.index, whole=key.whole),
            "class": first.target,
            "layer": first.layer,
            "methods": [item.method for item in seen.main[1:]],
            **style_settings(seen.style),
        },
        always={state.MODEL: card.name, **trust.of_results(seen.trusted, seen.sanity)},
        notes=report_button.picture_notes(),
    )


def explain(card: RunCard, named: NamedPicture) -> None:
    """Draw the page for one picture that can be read."""
    model = page_ends.loaded(card)
    found = answer.find_face(card, named)
    if found is None:
        return
    face, key, reading, checking = found.face, found.key, found.beside.container(), found.beside.container()
    maps.gates_heading()
    style = maps.style_controls()
    gates = st.container()
    maps.explanation_heading()
    predicted, truth = face.prediction.label, named.truth
    asked = maps.choose_target(card, model.gradcam_layers, predicted=predicted, truth=truth)

    where = (key.digest, key.index, key.whole, face.crop)
    weights = (card.name, card.weights_sha256)
    with (
        found.beside,
        st.spinner(f"Explaining with {card.name}: gates, and Grad-CAM for {len(asked.targets)} targets …"),
    ):
        results = {
            name: loaders.explanation(*where, face.box, *weights, asked.layer, target)
            for name, target in asked.targets.items()
        }
    chosen = results[asked.name]
    main_map = chosen.maps[0]
    drawn = tuple(result.maps[0] for result in results.values())
    # A Grad-CAM is a forward and a backward pass; a model's first one takes longer.
    seconds_a_pass = median(entry.seconds for entry in drawn) / 2
    gradcam = st.container()
    further = method_maps.choose_further(
        card, key, face.crop, target=main_map.target, layer=asked.layer, seconds_a_pass=seconds_a_pass
    )
    shown = (main_map, *further.maps.values())
    checks = trust.follow(key)
    trusted = trust_check.check_trust(checking, card, key, chosen, shown, checks)
    shares = face_loaders.answer_shares(card, key, chosen.face)

    def gate_trust(layer: str) -> str:
        return gate_badge(trusted.gates.get(layer))

    with reading:
        answer.show_answer(chosen, main_map, key.whole, cut=named.cut, trusted=read_trust(trusted, main_map))
        if truth is not None:
            answer.show_truth(truth, predicted)
    with gates:
        gate_cards = maps.show_gates(chosen, style, gate_trust)
        emotion_cards = emotion_gates.show_emotion_gates(chosen, style, gate_trust)
        received_cards = self_attention.show_received(chosen, style, gate_trust)
        explain_shares.show_shares(shares, predicted)
    with gradcam:
        if asked.pair is not None:
            three = [results[name].maps[0] for name in (*asked.pair, maps.CONTRAST)]
            titles = maps.contrast_titles(asked.pair, predicted=predicted, truth=truth)
            maps.show_contrast(chosen, three, titles, style)
        class_cards = maps.show_explanations(chosen, main_map.target, drawn, style, map_badge(trusted.map(main_map)))
    further_cards = method_maps.show_further(chosen, further, trusted, style)
    channels.show_channels(chosen, partial(loaders.activation, *where, *weights), style, gate_trust)
    rows = (
        ("Spatial attention gates", gate_cards),
        ("Attention by emotion", emotion_cards),
        ("Attention between cells", received_cards),
        (f"Grad-CAM at {layer_title(asked.layer)}", class_cards),
        (f"Other explanations for {main_map.target}", further_cards),
    )
    everything = (*drawn, *further.maps.values())
    downloads.show_downloads(chosen, everything, rows, style, named.name, shares)
    offer_report(
        card,
        named,
        key,
        Explained(
            chosen,
            everything,
            shown,
            rows,
            style,
            trusted,
            truth,
            named.credit,
            sanity.known(key, shown),
            shares,
        ),
    )
    downloads.show_numbers(chosen, everything)
    trust_details.show_curves(trusted, shown)
    sanity.show_sanity(card, key, chosen, shown, seconds_a_pass, checks)


def main(chosen: Selection) -> None:
    """Select, load, draw."""
    card = page_ends.opened("Explain", chosen, CSS)
    if card is None:
        return
    named = page_ends.readable(chosen)
    if named is not None:
        with say.said():
            explain(card, named)
    legend()


with framed("Explain") as selected:
    main(selected)

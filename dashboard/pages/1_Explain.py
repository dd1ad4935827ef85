"""Explain: one face, the model's answer, every gate inside it, and the Grad-CAM of any class at any layer."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

# As in Home.py: the first visit to a fresh server may run this file without it.
if (root := str(Path(__file__).resolve().parents[2])) not in sys.path:
    sys.path.insert(0, root)

import streamlit as st

from dashboard import loaders, state
from dashboard.components import answer, channels, downloads, empty, maps
from dashboard.components.frame import framed
from dashboard.components.legend import legend
from dashboard.figures.text import layer_title
from dashboard.state import NamedPicture, Selection
from engine.errors import FerLensError
from engine.explain.target import TRUE
from engine.records import RunCard


def explain(card: RunCard, named: NamedPicture) -> None:
    """Draw the page for one picture that can be read."""
    picture = loaders.picture(named.digest, named.data, named.name)
    with st.spinner(f"Loading {card.name} …"):
        model = loaders.predictor(card)
    with st.container(key="stack-answer"):
        left, right = st.columns([5, 6], gap="large")
    seen = left.container()
    with left:
        # A data set's pictures are cut to one face already, and models answer them whole.
        whole = named.truth is not None or st.toggle(
            "Use the whole picture",
            key="whole",
            help="Skips the search for faces: for a picture that is already cut to one face.",
        )
    sha256 = card.weights_sha256
    with right, st.spinner(f"Finding faces, answering with {card.name} …"):
        prediction = loaders.faces(named.digest, picture.pixels, card.name, sha256, whole)
    if prediction.error is not None:
        empty.problems([prediction.error])
        return
    with seen:
        index = answer.pick_face(prediction, key=f"face.{named.digest[:12]}.{whole}")
        answer.show_picture(picture, prediction, index, named.credit)
    face = prediction.faces[index]

    reading = right.container()
    maps.gates_heading()
    style = maps.style_controls()
    gates = st.container()
    maps.explanation_heading()
    predicted, truth = face.prediction.label, named.truth
    target, layer = maps.choose_target(card, model.gradcam_layers, predicted=predicted, truth=truth)
    contrasted = truth in card.classes and truth != predicted

    where = (named.digest, index, whole, face.crop)
    with right, st.spinner(f"Explaining with {card.name}: gates, and Grad-CAM for {len(card.classes)} classes …"):
        results = {name: loaders.explanation(*where, face.box, card.name, sha256, layer, name) for name in card.classes}
        if contrasted:
            contrast = loaders.explanation(*where, face.box, card.name, sha256, layer, maps.CONTRAST, truth)
            results[maps.CONTRAST] = contrast
    target = {state.PREDICTED: predicted, TRUE: str(truth)}.get(target, target)
    chosen = results[target]
    drawn = tuple(result.maps[0] for result in results.values())
    with reading:
        answer.show_answer(chosen, chosen.maps[0], whole, cut=truth is not None)
        if truth is not None:
            answer.show_truth(truth, predicted)
    with gates:
        gate_cards = maps.show_gates(chosen, style)
    if contrasted:
        three = (predicted, str(truth), maps.CONTRAST)
        maps.show_contrast(
            chosen,
            [results[name].maps[0] for name in three],
            (f"answered {predicted}", f"true {truth}", f"{predicted} − {truth}"),
            style,
        )
    class_cards = maps.show_explanations(chosen, results[target].maps[0].target, drawn, style)
    channels.show_channels(chosen, partial(loaders.activation, *where, card.name, sha256), style)
    rows = (
        ("Spatial attention gates", gate_cards),
        (f"Grad-CAM at {layer_title(layer)}", class_cards),
    )
    downloads.show_downloads(chosen, drawn, rows, style, named.name)
    downloads.show_numbers(chosen, drawn)


def main(chosen: Selection) -> None:
    """Select, load, draw."""
    shelf = loaders.shelf()
    st.title("Explain")
    empty.problems(shelf.problems)
    if chosen.model is None:
        empty.no_checkpoint()
        return
    problems = [loaders.problem(entry.digest, entry.data, entry.name) for entry in chosen.pictures]
    empty.problems(sentence for sentence in problems if sentence is not None)
    if chosen.picture is None:
        empty.no_picture(chosen.source)
    elif problems[chosen.index] is None:
        try:
            explain(shelf.card(chosen.model), chosen.picture)
        except FerLensError as error:
            empty.problems([str(error)])
    elif None in problems:
        st.info("This picture cannot be read; choose another one in the sidebar.")
    legend()


with framed("Explain") as selected:
    main(selected)

"""Video: a film's faces and their emotions over time; a click on a moment leads to Explain."""

from __future__ import annotations

import sys
from pathlib import Path

# As in Home.py: the first visit to a fresh server may run this file without it.
if (root := str(Path(__file__).resolve().parents[2])) not in sys.path:
    sys.path.insert(0, root)

import streamlit as st

from dashboard import loaders, state
from dashboard.components import empty, view_report
from dashboard.components.frame import framed
from dashboard.components.video_choice import choose_film, choose_reading, is_example
from dashboard.components.video_reading import read_when_asked
from dashboard.components.video_result import show_result
from dashboard.figures.video_content import Moment, video_content
from dashboard.figures.video_summary import CSS
from dashboard.state import Selection
from dashboard.video_loaders import ReadFilm
from engine.errors import FerLensError

NOT_IN_ADDRESS = (
    "The film was handed in and is not in the address, which opens the page with the model and how films are read: "
    "hand the film in again and press “Read the film”."
)
EXAMPLE_IN_ADDRESS = "The address opens the example and how it is read: press “Read the film” there."


def offer_report(read: ReadFilm, moment: Moment | None) -> None:
    """Draw the button of the report."""
    choices = read.choices
    view_report.offer(
        "Video",
        f"{read.source.name}, {choices.model}",
        (loaders.shelf().card(choices.model),),
        lambda: video_content(read.summary, read.faces, moment),
        settings={
            "film": read.source.name,
            "film sha256": read.source.digest,
            "overlay": choices.overlay,
            "layer": choices.layer,
            "opacity": choices.opacity,
            "smoothing, half-life in seconds": choices.half_life_seconds,
        },
        always={state.MODEL: choices.model},
        notes=(EXAMPLE_IN_ADDRESS if is_example(read.source) else NOT_IN_ADDRESS,),
    )


def main(selected: Selection) -> None:
    """Select, load, draw."""
    shelf = loaders.shelf()
    st.html(CSS)
    st.title("Video")
    empty.problems(shelf.problems)
    if selected.model is None:
        empty.no_checkpoint()
        return
    st.html(
        '<p class="fl-lead">Every face of a film is followed and read, frame by frame. A reading of an expression is '
        "not knowledge of a feeling: do not judge people by it.</p>"
    )
    card = shelf.card(selected.model)
    try:
        film = choose_film()
        read = read_when_asked(film, card, choose_reading(card))
        if read is not None:
            moment = show_result(read)
            offer_report(read, moment)
    except FerLensError as error:
        empty.problems([str(error)])


with framed("Video") as chosen:
    main(chosen)

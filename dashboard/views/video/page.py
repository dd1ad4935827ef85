"""Video: a film's faces and their emotions over time; a click on a moment leads to Explain."""

from __future__ import annotations

import streamlit as st

from dashboard.report.subject import about, is_about_pictures
from dashboard.shell import loaders, report_button, say, state
from dashboard.shell.frame import framed
from dashboard.shell.state import Selection
from dashboard.views.video.choice import choose_film, choose_reading, is_example, read_when_asked
from dashboard.views.video.figures.timeline import CSS
from dashboard.views.video.loaders import ReadFilm
from dashboard.views.video.report import Moment, video_content
from dashboard.views.video.result import show_result
from engine.errors import FerLensError

NOT_IN_ADDRESS = (
    "The film was handed in and is not in the address, which opens the page with the model and how films are read: "
    "hand the film in again and press “Read the film”."
)
EXAMPLE_IN_ADDRESS = "The address opens the example and how it is read: press “Read the film” there."


def offer_report(read: ReadFilm, moment: Moment | None) -> None:
    """Draw the button of the report."""
    choices = read.choices
    report_button.offer(
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
    say.problems(shelf.problems)
    if selected.model is None:
        say.no_checkpoint()
        return
    card = shelf.card(selected.model)
    about(card)
    st.html(
        '<p class="fl-lead">A film is read frame by frame, each as one picture.</p>'
        if is_about_pictures()
        else '<p class="fl-lead">Every face of a film is followed and read, frame by frame. A reading of an expression '
        "is not knowledge of a feeling: do not judge people by it.</p>"
    )
    try:
        film = choose_film()
        read = read_when_asked(film, card, choose_reading(card))
        if read is not None:
            moment = show_result(read)
            offer_report(read, moment)
    except FerLensError as error:
        say.problems([str(error)])


with framed("Video") as chosen:
    main(chosen)

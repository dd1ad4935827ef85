"""Read the film when asked, with a bar that moves, and keep the result for the session."""

from __future__ import annotations

import time
from typing import Final

import streamlit as st

from dashboard.live.choices import Choices
from dashboard.shell import say
from dashboard.views.video import loaders
from dashboard.views.video.loaders import SECONDS, NamedFilm, ReadFilm
from engine.errors import FerLensError
from engine.records import RunCard

READ: Final = "film_read"
STOP: Final = "film_stop"
RESULT: Final = "film_result"
_EVERY_SECONDS: Final = 0.25


def read_when_asked(film: NamedFilm | None, card: RunCard, choices: Choices) -> ReadFilm | None:
    """Draw the button; return the result at hand of this film, which may be one of other choices, or None."""
    asked = st.button(
        "Read the film",
        key=READ,
        disabled=film is None,
        icon=":material/play_arrow:",
        help=f"About as long as the film lasts on a common machine. The first {loaders.limit(SECONDS):,} s are read.",
    )
    if film is None:
        st.session_state.pop(RESULT, None)
        return None
    if asked:
        st.session_state.pop(RESULT, None)
        try:
            st.session_state[RESULT] = _read(film, card, choices)
        except FerLensError as error:
            say.problems([str(error)])
    result: ReadFilm | None = st.session_state.get(RESULT)
    if result is None or result.source.digest != film.digest:
        return None
    if result.choices != choices:
        st.caption(f"Below: as read by {result.choices.model} before. Press again to read it as chosen now.")
    return result


def _read(film: NamedFilm, card: RunCard, choices: Choices) -> ReadFilm:
    place = st.empty()
    latest = 0.0
    with place.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, text=f"Reading {film.name} with {card.name} …")
        # A press runs the page again, which ends this run at its next message: the engine then lets go of the film.
        st.button("Stop", key=STOP, icon=":material/stop:")

    def told(done: int, expected: int | None) -> None:
        nonlocal latest
        if time.monotonic() - latest < _EVERY_SECONDS:
            return
        latest = time.monotonic()
        of = f" of about {expected:,}" if expected else ""
        share = min(1.0, done / expected) if expected else 0.0
        bar.progress(share, text=f"Reading {film.name} with {card.name}: {done:,}{of} frames")

    try:
        return loaders.read_film(film, card, choices, told)
    finally:
        place.empty()

"""Which film, and how it is read: upload or example, overlay, layer, opacity, smoothing.

Read the film when asked, with a bar that moves, and keep the result for the session.
"""

from __future__ import annotations

import hashlib
import os
from functools import partial
from typing import Final

import streamlit as st

from dashboard.live.choices import LONGEST_HALF_LIFE, OVERLAY_WORDS, Choices, usual_drawing
from dashboard.report.subject import is_about_pictures
from dashboard.report.text import plain
from dashboard.shared.maps import OPACITIES
from dashboard.shared.maps import OPACITY as USUAL_OPACITY
from dashboard.shell import long_work, say, state
from dashboard.shell.cost_loaders import costs
from dashboard.shell.costs import Work, time_words
from dashboard.shell.handed_in import MOST_MEGABYTES
from dashboard.shell.in_address import in_address, left_out, tell
from dashboard.shell.long_work import LongWork
from dashboard.views.video import loaders
from dashboard.views.video.loaders import SECONDS, NamedFilm, ReadFilm
from engine.live.frame import OverlayKind
from engine.live.smoothing import Smoothing
from engine.records import RunCard

EXAMPLE_WORDS: Final = "Five seconds, two people drawn."
UPLOAD: Final = "film_upload"
EXAMPLE: Final = "film_example"
OVERLAY: Final = "film_overlay"
LAYER: Final = "film_layer"
OPACITY: Final = "film_opacity"
SMOOTHING: Final = "film_smoothing"
FILM: Final = "film"
"""Where the session keeps the film, for when the page is visited again."""
TOO_LARGE: Final = "film_too_large"
SERVER_LIMIT: Final = "STREAMLIT_SERVER_MAX_UPLOAD_SIZE"
"""The variable by which whoever serves the pages says how large a film may be."""
_EXAMPLE_DIGEST: Final = "film_example_digest"
IN_ADDRESS: Final = "example"
"""What ``film`` says in the address for the example; a film that was handed in cannot be there."""
HALF_LIVES: Final[dict[str, float]] = {
    f"{tenth / 10:g}": tenth / 10 for tenth in range(round(10 * LONGEST_HALF_LIFE) + 1)
}
"""In the address → seconds."""


def choose_film() -> NamedFilm | None:
    """Draw the uploader and the example's button; return the film at hand, or None. The address can say the example."""
    asked = st.query_params.get(FILM)
    if asked is not None and asked != st.session_state.get(state.TOLD + FILM):
        if asked == IN_ADDRESS:
            _take_example()
        else:
            say.problems([f"Unknown film '{asked}' in the address; valid: {IN_ADDRESS}. Hand your own in below."])
    st.file_uploader(
        "A film: MP4, MOV, WebM, MKV, AVI",
        key=UPLOAD,
        on_change=_take_upload,
        max_upload_size=film_megabytes(),
        help="It is held in memory for this session. While it is read it lies in a temporary folder, which is then "
        "removed.",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Use the example", key=EXAMPLE, icon=":material/movie:", help=EXAMPLE_WORDS):
            _take_example()
        film: NamedFilm | None = st.session_state.get(FILM)
        if film is not None:
            st.caption(plain(f"{film.name}, {len(film.data) / 1e6:.1f} MB"))
    if TOO_LARGE in st.session_state:
        st.error(plain(st.session_state[TOO_LARGE]))
    tell(FILM, IN_ADDRESS if film is not None and is_example(film) else "")
    return film


def _take_example() -> None:
    with st.spinner("Drawing the example, once, some seconds …"):
        data = loaders.example_film()
    film = _named("example of drawn people.webm", data)
    st.session_state[FILM], st.session_state[_EXAMPLE_DIGEST] = film, film.digest
    st.session_state.pop(TOO_LARGE, None)


def is_example(film: NamedFilm) -> bool:
    """Say whether a film is the example, which the address can name."""
    return film.digest == st.session_state.get(_EXAMPLE_DIGEST)


def _take_upload() -> None:
    """Keep what the uploader holds, or forget it; a film over the server's limit is said and not kept."""
    file = st.session_state[UPLOAD]
    st.session_state.pop(TOO_LARGE, None)
    if file is None:
        st.session_state.pop(FILM, None)
        return
    largest = film_megabytes()
    if file.size > largest * 2**20:
        st.session_state.pop(FILM, None)
        st.session_state[TOO_LARGE] = (
            f"Expected a film of at most {largest} MB, got {file.size / 2**20:.0f} MB; cut it, or save it smaller. "
            "On your own machine python -m engine video takes any size."
        )
        return
    st.session_state[FILM] = _named(file.name, file.getvalue())


def film_megabytes() -> int:
    """Return how large a film may be: 50 MB, or what the server's variable says."""
    server = int(st.get_option("server.maxUploadSize"))
    return server if SERVER_LIMIT in os.environ else min(server, MOST_MEGABYTES)


def _named(name: str, data: bytes) -> NamedFilm:
    return NamedFilm(name, data, hashlib.sha256(data).hexdigest())


def choose_reading(card: RunCard) -> Choices:
    """Draw the controls of how a film is read; those that an overlay has none of are not drawn."""
    offered: list[OverlayKind] = [kind for kind in OVERLAY_WORDS if kind != "gate" or loaders.layers(card, kind)]
    with st.container(key="stack-film-choice"):
        first, second, third, fourth = st.columns([5, 4, 4, 4], gap="medium", vertical_alignment="top")
    usual_overlay = usual_drawing(loaders.layers(card, "gate"))
    with first, in_address("overlay", f"{OVERLAY}.{len(offered)}", offered, usual_overlay, kept=True):
        overlay = st.segmented_control(
            f"Draw on each {'frame' if is_about_pictures() else 'face'}",
            offered,
            default=usual_overlay,
            required=True,
            format_func=lambda kind: OVERLAY_WORDS[kind],
            key=f"{OVERLAY}.{len(offered)}",
        )
    usual = Smoothing().half_life_seconds
    with fourth, in_address("smoothing", SMOOTHING, HALF_LIVES, usual, kept=True):
        half_life = st.slider(
            "Smoothing",
            0.0,
            LONGEST_HALF_LIFE,
            usual,
            0.1,
            format="%.1f s",
            key=SMOOTHING,
            help="After so long an answer counts half; 0 takes each frame by itself.",
        )
    if overlay == "none":
        left_out("layer", "opacity")
        return Choices(card.name, half_life_seconds=half_life)
    known = loaders.layers(card, overlay)
    key = f"{LAYER}.{card.name}.{overlay}"
    with second, in_address("layer", key, known, known[-1], kept=True):
        layer = st.selectbox("Layer", known, index=len(known) - 1, key=key)
    with third, in_address("opacity", OPACITY, OPACITIES, USUAL_OPACITY, kept=True):
        opacity = st.slider("Opacity", 0.0, 1.0, USUAL_OPACITY, 0.05, key=OPACITY)
    return Choices(card.name, overlay=overlay, layer=layer, opacity=opacity, half_life_seconds=half_life)


READ: Final = "film_read"
RESULT: Final = "film_result"
WORK: Final = "reading a film"


def read_when_asked(film: NamedFilm | None, card: RunCard, choices: Choices) -> ReadFilm | None:
    """Draw the button with its price, have the film read beside the page, and return the result at hand of this film.

    It may be one of other choices; None where there is none.
    """
    work: LongWork[ReadFilm] = long_work.of(WORK, queued=True)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Read the film",
            key=READ,
            disabled=film is None or work.is_at_work,
            icon=":material/play_arrow:",
            on_click=work.ask,
            help=f"The first {loaders.limit(SECONDS):,} s are read.",
        )
        costing = None if film is None else loaders.reading_work(film, card, choices)
        if costing is not None and not work.is_at_work:
            st.caption(plain(price_words(costing, costs().promise(costing))))
    if film is None:
        st.session_state.pop(RESULT, None)
        work.answered()
        return None
    if work.is_asked:
        st.session_state.pop(RESULT, None)
        work.begin_for((film.digest, card.name, choices), partial(loaders.read_told, film, card, choices), costing)
    # Through with it, the page is drawn anew, without the bar and with the button at rest.
    work.follow(f"Reading {film.name} with {card.name}", stoppable=True)
    if work.value is not None:
        st.session_state[RESULT] = work.value
        work.forget()
    say.problems(filter(None, [work.problem]))
    if work.was_stopped:
        st.caption("Stopped: nothing of the film is kept.")
    result: ReadFilm | None = st.session_state.get(RESULT)
    if result is None or result.source.digest != film.digest:
        return None
    if result.choices != choices:
        st.caption(plain(f"Below: as read by {result.choices.model} before. Press again to read it as chosen now."))
    return result


def price_words(costing: Work, seconds: float | None) -> str:
    """Say how many frames are read, and how long that takes by what was measured here."""
    frames = f"About {costing.units:,.0f} frames"
    if seconds is None:
        return f"{frames}; none was read on this machine yet, so the time is told while it is read."
    return f"{frames}: {time_words(seconds)}, as frames took on this machine."

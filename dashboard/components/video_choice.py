"""Which film, and how it is read: upload or example, overlay, layer, opacity, smoothing."""

from __future__ import annotations

import hashlib
from typing import Final

import streamlit as st

from dashboard import video_loaders
from dashboard.live.choices import LONGEST_HALF_LIFE, OVERLAY_WORDS, Choices
from dashboard.video_loaders import NamedFilm
from engine.inference.live_frame import OverlayKind
from engine.inference.smoothing import Smoothing
from engine.records import RunCard

UPLOAD: Final = "film_upload"
EXAMPLE: Final = "film_example"
OVERLAY: Final = "film_overlay"
LAYER: Final = "film_layer"
OPACITY: Final = "film_opacity"
SMOOTHING: Final = "film_smoothing"
FILM: Final = "film"
"""Where the session keeps the film, for when the page is visited again."""
TOO_LARGE: Final = "film_too_large"


def choose_film() -> NamedFilm | None:
    """Draw the uploader and the example's button; return the film at hand, or None."""
    st.file_uploader(
        "A film: MP4, MOV, WebM, MKV, AVI",
        key=UPLOAD,
        on_change=_take_upload,
        help="It is held in memory for this session. While it is read it lies in a temporary folder, which is then "
        "removed.",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Use the example", key=EXAMPLE, icon=":material/movie:", help="Five seconds, two drawn faces."):
            with st.spinner("Drawing the example, once, some seconds …"):
                data = video_loaders.example_film()
            st.session_state[FILM] = _named("example of drawn faces.webm", data)
            st.session_state.pop(TOO_LARGE, None)
        film: NamedFilm | None = st.session_state.get(FILM)
        if film is not None:
            st.caption(f"{film.name}, {len(film.data) / 1e6:.1f} MB")
    if TOO_LARGE in st.session_state:
        st.error(st.session_state[TOO_LARGE])
    return film


def _take_upload() -> None:
    """Keep what the uploader holds, or forget it; a film over the server's limit is said and not kept."""
    file = st.session_state[UPLOAD]
    st.session_state.pop(TOO_LARGE, None)
    if file is None:
        st.session_state.pop(FILM, None)
        return
    largest = int(st.get_option("server.maxUploadSize"))
    if file.size > largest * 2**20:
        st.session_state.pop(FILM, None)
        st.session_state[TOO_LARGE] = (
            f"Expected a film of at most {largest} MB, got {file.size / 2**20:.0f} MB; cut it, or save it smaller. "
            "On your own machine python -m engine video takes any size."
        )
        return
    st.session_state[FILM] = _named(file.name, file.getvalue())


def _named(name: str, data: bytes) -> NamedFilm:
    return NamedFilm(name, data, hashlib.sha256(data).hexdigest())


def choose_reading(card: RunCard) -> Choices:
    """Draw the controls of how a film is read; those that an overlay has none of are not drawn."""
    offered: list[OverlayKind] = [kind for kind in OVERLAY_WORDS if kind != "gate" or video_loaders.layers(card, kind)]
    with st.container(key="stack-film-choice"):
        first, second, third, fourth = st.columns([5, 4, 4, 4], gap="medium", vertical_alignment="top")
    with first:
        overlay = st.segmented_control(
            "Draw on each face",
            offered,
            default="none",
            required=True,
            format_func=lambda kind: OVERLAY_WORDS[kind],
            key=f"{OVERLAY}.{len(offered)}",
        )
    with fourth:
        half_life = st.slider(
            "Smoothing",
            0.0,
            LONGEST_HALF_LIFE,
            Smoothing().half_life_seconds,
            0.1,
            format="%.1f s",
            key=SMOOTHING,
            help="After so long an answer counts half; 0 takes each frame by itself.",
        )
    layer, opacity = None, 0.55
    if overlay != "none":
        with second:
            known = video_loaders.layers(card, overlay)
            layer = st.selectbox("Layer", known, index=len(known) - 1, key=f"{LAYER}.{card.name}.{overlay}")
        with third:
            opacity = st.slider("Opacity", 0.0, 1.0, 0.55, 0.05, key=OPACITY)
    return Choices(card.name, overlay=overlay, layer=layer, opacity=opacity, half_life_seconds=half_life)

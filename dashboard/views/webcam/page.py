"""Webcam: where the live page is, and how to start it."""

from __future__ import annotations

import os

import streamlit as st

from dashboard.report.subject import about, is_about_pictures
from dashboard.report.text import plain
from dashboard.shell import loaders
from dashboard.shell.frame import framed
from dashboard.shell.sources import LIVE

WORDS = (
    '<p class="fl-lead">The faces before your camera, frame by frame, with what the model answers and what it weighs. '
    "It is a page of its own, because it sends pictures many times a second; no frame is written to a disk.</p>"
)

OF_PICTURES = (
    '<p class="fl-lead">What is before your camera, each frame as one picture, with what the model answers and what it '
    "weighs. It is a page of its own, because it sends pictures many times a second; no frame is written to a disk.</p>"
)


def main(model: str | None) -> None:
    """Say where it is."""
    if model is not None:
        about(loaders.shelf().card(model))
    st.title("Webcam")
    st.html(OF_PICTURES if is_about_pictures() else WORDS)
    # Served together with the dashboard (python -m engine serve), it is below the dashboard's own address.
    link = os.environ.get("FERLENS_LIVE_LINK")
    if link is not None:
        st.link_button("Open the live page", link, icon=":material/videocam:")
        return
    st.markdown("Start it on the machine with the models, then open it:")
    st.code("make webcam\n# or\npython -m dashboard.webcam", language=None)
    address = os.environ.get("FERLENS_LIVE_URL", LIVE)
    if not address.startswith(("http://", "https://")):
        st.error("Expected FERLENS_LIVE_URL as the live page's http address, got something else; mend it.")
        return
    st.link_button(plain(f"Open {address}"), address, icon=":material/videocam:")
    st.caption("Served elsewhere, the variable FERLENS_LIVE_URL names its address. A snapshot there opens in Explain.")


with framed("Webcam") as chosen:
    main(chosen.model)

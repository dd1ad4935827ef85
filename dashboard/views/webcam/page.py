"""Webcam: where the live page is, whether it answers, and starting it."""

from __future__ import annotations

import os
from functools import partial
from typing import Final
from urllib.parse import urlsplit

import streamlit as st

from dashboard.report.subject import about, is_about_pictures
from dashboard.report.text import plain
from dashboard.shell import loaders, long_work, say
from dashboard.shell.frame import framed
from dashboard.shell.sources import LIVE
from dashboard.views.webcam import live_page

WORDS = (
    '<p class="fl-lead">The faces before your camera, frame by frame, with what the model answers and what it weighs. '
    "It is a page of its own, because it sends pictures many times a second; no frame is written to a disk.</p>"
)

OF_PICTURES = (
    '<p class="fl-lead">What is before your camera, each frame as one picture, with what the model answers and what it '
    "weighs. It is a page of its own, because it sends pictures many times a second; no frame is written to a disk.</p>"
)


BY_HAND: Final = "make webcam\n# or\npython -m dashboard.webcam"


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
    address = os.environ.get("FERLENS_LIVE_URL", LIVE)
    if not address.startswith(("http://", "https://")):
        st.error("Expected FERLENS_LIVE_URL as the live page's http address, got something else; mend it.")
        return
    work = long_work.of("starting the live page")
    work.follow("Starting it here: the model is loaded, which takes some ten seconds.")
    say.problems(filter(None, [work.problem]))
    own = live_page.started()
    address = address if own is None else own.address
    if live_page.answers(address):
        _open(address, own=own is not None)
    else:
        _offer(address, work)
    st.caption("Served elsewhere, the variable FERLENS_LIVE_URL names its address. A snapshot there opens in Explain.")


def _open(address: str, *, own: bool) -> None:
    st.success(plain(f"The live page answers at {address}."))
    with st.container(horizontal=True):
        st.link_button("Open the live page", address, icon=":material/videocam:", type="primary")
        if own:
            st.button("Stop it", icon=":material/stop:", on_click=live_page.stop, type="tertiary")


def _offer(address: str, work: long_work.LongWork[live_page.Started]) -> None:
    st.info(plain(f"No live page answers at {address}."), icon=":material/videocam_off:")
    if "FERLENS_LIVE_URL" in os.environ:
        st.link_button(plain(f"Open {address}"), address, icon=":material/videocam:")
        st.caption("It may be that only your browser reaches it. To start it on the machine with the models:")
    elif live_page.may_start():
        here = urlsplit(st.context.url or "")
        begin = partial(work.begin, partial(live_page.start, f"{here.scheme or 'http'}://{here.netloc}"))
        st.button("Start it here", icon=":material/play_arrow:", on_click=begin, type="primary", key="start_live")
        st.caption("On the machine that serves these pages, for itself alone. By hand:")
    else:
        st.markdown("Start it on the machine with the models, then look here again:")
    st.code(BY_HAND, language=None)


with framed("Webcam") as chosen:
    main(chosen.model)

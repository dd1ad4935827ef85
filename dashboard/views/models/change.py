"""Checking, renaming and removing a network, each asked about in a window of its own."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard.report.text import plain
from dashboard.shell import say, state
from dashboard.views.models import add
from engine.lens.dropped import NamedFile
from engine.lens.shelf import Added, analyses_of, check_on, remove, rename
from engine.records import RunCard
from engine.training.device import preferred_device


def buttons(card: RunCard) -> None:
    """Draw what can be done with a network that was added."""
    with st.container(horizontal=True):
        if st.button("Check", key=f"check.{card.name}", icon=":material/fact_check:"):
            _check(card)
        if st.button("Rename", key=f"rename.{card.name}", icon=":material/edit:"):
            _rename(card)
        if st.button("Remove", key=f"remove.{card.name}", icon=":material/delete:"):
            _remove(card)


@st.dialog("Check against your pictures", width="large")
def _check(card: RunCard) -> None:
    classes = ", ".join(card.classes[:12]) + (", …" if len(card.classes) > 12 else "")
    st.markdown(
        plain(f"A .zip with one folder of pictures a class, called as the classes of {card.name} are: {classes}.")
    )
    file = st.file_uploader(
        "Pictures", key="check_pictures", max_upload_size=add.PICTURES_MEGABYTES, label_visibility="collapsed"
    )
    if file is None:
        return
    work = add.checking()
    begin = partial(work.begin, partial(_checked, card, NamedFile(file.name, file.getvalue())))
    if st.button("Check it", type="primary", key="check_go", disabled=work.is_at_work, on_click=begin):
        st.rerun()


def _checked(card: RunCard, pictures: NamedFile) -> Added:
    report = check_on(card.name, pictures, device=preferred_device())
    return Added(card, report=report)


@st.dialog("Rename the network?")
def _rename(card: RunCard) -> None:
    count = analyses_of(card.name)
    along = f" Its {count} analyses go along." if count > 1 else " Its analysis goes along." if count else ""
    st.markdown(plain(f"{card.name} gets another name; addresses and commands that name it find it no more.{along}"))
    new = st.text_input("New name", value=card.name, key="rename_to", max_chars=100)
    first, second = st.columns(2)
    if first.button("Rename", type="primary", key="rename_yes", width="stretch"):
        with say.said():
            rename(card.name, new)
            _forget(card.name)
            st.rerun()
    if second.button("Leave it", key="rename_no", width="stretch"):
        st.rerun()


@st.dialog("Remove the network?")
def _remove(card: RunCard) -> None:
    count = analyses_of(card.name)
    along = f", and its {count} analyses" if count > 1 else ", and its analysis" if count else ""
    st.markdown(plain(f"{card.name} is removed from the disk{along}. There is no way back but adding it again."))
    first, second = st.columns(2)
    if first.button("Remove", type="primary", key="remove_yes", width="stretch"):
        with say.said():
            remove(card.name)
            _forget(card.name)
            st.rerun()
    if second.button("Keep it", key="remove_no", width="stretch"):
        st.rerun()


def _forget(name: str) -> None:
    """Let go of a choice in the sidebar that is no more."""
    if st.session_state.get(state.MODEL) == name:
        st.query_params.pop(state.MODEL, None)

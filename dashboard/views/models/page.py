"""Models: the shelf with what is known of each, adding networks of others, and the device that models run on."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st

from dashboard.report.text import plain
from dashboard.shell import loaders, say, theme
from dashboard.shell.frame import framed
from dashboard.views.models import add, change, document
from dashboard.views.models.figures.shelf_card import shelf_card
from dashboard.views.models.loaders import may_change_the_shelf, shelved
from engine.errors import UsageError
from engine.lens.shelf import may_change
from engine.training.device import DEVICES, devices_here, prefer_device, preferred_device

STYLE: Final = Path(__file__).with_name("style.css")
DEVICE: Final = "device"
_REFUSED: Final = "device_refused"
FROM_CODE: Final = (
    "A network in a Python file of yours is code, which no page runs: `python -m engine import net.py:Net --weights "
    "best.pth … --trust-code` stores it, and it appears here."
)
CLOSED: Final = (
    "Networks are not added, renamed or removed here, and the device is not chosen: this server is open to others, and "
    "whoever started it did not give `--allow-adding`. On your own machine `ferlens dashboard` lets you, and so does "
    "`python -m engine import`."
)


def main(model: str | None) -> None:
    """Draw the page."""
    st.html(STYLE)
    st.title("Models")
    st.html(
        '<p class="fl-lead">Everything on the shelf, with what was measured and how. Bring your own network: its gates '
        "are found by themselves.</p>"
    )
    is_open = may_change_the_shelf()
    if is_open:
        with st.expander("Add a network", icon=":material/add:"):
            add.form()
            st.caption(FROM_CODE)
        add.last()  # below the fields: a run without them would lose what was typed and dropped
    else:
        st.info(CLOSED, icon=":material/lock:")
    _shelf(model, changeable=is_open)
    theme.section("Device", "Where models compute, for everything that is asked from now on.")
    _device(changeable=is_open)


def _shelf(model: str | None, *, changeable: bool) -> None:
    shelf = loaders.shelf()
    say.problems(shelf.problems)
    if not shelf.cards:
        say.no_checkpoint()
    # Networks that were brought come first: they are what a visitor of this page looks for.
    cards = sorted(shelf.cards, key=lambda card: (not card.is_adopted, card.name))
    for start in range(0, len(cards), 2):
        with st.container(key=f"stack-shelf-{start}"):
            columns = st.columns(2, gap="medium")
        for column, card in zip(columns, cards[start : start + 2], strict=False):
            with column, st.container(border=True, height="stretch"):
                found = shelved(card)
                say.problems([found.problem] if found.problem else [])
                st.html(shelf_card(card, found.found, found.size, selected=card.name == model))
                document.offer(card)
                if changeable and may_change(card):
                    change.buttons(card)


def _device(*, changeable: bool) -> None:
    here = devices_here()
    st.caption(plain(f"On this machine: {', '.join(here)}. Models compute on {preferred_device()} now."))
    if not changeable:
        return
    if st.session_state.get(DEVICE) != "auto":  # another visitor may have chosen meanwhile
        st.session_state[DEVICE] = preferred_device().partition(":")[0]
    st.segmented_control(
        "Device", DEVICES, required=True, key=DEVICE, on_change=_choose_device, label_visibility="collapsed"
    )
    if _REFUSED in st.session_state:
        say.problems([st.session_state.pop(_REFUSED)])


def _choose_device() -> None:
    try:
        prefer_device(st.session_state[DEVICE])
    except UsageError as error:
        st.session_state[DEVICE] = preferred_device().partition(":")[0]
        st.session_state[_REFUSED] = str(error)


with framed("Models") as selected:
    main(selected.model)

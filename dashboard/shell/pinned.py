"""One picture that is pinned as a reference: which, kept in the address where it can be found again by its name.

A picture of a data set is kept by its id and taken as the model at hand takes it; a sample by its key. One that was
handed in is in this session alone.
"""

from __future__ import annotations

from typing import Final

import streamlit as st

from dashboard.shell import in_address, say, sources, state
from dashboard.shell.state import NamedPicture, Selection
from engine.data.by_id import BY_ID
from engine.errors import FerLensError, UsageError
from engine.records import RunCard

PIN: Final = "pin"
"""The parameter of the address: ``sample:KEY`` or ``DATASET:ID``."""
SAMPLE: Final = "sample"
_KEPT: Final = "pinned_picture"


def follow(card: RunCard | None) -> NamedPicture | None:
    """Return the pinned picture as the model of ``card`` takes it, None without one; one that is not here is said."""
    asked, told = st.query_params.get(PIN), st.session_state.get(state.TOLD + PIN)
    if asked is not None and asked != told:
        st.session_state[_KEPT] = asked
    elif asked is None and state.went_back() and isinstance(st.session_state.get(_KEPT), str):
        del st.session_state[_KEPT]
    kept: NamedPicture | str | None = st.session_state.get(_KEPT)
    if kept is None or isinstance(kept, NamedPicture):
        in_address.left_out(PIN)
        return kept
    try:
        found = _named(kept, card)
    except FerLensError as error:
        say.problems([f"The pinned picture is not to be had: {error}"])
        del st.session_state[_KEPT]
        in_address.left_out(PIN)
        return None
    in_address.tell(PIN, kept)
    return found


def is_pinned() -> bool:
    """Say whether any picture is pinned, also where this run began with another answer: a fragment is run alone."""
    return _KEPT in st.session_state


def draw_button(chosen: Selection) -> None:
    """Draw what pins the picture shown, or takes the pin off it."""
    picture = chosen.picture
    if picture is None:
        return
    if chosen.pinned is not None and chosen.pinned.digest == picture.digest:
        st.button("Unpin", key="pin_off", icon=":material/keep_off:", on_click=_unpin, type="tertiary")
        return
    st.button(
        "Pin",
        key="pin_on",
        icon=":material/keep:",
        on_click=_pin,
        args=(_reference(chosen, picture),),
        type="tertiary",
        help="Keeps this picture as a reference: Explain, What if and Activations show it beside each other one.",
    )


def draw_release() -> None:
    """Draw what takes the pin off from where the pinned picture is shown."""
    st.button("Unpin", key="pin_release", icon=":material/keep_off:", on_click=_unpin, type="tertiary")


def _reference(chosen: Selection, picture: NamedPicture) -> NamedPicture | str:
    if chosen.source == "dataset":
        return f"{st.session_state[state.DATASET]}:{picture.name}"
    return f"{SAMPLE}:{st.session_state[state.SAMPLE]}" if chosen.source == "sample" else picture


def _named(text: str, card: RunCard | None) -> NamedPicture:
    kind, _, name = text.partition(":")
    if kind == SAMPLE:
        return sources.named_sample(name)
    if kind not in BY_ID or card is None:
        raise UsageError(f"expected {SAMPLE}:KEY or DATASET:ID with one of {', '.join(BY_ID)}, got '{text}'.")
    return sources.of_dataset(kind, name, card)


def _pin(reference: NamedPicture | str) -> None:
    st.session_state[_KEPT] = reference
    in_address.tell(PIN, reference if isinstance(reference, str) else "")


def _unpin() -> None:
    st.session_state.pop(_KEPT, None)
    in_address.left_out(PIN)

"""The edit of the What if page: what it is now, what it was before, and the address that restores it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import streamlit as st

from engine.edit.edit import Edit
from engine.edit.text import from_text, shortened, to_text
from engine.errors import UsageError

EDIT: Final = "edit"
"""The key in the address."""
STEPS_KEPT: Final = 100
"""How many steps can be undone."""

_NOW: Final = "what_if.edit"
_PAST: Final = "what_if.past"
_TOLD: Final = "what_if.told"
_SAID: Final = "what_if.said"


def current() -> Edit:
    """Return the edit as it is."""
    edit: Edit = st.session_state.get(_NOW, Edit())
    return edit


def past() -> tuple[Edit, ...]:
    """Return what it was before, the last step last."""
    steps: tuple[Edit, ...] = st.session_state.get(_PAST, ())
    return steps


def change(edit: Edit) -> None:
    """Take ``edit`` for the present one; the one before can be brought back by :func:`undo`.

    Strokes are kept as simply as the address needs them, so that what is seen is what the address restores.
    """
    with suppress(UsageError):  # too long for an address it stays usable; :func:`tell` says so
        edit = shortened(edit)
    st.session_state.pop(_SAID, None)
    if edit != current():
        st.session_state[_PAST] = (*past(), current())[-STEPS_KEPT:]
        st.session_state[_NOW] = edit


def undo() -> None:
    """Go one step back, if there is one."""
    if past():
        st.session_state[_NOW] = past()[-1]
        st.session_state[_PAST] = past()[:-1]


def reset() -> None:
    """Undo everything at once; that can be undone too. The fill is a choice and stays."""
    change(Edit(fill=current().fill))


def follow(regions: Sequence[str]) -> str | None:
    """Take over the edit that the address asks for, if it is another than what was written there.

    Returns:
        The sentence that says why it cannot be read, or None.
    """
    asked = st.query_params.get(EDIT, "")
    if asked and asked != st.session_state.get(_TOLD):
        st.session_state[_TOLD] = asked
        try:
            change(from_text(asked, regions))
        except UsageError as error:  # said until something is changed: the page is drawn again on arrival
            st.session_state[_SAID] = f"The edit in the address cannot be read. {error}"
    said: str | None = st.session_state.get(_SAID)
    return said


def tell() -> str | None:
    """Write the edit into the address.

    Returns:
        The sentence that says why it does not fit there, or None; the address then holds no edit.
    """
    try:
        text = to_text(shortened(current()))
        said = None
    except UsageError as error:
        text, said = "", f"The address does not restore this edit. {error}"
    if text:
        if st.query_params.get(EDIT) != text:
            st.query_params[EDIT] = text
    elif EDIT in st.query_params:
        del st.query_params[EDIT]
    st.session_state[_TOLD] = text
    return said

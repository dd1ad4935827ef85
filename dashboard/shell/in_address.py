"""A widget's choice in the address under a name of its own, where Streamlit's own binding does not fit.

Streamlit binds a widget to the parameter of the widget's own key, and forgets it on the way to another page. Here the
key may hold what the choice belongs to (a picture, a layer), and a choice that the session keeps stays kept: an
address that says nothing leaves it, and it is written there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import streamlit as st

from dashboard.shell import say, state

_KEPT: Final = "in_address.kept."
_USUAL: Final = "in_address.usual."
ON_OFF: Final[dict[str, bool]] = {"yes": True, "no": False}


def _text_of(value: Any, choices: Mapping[str, Any]) -> str | None:
    for text, one in choices.items():
        if one == value or (isinstance(one, float) and isinstance(value, float) and math.isclose(one, value)):
            return text
    return None


@contextmanager
def in_address(
    parameter: str,
    key: str,
    choices: Mapping[str, Any] | Sequence[str],
    default: Any,
    what: str = "",
    *,
    kept: bool = False,
    own: bool = False,
) -> Iterator[None]:
    """Draw the widget ``key`` inside; it takes what the address says anew, and the address what it says.

    Args:
        parameter: the name in the address.
        key: the widget's.
        choices: text in the address → value, or texts that are the values.
        default: the value that the address leaves out.
        what: what the choice is of, for the sentence about a name that is none.
        kept: whether it outlives a visit to another page; Streamlit's own ``persist_state`` forgets what came from the
            address.
        own: whether it outlives that visit for this page alone, though others have a widget of the same key, and
            follows the default where that depends on other choices. The widget is to be drawn without a default.
    """
    table = dict(choices) if isinstance(choices, Mapping) else {text: text for text in choices}
    asked, told = st.query_params.get(parameter), st.session_state.get(state.TOLD + parameter)
    memory = f"{_KEPT}{state.page()}.{key}" if own else _KEPT + key
    if asked is not None and asked != told:
        if asked in table:
            st.session_state[key] = table[asked]
        else:
            say.problems([f"Unknown {what or parameter} '{asked}' in the address; valid: {_valid(table)}."])
    elif asked is None and state.went_back():
        st.session_state[key] = default
    elif (kept or own) and told is None and memory in st.session_state:
        st.session_state[key] = st.session_state[memory]
    elif own and told is None:
        st.session_state[key] = default
    if own:
        _follow_default(key, _USUAL + memory, table, default)
    yield
    if own and st.session_state.get(key, default) == default:
        st.session_state.pop(memory, None)
    elif kept or own:
        st.session_state[memory] = st.session_state.get(key, default)
    text = _text_of(st.session_state.get(key, default), table) or ""
    tell(parameter, "" if text == _text_of(default, table) else text)


def coming(parameter: str, key: str, choices: Sequence[str], default: str) -> str:
    """Return what the widget ``key`` is going to hold, for what is drawn before it; as :func:`in_address` decides.

    For a choice that is neither kept nor own.
    """
    asked, told = st.query_params.get(parameter), st.session_state.get(state.TOLD + parameter)
    if asked is not None and asked != told and asked in choices:
        return asked
    if asked is None and state.went_back():
        return default
    return str(st.session_state.get(key) or default)


def _follow_default(key: str, usual: str, table: Mapping[str, Any], default: Any) -> None:
    """Choose the default where the choice is none of these, or was the default before this became another."""
    was = st.session_state.get(usual, default)
    chosen = st.session_state.get(key, default)
    if _text_of(chosen, table) is None or (was != default and chosen == was):
        chosen = default
    st.session_state[key], st.session_state[usual] = chosen, default


def tell(parameter: str, text: str) -> None:
    """Write ``text`` into the address, or take the parameter out where it is empty."""
    st.session_state[state.TOLD + parameter] = text
    if text and st.query_params.get(parameter) != text:
        st.query_params[parameter] = text
    elif not text and parameter in st.query_params:
        del st.query_params[parameter]


def left_out(*parameters: str) -> None:
    """Take parameters out of the address whose widgets are not drawn just now."""
    for parameter in parameters:
        st.session_state.pop(state.TOLD + parameter, None)
        if parameter in st.query_params:
            del st.query_params[parameter]


def _valid(table: Mapping[str, Any]) -> str:
    texts = list(table)
    return ", ".join(texts) if len(texts) <= 24 else f"{texts[0]} to {texts[-1]}"

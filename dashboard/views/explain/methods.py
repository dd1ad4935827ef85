"""Which further explanation methods are shown: a menu with what each assumes and costs, kept in the address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import streamlit as st

from dashboard.figures.method_words import cost_words, method_help
from dashboard.shared import face_loaders
from dashboard.shell import say
from engine.explain.methods.registry import METHODS

METHODS_KEY: Final = "methods"
"""The parameter in the address: names with commas between, Grad-CAM left out."""
ALWAYS: Final = "gradcam"
OFFERED: Final[tuple[str, ...]] = tuple(name for name in METHODS if name != ALWAYS)
_TOLD: Final = "methods_told"


def _box(name: str) -> str:
    return f"method.{name}"


def _follow() -> None:
    """Tick what the address asks for where it has changed: on arrival, or by a link."""
    text = st.query_params.get(METHODS_KEY)
    if text is None or text == st.session_state.get(_TOLD):
        return
    asked = [name.strip() for name in text.split(",") if name.strip()]
    for name in OFFERED:
        st.session_state[_box(name)] = name in asked
    st.session_state[_TOLD] = text
    valid = ", ".join(METHODS)
    say.problems(f"Unknown method '{name}'; valid: {valid}." for name in asked if name not in METHODS)


def _tell(names: tuple[str, ...]) -> None:
    text = ",".join(names)
    st.session_state[_TOLD] = text
    if text and st.query_params.get(METHODS_KEY) != text:
        st.query_params[METHODS_KEY] = text
    elif not text and METHODS_KEY in st.query_params:
        del st.query_params[METHODS_KEY]


def choose_methods(refused: Mapping[str, str], sha256: str, seconds_a_pass: float) -> tuple[str, ...]:
    """Draw the menu; return the methods ticked, in the registry's order, those that the model cannot take too.

    Args:
        refused: method → a sentence on why the model cannot take it; these are greyed out.
        sha256: of the weights, by which it is known how long a method took.
        seconds_a_pass: a forward or backward pass of this model, for those that did not run yet.
    """
    _follow()
    with st.popover(
        "Add a method", icon=":material/add:", help="Each asks another question of the same answer, and may be slower."
    ):
        st.checkbox(
            METHODS[ALWAYS].title, value=True, disabled=True, key=_box(ALWAYS), help=method_help(METHODS[ALWAYS])
        )
        st.caption("Always shown, above.")
        for name in OFFERED:
            method = METHODS[name]
            st.checkbox(
                method.title,
                key=_box(name),
                disabled=name in refused,
                help=method_help(method),
                persist_state="session",
            )
            if name in refused:
                st.caption(refused[name])
            else:
                st.caption(cost_words(method, seconds_a_pass, face_loaders.took(sha256, name)) + ".")
    chosen = tuple(name for name in OFFERED if st.session_state[_box(name)])
    _tell(chosen)
    return chosen

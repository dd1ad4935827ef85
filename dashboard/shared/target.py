"""Which class is explained, minus which, at which layer: the three menus, and what they mean for one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import streamlit as st

from dashboard.shell import state
from dashboard.shell.in_address import in_address
from engine.explain.target import PREDICTED, SIGN, TRUE

CONTRAST: Final = f"{PREDICTED} - {TRUE}"
"""The target that says what speaks for the answer and against the true class, as the address has it."""
NOTHING: Final = "nothing"
_SHOWN: Final[Mapping[str, str]] = {CONTRAST: f"{PREDICTED} {SIGN} {TRUE}"}
MINUS_HELP: Final = "Explains the difference of two logits: what speaks for the one class rather than the other."


def choose(
    classes: Sequence[str],
    layers: Sequence[str],
    *,
    predicted: str,
    truth: str | None,
    hint: str = "",
    layer_word: str = "layer",
) -> tuple[str, str, str]:
    """Draw the menus, all in the address; return (target as :func:`settle` takes it, class to subtract or "", layer).

    Args:
        classes: that are offered. layers: from the picture towards the answer; the last is the default.
        predicted: the answer. truth: the picture's label where it is known: it is offered as well, and where the
            answer differs so is their contrast.
        hint: what to know of the first menu, in Markdown. layer_word: what the layers are, for a sentence about
            one that is none of them.
    """
    known = () if truth not in classes else (TRUE,) if truth == predicted else (TRUE, CONTRAST)
    targets, others = (state.PREDICTED, *known, *classes), (NOTHING, *classes)
    with st.container(horizontal=True, gap="medium"):
        with in_address(state.TARGET, state.TARGET, targets, state.PREDICTED, "class", own=True):
            target: str = st.selectbox(
                "Class to explain",
                targets,
                format_func=lambda name: _SHOWN.get(name, name),
                key=state.TARGET,
                width=190,
                help=hint or None,
            )
        with in_address(state.MINUS, state.MINUS, others, NOTHING, "class", own=True):
            minus: str = st.selectbox(
                "minus", others, key=state.MINUS, width=150, disabled=target == CONTRAST, help=MINUS_HELP
            )
        with in_address(state.LAYER, state.LAYER, tuple(layers), layers[-1], layer_word, own=True):
            layer: str = st.selectbox("Layer", layers, key=state.LAYER, width=150)
    return target, "" if minus == NOTHING or target == CONTRAST else minus, layer


def settle(target: str, minus: str, predicted: str, truth: str | None) -> tuple[str, str]:
    """Return the classes that a choice means for one picture: (class, class to subtract or "").

    Args:
        target: a class, ``predicted``, ``true`` or the contrast of both. minus: a class to subtract, or "".
        predicted: what the model answers. truth: the picture's label; must be known where the target speaks of it.
    """
    if target == CONTRAST:
        return predicted, str(truth)
    return {state.PREDICTED: predicted, TRUE: str(truth)}.get(target, target), minus


def refused(plus: str) -> str:
    """Say that a class cannot be subtracted from itself, and what is shown instead."""
    return f"A contrast needs two different classes, but both are {plus}; showing {plus} alone."

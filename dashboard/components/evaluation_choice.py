"""The choices of the Evaluation page, and how they are kept.

Each widget's key is a query parameter of the same name, so that a copied address opens the same view; going to another
page and back by the menu, whose links carry nothing, brings back what was chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from dashboard import state, study_loaders
from dashboard.components import empty
from dashboard.components.mistake_filters import ANALYSIS
from engine.analysis.analysed import AnalysedSplit

TAB: Final = "tab"
TABS: Final[tuple[str, ...]] = (
    "Summary", "Curves", "Calibration", "Embedding", "Robustness", "Training", "Other data",
)  # fmt: skip
CURVES: Final = "curves"
KINDS: Final[dict[str, str]] = {"ROC": "roc", "precision and recall": "pr"}
CELLS: Final = "cells_as"
LAYOUT: Final = "layout"
PCA: Final = "PCA of the features"
TSNE: Final = "t-SNE of the logits"
LAYOUTS: Final[tuple[str, ...]] = (PCA, TSNE)
COLOUR: Final = "colour"
COLOURS: Final[tuple[str, ...]] = ("true class", "answer")

WIDGETS: Final[tuple[str, ...]] = (ANALYSIS, TAB, CURVES, CELLS, LAYOUT, COLOUR)
_KEPT: Final = "kept_evaluation"
_READY: Final = "ready_evaluation"


def recall() -> None:
    """Bring back what was chosen when the page is come to by a bare link; call it before any widget is drawn.

    On the first run of a page its bound widgets follow the address whatever the session says, so the choices are laid
    ready here and taken up in the run after.
    """
    for key, value in st.session_state.pop(_READY, {}).items():
        st.session_state[key] = value
    if state.arrived() and not any(key in st.query_params for key in WIDGETS):
        st.session_state[_READY] = st.session_state.get(_KEPT, {})


def keep() -> None:
    """Keep what is chosen, or run the page again with what is to be brought back; call it after all widgets."""
    if st.session_state.get(_READY):
        st.rerun()
    now = {key: st.session_state[key] for key in WIDGETS if key in st.session_state}
    st.session_state[_KEPT] = {**st.session_state.get(_KEPT, {}), **now}


def choose_analysis(model: str) -> AnalysedSplit | None:
    """Draw, in the sidebar, the choice of analysed data; return it, or None where the model was not analysed."""
    mine = {found.name: found for found in study_loaders.analysed() if model in found.models}
    if not mine:
        return None
    unknown = state.asked_for(ANALYSIS, mine)
    if st.session_state.get(ANALYSIS, next(iter(mine))) not in mine:
        del st.session_state[ANALYSIS]
    with st.sidebar:
        name: str = st.selectbox("Analysed data", tuple(mine), key=ANALYSIS, bind="query-params")
    if unknown is not None:
        empty.problems([f"Unknown analysis '{unknown}'; valid: {', '.join(mine)}."])
    return mine[name]


def say_unknown() -> None:
    """Show a sentence for each name in the address that is no choice; call it before the widgets are drawn."""
    for key, valid in ((TAB, TABS), (CURVES, tuple(KINDS)), (LAYOUT, LAYOUTS), (COLOUR, COLOURS)):
        asked = state.asked_for(key, valid)
        if asked is not None:
            empty.problems([f"Unknown {key} '{asked}' in the address; valid: {', '.join(valid)}."])


def segments(label: str, options: Sequence[str], key: str, hint: str = "") -> str:
    """Draw a choice that is kept in the address; the first is the default."""
    chosen: str = st.segmented_control(
        label,
        tuple(options),
        default=options[0],
        required=True,
        key=key,
        bind="query-params",
        help=hint or None,
    )
    return chosen

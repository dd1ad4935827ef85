"""The choices of the Evaluation page; :mod:`dashboard.shared.study` says how they are kept."""

from __future__ import annotations

from typing import Final

import streamlit as st

from dashboard.shared import study
from dashboard.shared.study import Kept
from dashboard.shell import say, state, study_loaders
from dashboard.shell.state import ANALYSIS
from dashboard.views.evaluation.area import AREA
from engine.analysis.files.places import AnalysedSplit

TAB: Final = "tab"
TABS: Final[tuple[str, ...]] = (
    "Summary", "Curves", "Calibration", "Embedding", "People", "Robustness", "Training", "Other data",
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

WIDGETS: Final[tuple[str, ...]] = (ANALYSIS, TAB, CURVES, CELLS, LAYOUT, COLOUR, AREA)
KEPT: Final = Kept("evaluation", WIDGETS)


def choose_analysis(model: str) -> AnalysedSplit | None:
    """Draw, in the sidebar, the choice of analysed data; return it, or None where the model was not analysed."""
    mine = study_loaders.analysed_of(model)
    if not mine:
        return None
    unknown = state.asked_for(ANALYSIS, mine)
    if st.session_state.get(ANALYSIS, next(iter(mine))) not in mine:
        del st.session_state[ANALYSIS]
    with st.sidebar:
        name: str = st.selectbox("Analysed data", tuple(mine), key=ANALYSIS, bind="query-params")
    if unknown is not None:
        say.problems([f"Unknown analysis '{unknown}'; valid: {', '.join(mine)}."])
    return mine[name]


def say_unknown() -> None:
    """Show a sentence for each name in the address that is no choice; call it before the widgets are drawn."""
    study.say_unknown({TAB: TABS, CURVES: tuple(KINDS), LAYOUT: LAYOUTS, COLOUR: COLOURS})

"""Evaluation: how good a model is, how sure it is, where its classes lie, and how it does on worse pictures."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

# As in Home.py: the first visit to a fresh server may run this file without it.
if (root := str(Path(__file__).resolve().parents[2])) not in sys.path:
    sys.path.insert(0, root)

import streamlit as st

from dashboard import evaluation_loaders, loaders
from dashboard.components import empty, evaluation_choice, evaluation_embedding, evaluation_numbers, mistake_filters
from dashboard.components.frame import framed
from dashboard.figures.mistake_tile import CSS
from dashboard.state import Selection
from engine.analysis.analysed import AnalysedSplit
from engine.errors import FerLensError


def study(model: str, split: AnalysedSplit) -> None:
    """Draw the page for one analysed split; only the open tab is drawn."""
    with st.spinner(f"Evaluating the stored answers of {model} …"):
        evaluated = evaluation_loaders.evaluated(model, split)
    card = loaders.shelf().card(model)
    evaluation_numbers.headline(evaluated.found)
    draws: tuple[Callable[[], None], ...] = (
        lambda: evaluation_numbers.show_summary(evaluated.found),
        lambda: evaluation_numbers.show_curves(evaluated.found),
        lambda: evaluation_numbers.show_calibration(evaluated, model, split),
        lambda: evaluation_embedding.show_embedding(evaluated, model, split),
        lambda: evaluation_numbers.show_robustness(card, split),
        lambda: evaluation_numbers.show_training(card),
        lambda: evaluation_numbers.show_metrics(card),
    )
    evaluation_choice.say_unknown()
    tabs = st.tabs(evaluation_choice.TABS, key=evaluation_choice.TAB, bind="query-params")
    for tab, draw in zip(tabs, draws, strict=True):
        if tab.open:
            with tab:
                try:
                    draw()
                except FerLensError as error:
                    empty.problems([str(error)])


def main(selected: Selection) -> None:
    """Select, load, draw."""
    st.html(CSS)
    st.title("Evaluation")
    empty.problems(loaders.shelf().problems)
    if selected.model is None:
        empty.no_checkpoint()
        return
    evaluation_choice.recall()
    split = evaluation_choice.choose_analysis(selected.model)
    if split is None:
        mistake_filters.no_analysis(selected.model)
        return
    try:
        study(selected.model, split)
    except FerLensError as error:
        empty.problems([str(error)])
    evaluation_choice.keep()


with framed("Evaluation") as chosen:
    main(chosen)

"""Evaluation: how good a model is, how sure it is, where its classes lie, and how it does on worse pictures."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

# As in Home.py: the first visit to a fresh server may run this file without it.
if (root := str(Path(__file__).resolve().parents[2])) not in sys.path:
    sys.path.insert(0, root)

import streamlit as st

from dashboard import evaluation_loaders, loaders
from dashboard.components import (
    empty,
    evaluation_area,
    evaluation_choice,
    evaluation_embedding,
    evaluation_numbers,
    mistake_filters,
    page_ends,
)
from dashboard.components.frame import framed
from dashboard.figures.mistake_tile import CSS
from dashboard.state import Selection
from engine.analysis.analysed import AnalysedSplit

EMBEDDING = evaluation_choice.TABS.index("Embedding")


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
            with tab, empty.said():
                draw()
    page_ends.offer_report(
        "Evaluation",
        (model,),
        split,
        partial(evaluation_loaders.report_content, evaluated, card, split),
        settings=evaluation_choice.KEPT.settings(),
        notes=(evaluation_area.NOT_KEPT,) if tabs[EMBEDDING].open and evaluation_area.unkept() else (),
    )


def main(selected: Selection) -> None:
    """Select, load, draw."""
    card = page_ends.opened("Evaluation", selected, CSS)
    if card is None:
        return
    evaluation_area.arrive()
    evaluation_choice.KEPT.recall()
    split = evaluation_choice.choose_analysis(card.name)
    if split is None:
        mistake_filters.no_analysis(card.name)
        return
    with empty.said():
        study(card.name, split)
    evaluation_choice.KEPT.keep()


with framed("Evaluation") as chosen:
    main(chosen)

"""Evaluation: how good a model is, how sure it is, where its classes lie, and how it does on worse pictures."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from dashboard.report.text import plain
from dashboard.shared.figures.tile import CSS
from dashboard.shared.study import no_analysis
from dashboard.shell import loaders, page_ends, say
from dashboard.shell.frame import framed
from dashboard.shell.state import Selection
from dashboard.views.evaluation import area, choice, embedding, numbers, people
from dashboard.views.evaluation import loaders as evaluation_loaders
from engine.analysis.files.places import AnalysedSplit

EMBEDDING = choice.TABS.index("Embedding")


def study(model: str, split: AnalysedSplit) -> None:
    """Draw the page for one analysed split; only the open tab is drawn."""
    with st.spinner(plain(f"Evaluating the stored answers of {model} …")):
        evaluated = evaluation_loaders.evaluated(model, split)
    card = loaders.shelf().card(model)
    numbers.headline(evaluated.found)
    draws: tuple[Callable[[], None], ...] = (
        lambda: numbers.show_summary(evaluated.found),
        lambda: numbers.show_curves(evaluated.found),
        lambda: numbers.show_calibration(evaluated, model, split),
        lambda: embedding.show_embedding(evaluated, model, split),
        lambda: people.show_people(model, split),
        lambda: numbers.show_robustness(card, split),
        lambda: numbers.show_training(card),
        lambda: numbers.show_metrics(card),
    )
    choice.say_unknown()
    tabs = st.tabs(choice.TABS, key=choice.TAB, bind="query-params")
    for tab, draw in zip(tabs, draws, strict=True):
        if tab.open:
            with tab, say.said():
                draw()
    page_ends.offer_report(
        "Evaluation",
        (model,),
        split,
        partial(evaluation_loaders.report_content, evaluated, card, split),
        settings=choice.KEPT.settings(),
        notes=(area.NOT_KEPT,) if tabs[EMBEDDING].open and area.unkept() else (),
    )


def main(selected: Selection) -> None:
    """Select, load, draw."""
    card = page_ends.opened("Evaluation", selected, CSS)
    if card is None:
        return
    area.arrive()
    choice.KEPT.recall()
    split = choice.choose_analysis(card.name)
    if split is None:
        no_analysis(card.name)
        return
    with say.said():
        study(card.name, split)
    choice.KEPT.keep()


with framed("Evaluation") as chosen:
    main(chosen)

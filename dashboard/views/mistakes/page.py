"""Misclassifications: which classes a model mixes up, the pictures behind each mix-up, and from there to Explain."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard.components import mistake_matrix
from dashboard.shared.figures.tile import CSS
from dashboard.shell import page_ends, report_button, say, study_loaders
from dashboard.shell.frame import framed
from dashboard.shell.state import Selection
from dashboard.views.mistakes import filters
from dashboard.views.mistakes import gallery as mistake_gallery
from dashboard.views.mistakes.report import mistakes_content
from engine.analysis.analysed import AnalysedSplit


def study(model: str, split: AnalysedSplit, other: str) -> None:
    """Draw the page for one analysed split."""
    with st.spinner(f"Opening the analysis of {model} …"):
        store = study_loaders.store((model, other) if other else (model,), split.dataset, split.split)
    mistake_matrix.take_click(store.classes)
    view = filters.filter_bar(store.classes, other, store.no_near)
    with st.container(key="stack-mistakes"):
        left, right = st.columns([9, 13], gap="large")
    with left:
        matrix = mistake_matrix.show_matrix(store, view, other)
    with right:
        gallery = mistake_gallery.show_gallery(store, view, split)
    page_ends.offer_report(
        "Misclassifications",
        store.models,
        split,
        partial(mistakes_content, matrix, gallery),
        settings=filters.settings(),
        notes=report_button.dataset_notes(split.dataset),
    )


def main(selected: Selection) -> None:
    """Select, load, draw."""
    card = page_ends.opened("Misclassifications", selected, CSS)
    if card is None:
        return
    filters.recall()
    found = filters.choose_analysis(card.name)
    if found is None:
        filters.no_analysis(card.name)
        return
    with say.said():
        study(card.name, *found)
    filters.keep()


with framed("Misclassifications") as chosen:
    main(chosen)

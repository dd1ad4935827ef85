"""Misclassifications: which classes a model mixes up, the pictures behind each mix-up, and from there to Explain."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

# As in Home.py: the first visit to a fresh server may run this file without it.
if (root := str(Path(__file__).resolve().parents[2])) not in sys.path:
    sys.path.insert(0, root)

import streamlit as st

from dashboard import study_loaders
from dashboard.components import empty, mistake_filters, mistake_gallery, mistake_matrix, page_ends, view_report
from dashboard.components.frame import framed
from dashboard.figures.mistake_tile import CSS
from dashboard.figures.mistakes_content import mistakes_content
from dashboard.state import Selection
from engine.analysis.analysed import AnalysedSplit


def study(model: str, split: AnalysedSplit, other: str) -> None:
    """Draw the page for one analysed split."""
    with st.spinner(f"Opening the analysis of {model} …"):
        store = study_loaders.store((model, other) if other else (model,), split.dataset, split.split)
    mistake_matrix.take_click(store.classes)
    view = mistake_filters.filter_bar(store.classes, other, store.no_near)
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
        settings=mistake_filters.settings(),
        notes=view_report.dataset_notes(split.dataset),
    )


def main(selected: Selection) -> None:
    """Select, load, draw."""
    card = page_ends.opened("Misclassifications", selected, CSS)
    if card is None:
        return
    mistake_filters.recall()
    found = mistake_filters.choose_analysis(card.name)
    if found is None:
        mistake_filters.no_analysis(card.name)
        return
    with empty.said():
        study(card.name, *found)
    mistake_filters.keep()


with framed("Misclassifications") as chosen:
    main(chosen)

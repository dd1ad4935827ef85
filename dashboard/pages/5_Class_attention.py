"""Class attention: where gates and Grad-CAM lie for each class, how sure that is, and which pictures are behind it."""

from __future__ import annotations

import sys
from pathlib import Path

# As in Home.py: the first visit to a fresh server may run this file without it.
if (root := str(Path(__file__).resolve().parents[2])) not in sys.path:
    sys.path.insert(0, root)

import streamlit as st

from dashboard import class_attention_loaders, study_loaders
from dashboard.components import (
    class_attention_channels,
    class_attention_choice,
    class_attention_detail,
    class_attention_grid,
    class_attention_regions,
    class_attention_use,
    empty,
    mistake_filters,
    page_ends,
    study_choice,
    view_report,
)
from dashboard.components.frame import framed
from dashboard.figures import class_attention_style, mistake_tile
from dashboard.figures.view_report import Build, joined
from dashboard.state import Selection
from engine.analysis.analysed import AnalysedSplit


def study(model: str, split: AnalysedSplit, other: str) -> None:
    """Draw the page for one analysed split."""
    models = (model, other) if other else (model,)
    with st.spinner(f"Opening the analysis of {' and '.join(models)} …"):
        store = study_loaders.store(models, split.dataset, split.split)
        files = {name: class_attention_loaders.attention(name, split) for name in models}
    study_choice.say_unknown(class_attention_choice.CHOICES)
    maps, channels, regions, used = st.tabs(
        class_attention_choice.TABS, key=class_attention_choice.VIEW, bind="query-params"
    )
    parts: list[Build | None] = []
    with maps:
        if maps.open:
            choice = class_attention_grid.controls(store.classes, split.dataset)
            parts.append(class_attention_grid.show_grid(files, store.classes, choice))
            parts.append(class_attention_detail.show_detail(store, files, split, choice))
    with channels:
        if channels.open:
            parts.append(class_attention_channels.show_channels(files, store.classes))
    with regions:
        if regions.open:
            parts.append(class_attention_regions.show_regions(store, files))
    with used:
        if used.open:
            parts.append(class_attention_use.show_use(files, split))
    if made := [part for part in parts if part is not None]:
        page_ends.offer_report(
            "Class attention",
            models,
            split,
            lambda: joined(*(part() for part in made)),
            settings=class_attention_choice.KEPT.settings(),
            notes=view_report.dataset_notes(split.dataset),
        )


def main(selected: Selection) -> None:
    """Select, load, draw."""
    card = page_ends.opened("Class attention", selected, mistake_tile.CSS, class_attention_style.CSS)
    if card is None:
        return
    class_attention_choice.KEPT.recall()
    found = mistake_filters.choose_analysis(card.name)
    if found is None:
        mistake_filters.no_analysis(card.name)
        return
    with empty.said():
        study(card.name, *found)
    class_attention_choice.KEPT.keep()


with framed("Class attention") as chosen:
    main(chosen)

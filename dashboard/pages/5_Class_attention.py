"""Class attention: where gates and Grad-CAM lie for each class, how sure that is, and which pictures are behind it."""

from __future__ import annotations

import sys
from pathlib import Path

# As in Home.py: the first visit to a fresh server may run this file without it.
if (root := str(Path(__file__).resolve().parents[2])) not in sys.path:
    sys.path.insert(0, root)

import streamlit as st

from dashboard import class_attention_loaders, loaders, state, study_loaders
from dashboard.components import (
    class_attention_channels,
    class_attention_choice,
    class_attention_detail,
    class_attention_grid,
    class_attention_regions,
    class_attention_use,
    empty,
    mistake_filters,
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
        shelf = loaders.shelf()
        view_report.offer(
            "Class attention",
            f"{', '.join(models)} on {split.name}",
            [shelf.card(name) for name in models],
            lambda: joined(*(part() for part in made)),
            settings={"dataset": split.dataset, "split": split.split, **class_attention_choice.KEPT.settings()},
            always={state.MODEL: model, mistake_filters.ANALYSIS: split.name},
            notes=view_report.dataset_notes(split.dataset),
        )


def main(selected: Selection) -> None:
    """Select, load, draw."""
    st.html(mistake_tile.CSS)
    st.html(class_attention_style.CSS)
    st.title("Class attention")
    empty.problems(loaders.shelf().problems)
    if selected.model is None:
        empty.no_checkpoint()
        return
    class_attention_choice.KEPT.recall()
    found = mistake_filters.choose_analysis(selected.model)
    if found is None:
        mistake_filters.no_analysis(selected.model)
        return
    with empty.said():
        study(selected.model, *found)
    class_attention_choice.KEPT.keep()


with framed("Class attention") as chosen:
    main(chosen)

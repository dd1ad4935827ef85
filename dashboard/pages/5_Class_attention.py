"""Class attention: where gates and Grad-CAM lie for each class, how sure that is, and which pictures are behind it."""

from __future__ import annotations

import sys
from pathlib import Path

# As in Home.py: the first visit to a fresh server may run this file without it.
if (root := str(Path(__file__).resolve().parents[2])) not in sys.path:
    sys.path.insert(0, root)

import streamlit as st

from dashboard import class_attention_loaders, loaders, study_loaders
from dashboard.components import (
    class_attention_channels,
    class_attention_choice,
    class_attention_detail,
    class_attention_grid,
    class_attention_regions,
    class_attention_use,
    empty,
    mistake_filters,
)
from dashboard.components.frame import framed
from dashboard.figures import class_attention_style, mistake_tile
from dashboard.state import Selection
from engine.analysis.analysed import AnalysedSplit
from engine.errors import FerLensError


def study(model: str, split: AnalysedSplit, other: str) -> None:
    """Draw the page for one analysed split."""
    models = (model, other) if other else (model,)
    with st.spinner(f"Opening the analysis of {' and '.join(models)} …"):
        store = study_loaders.store(models, split.dataset, split.split)
        files = {name: class_attention_loaders.attention(name, split) for name in models}
    class_attention_choice.say_unknown(class_attention_choice.CHOICES)
    maps, channels, regions, used = st.tabs(
        class_attention_choice.TABS, key=class_attention_choice.VIEW, bind="query-params"
    )
    with maps:
        if maps.open:
            choice = class_attention_grid.controls(store.classes, split.dataset)
            class_attention_grid.show_grid(files, store.classes, choice)
            class_attention_detail.show_detail(store, files, split, choice)
    with channels:
        if channels.open:
            class_attention_channels.show_channels(files, store.classes)
    with regions:
        if regions.open:
            class_attention_regions.show_regions(store, files)
    with used:
        if used.open:
            class_attention_use.show_use(files, split)


def main(selected: Selection) -> None:
    """Select, load, draw."""
    st.html(mistake_tile.CSS)
    st.html(class_attention_style.CSS)
    st.title("Class attention")
    empty.problems(loaders.shelf().problems)
    if selected.model is None:
        empty.no_checkpoint()
        return
    class_attention_choice.recall()
    found = mistake_filters.choose_analysis(selected.model)
    if found is None:
        mistake_filters.no_analysis(selected.model)
        return
    try:
        study(selected.model, *found)
    except FerLensError as error:
        empty.problems([str(error)])
    class_attention_choice.keep()


with framed("Class attention") as chosen:
    main(chosen)

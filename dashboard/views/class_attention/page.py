"""Class attention: where gates and Grad-CAM lie for each class, how sure that is, and which pictures are behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st

from dashboard.report.content import Build, joined
from dashboard.report.text import plain
from dashboard.shared import study as study_choice
from dashboard.shared.figures import tile
from dashboard.shared.study import choose_analysis, no_analysis
from dashboard.shell import page_ends, report_button, say, study_loaders
from dashboard.shell.frame import framed
from dashboard.shell.state import Selection
from dashboard.views.class_attention import detail, grid, loaders, tabs
from engine.analysis.files.places import AnalysedSplit

STYLE: Final = Path(__file__).with_name("style.css")


def study(model: str, split: AnalysedSplit, other: str) -> None:
    """Draw the page for one analysed split."""
    models = (model, other) if other else (model,)
    with st.spinner(plain(f"Opening the analysis of {' and '.join(models)} …")):
        store = study_loaders.store(models, split.dataset, split.split)
        files = {name: loaders.attention(name, split) for name in models}
    study_choice.say_unknown(grid.CHOICES)
    maps, channels, regions, used = st.tabs(grid.TABS, key=grid.VIEW, bind="query-params")
    parts: list[Build | None] = []
    with maps:
        if maps.open:
            choice = grid.controls(store.classes, split.dataset)
            parts.append(grid.show_grid(files, store.classes, choice))
            parts.append(detail.show_detail(store, files, split, choice))
    with channels:
        if channels.open:
            parts.append(tabs.show_channels(files, store.classes))
    with regions:
        if regions.open:
            parts.append(tabs.show_regions(store, files))
    with used:
        if used.open:
            parts.append(tabs.show_use(files, split))
    if made := [part for part in parts if part is not None]:
        page_ends.offer_report(
            "Class attention",
            models,
            split,
            lambda: joined(*(part() for part in made)),
            settings=grid.KEPT.settings(),
            notes=report_button.dataset_notes(split.dataset),
        )


def main(selected: Selection) -> None:
    """Select, load, draw."""
    card = page_ends.opened("Class attention", selected, tile.CSS, STYLE)
    if card is None:
        return
    grid.KEPT.recall()
    found = choose_analysis(card.name)
    if found is None:
        no_analysis(card.name)
        return
    with say.said():
        study(card.name, *found)
    grid.KEPT.keep()


with framed("Class attention") as chosen:
    main(chosen)

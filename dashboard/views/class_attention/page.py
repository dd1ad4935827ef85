"""Class attention: where gates and Grad-CAM lie for each class, how sure that is, and which pictures are behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st

from dashboard.report.content import Build, joined
from dashboard.report.subject import is_about_pictures
from dashboard.report.text import plain
from dashboard.shared import study as study_choice
from dashboard.shared.figures import tile
from dashboard.shared.study import choose_analysis, no_analysis
from dashboard.shell import loaders as shell_loaders
from dashboard.shell import long_work, page_ends, report_button, say, study_loaders
from dashboard.shell.costs import Work
from dashboard.shell.frame import framed
from dashboard.shell.long_work import Tell
from dashboard.shell.state import Selection
from dashboard.views.class_attention import detail, grid, loaders, tabs
from dashboard.views.class_attention.grid import MAJORITY
from engine.analysis.files.places import AnalysedSplit
from engine.analysis.people_maps import drawn_words
from engine.analysis.store.store import AnalysisStore
from engine.errors import FerLensError

STYLE: Final = Path(__file__).with_name("style.css")


def study(model: str, split: AnalysedSplit, other: str) -> None:
    """Draw the page for one analysed split."""
    models = (model, other) if other else (model,)
    with st.spinner(plain(f"Opening the analysis of {' and '.join(models)} …")):
        store = study_loaders.store(models, split.dataset, split.split)
        files = {name: loaders.attention(name, split) for name in models}
    study_choice.name_split(model, split, store.count())
    study_choice.say_unknown(grid.CHOICES)
    truth = grid.choose_truth(store.no_votes)
    maps, channels, regions, used = st.tabs(grid.TABS, key=grid.VIEW, bind="query-params")
    parts: list[Build | None] = []
    with maps:
        if maps.open:
            choice = grid.controls(store.classes, split.dataset, truth)
            means = averaged(store, files, split, truth)
            if means is not None:
                parts.append(grid.show_grid(means, store.classes, choice))
                parts.append(detail.show_detail(store, means, split, choice))
    with channels:
        if channels.open:
            means = averaged(store, files, split, truth)
            if means is not None:
                parts.append(tabs.show_channels(means, store.classes, truth))
    with regions:
        if regions.open and is_about_pictures():
            st.info("Regions are those of a face, and this model is not about faces.", icon=":material/info:")
        elif regions.open:
            means = averaged(store, files, split, truth, needed=False)
            parts.append(tabs.show_regions(store, files, means, truth))
    with used:
        if used.open:
            if truth == MAJORITY:
                st.caption(tabs.USE_BY_LABEL)
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


def averaged(
    store: AnalysisStore, files: grid.Files, split: AnalysedSplit, truth: str, *, needed: bool = True
) -> grid.Files | None:
    """Return the class statistics by the label, or by what most people saw: then made once, saying how far that is.

    None where they cannot be had, which is said where they are ``needed``; where not, none are made.
    """
    if truth != MAJORITY:
        return files
    found: grid.Files | None
    try:
        found = {model: loaders.attention_by_people(store, model, split, None) for model in files}
    except FerLensError:
        found = _average(store, tuple(files), split) if needed else None
    if found is None:
        return None
    if needed:
        st.caption(plain(drawn_words(next(iter(found.values())))))
    return found


def _average(store: AnalysisStore, models: tuple[str, ...], split: AnalysedSplit) -> grid.Files | None:
    """Have the class statistics by what most people saw made, beside the page; None until they are, and without."""

    def make(tell: Tell) -> grid.Files:
        return {
            model: loaders.attention_by_people(
                store,
                model,
                split,
                lambda done, total, model=model: tell(done, total, f"pictures of {model}"),  # type: ignore[misc]  # bound now
            )
            for model in models
        }

    sha256, pictures = shell_loaders.shelf().card(models[0]).weights_sha256, store.count() * len(models)
    return long_work.have(
        "averages by people",
        (models, split.name, study_loaders.votes_at(split.dataset)),
        make,
        "Averaging the maps by what most people saw, once",
        Work(sha256, "picture averaged", float(pictures)),
    ).value


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

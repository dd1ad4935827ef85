"""Data: what a dataset holds, how its classes differ, and what is wrong with it."""

from __future__ import annotations

import streamlit as st

from dashboard.components import data_overview
from dashboard.shell import loaders, report_button, say, state
from dashboard.shell.frame import framed
from dashboard.shell.state import Selection
from dashboard.views.data import choice, galleries
from dashboard.views.data import loaders as data_loaders
from dashboard.views.data import pictures as data_pictures
from dashboard.views.data.figures.style import CSS
from dashboard.views.data.loaders import Wanted
from dashboard.views.data.report import DataView, data_content
from engine.errors import DataError, FerLensError


def study(asked: Wanted, model: str | None) -> None:
    """Draw the page for one dataset."""
    found = choice.read(asked)
    data_overview.show_facts(found)
    data_overview.show_balance(found)
    split = data_pictures.choose_split(found)
    faces = data_pictures.show_faces(asked, found, split)
    sample = data_pictures.show_sample(found, split)
    recipe, augmented = data_pictures.show_augmentation(asked, found)
    gallery, pictures = galleries.show_galleries(asked, found, model)
    view = DataView(found, split, faces, sample, recipe, augmented, gallery, pictures)
    report_button.offer(
        "Data",
        asked.dataset,
        [] if model is None or gallery != galleries.SUSPECTS else [loaders.shelf().card(model)],
        lambda: data_content(view),
        settings={
            "dataset": asked.dataset,
            "splits": list(asked.splits),
            "pictures of": split,
            "recipe": recipe,
            "gallery": gallery,
        },
        always={state.DATASET: asked.dataset},
        notes=report_button.dataset_notes(asked.dataset),
    )


def main(selected: Selection) -> None:
    """Select, load, draw."""
    st.html(CSS)
    st.title("Data")
    say.problems(loaders.shelf().problems)
    dataset, splits = choice.choose()
    try:
        asked = data_loaders.wanted(dataset, splits)
    except DataError:
        st.info(
            f"{dataset} is not on this machine: put it under `data/`, or name its place in the variable "
            "`FERLENS_DATA`, and start again.",
            icon=":material/image_not_supported:",
        )
        return
    try:
        study(asked, selected.model)
    except FerLensError as error:
        say.problems([str(error)])


with framed("Data") as chosen:
    main(chosen)

"""Data: what a dataset holds, how its classes differ, and what is wrong with it."""

from __future__ import annotations

import sys
from pathlib import Path

# As in Home.py: the first visit to a fresh server may run this file without it.
if (root := str(Path(__file__).resolve().parents[2])) not in sys.path:
    sys.path.insert(0, root)

import streamlit as st

from dashboard import data_loaders, loaders, state
from dashboard.components import data_choice, data_galleries, data_overview, data_pictures, empty, view_report
from dashboard.components.frame import framed
from dashboard.data_loaders import Wanted
from dashboard.figures.data_content import DataView, data_content
from dashboard.figures.data_style import CSS
from dashboard.state import Selection
from engine.errors import DataError, FerLensError


def study(asked: Wanted, model: str | None) -> None:
    """Draw the page for one dataset."""
    found = data_choice.read(asked)
    data_overview.show_facts(found)
    data_overview.show_balance(found)
    split = data_pictures.choose_split(found)
    faces = data_pictures.show_faces(asked, found, split)
    sample = data_pictures.show_sample(found, split)
    recipe, augmented = data_pictures.show_augmentation(asked, found)
    gallery, pictures = data_galleries.show_galleries(asked, found, model)
    view = DataView(found, split, faces, sample, recipe, augmented, gallery, pictures)
    view_report.offer(
        "Data",
        asked.dataset,
        [] if model is None or gallery != data_galleries.SUSPECTS else [loaders.shelf().card(model)],
        lambda: data_content(view),
        settings={
            "dataset": asked.dataset,
            "splits": list(asked.splits),
            "pictures of": split,
            "recipe": recipe,
            "gallery": gallery,
        },
        always={state.DATASET: asked.dataset},
        notes=view_report.dataset_notes(asked.dataset),
    )


def main(selected: Selection) -> None:
    """Select, load, draw."""
    st.html(CSS)
    st.title("Data")
    empty.problems(loaders.shelf().problems)
    dataset, splits = data_choice.choose()
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
        empty.problems([str(error)])


with framed("Data") as chosen:
    main(chosen)

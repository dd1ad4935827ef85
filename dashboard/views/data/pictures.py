"""The middle of the Data page: mean and spread of each class, a sample, and what augmentation makes of pictures."""

from __future__ import annotations

from typing import Final

import numpy as np
import streamlit as st

from dashboard.report.text import plain
from dashboard.shell import say, state, theme
from dashboard.shell.in_address import in_address
from dashboard.views.data import loaders
from dashboard.views.data.figures.faces import SheetRow, faces_grid, read_augmentation, sheet_html
from dashboard.views.data.loaders import Wanted
from engine.data.audit.audit import ClassFaces, DataAudit, class_sample
from engine.statistics.frequent import ShownClasses, shown_classes
from engine.training.recipe import load_recipe, recipe_names

ALL: Final = "all"
SPLIT: Final = "part"
"""The key of the split whose pictures are shown. Not ``split``, which is the sidebar's of other pages."""
SAMPLE: Final = "draw"
RECIPE: Final = "recipe"
AUGMENTATION: Final = "variation"
IN_ROW: Final = 8
DRAWS: Final = 7
"""Variants beside each original."""
ORIGINALS: Final = 4
DEFAULT_RECIPE: Final = "cbam"
SEEDS: Final = 1_000
"""Draws after which the first one comes again."""


def _number(key: str) -> int:
    return int(st.session_state.get(key, 0))


def _next(key: str) -> None:
    st.session_state[key] = (_number(key) + 1) % SEEDS


def _seed(key: str) -> int:
    """Return which draw is shown, kept in the address."""
    with in_address(key, key, {str(number): number for number in range(SEEDS)}, 0):
        return _number(key)


def choose_split(found: DataAudit) -> str:
    """Draw which split the pictures below are of; return it, or ``all``."""
    choices = (ALL, *found.pictures.split_names)
    unknown = state.asked_for(SPLIT, choices)
    if st.session_state.get(SPLIT, ALL) not in choices:
        del st.session_state[SPLIT]
    chosen: str = st.segmented_control(
        "Pictures of", choices, format_func=plain, default=ALL, required=True, key=SPLIT, bind="query-params"
    )
    if unknown is not None:
        say.problems([f"Unknown split '{unknown}'; valid: {', '.join(choices)}."])
    return chosen


def shown(found: DataAudit) -> ShownClasses:
    """Return the classes that tables and grids of this dataset show."""
    pictures = found.pictures
    return shown_classes(pictures.classes, np.bincount(pictures.labels, minlength=len(pictures.classes)))


def show_faces(asked: Wanted, found: DataAudit, split: str) -> ClassFaces:
    """Draw mean, difference and spread of each class that is shown; return them."""
    theme.section(
        "Mean and spread of each class",
        "What all pictures of a class have in common, where that differs from the mean of all classes, and where they "
        "differ among themselves. One scale a row.",
    )
    faces = loaders.faces(asked, split, found).pick(shown(found))
    st.html(faces_grid(faces))
    return faces


def show_sample(found: DataAudit, split: str) -> list[SheetRow]:
    """Draw some pictures of each class; return them."""
    theme.section("A sample", f"{IN_ROW} pictures of each class, drawn at random; the pointer tells the id.")
    pictures = found.pictures
    inside = np.arange(len(pictures))
    if split != ALL:
        inside = np.array([index for index, name in enumerate(pictures.splits) if name == split])
    drawn = class_sample(pictures.labels[inside], len(pictures.classes), IN_ROW, seed=_seed(SAMPLE))
    rows = [
        SheetRow(
            name,
            [pictures.images[position] for position in inside[chosen]],
            [pictures.ids[position] for position in inside[chosen]],
        )
        for name, chosen in zip(shown(found).names, shown(found).pick(drawn), strict=True)
    ]
    st.html(sheet_html(rows, IN_ROW))
    st.button("Draw others", on_click=_next, args=(SAMPLE,), icon=":material/shuffle:", key="draw_others")
    return rows


def show_augmentation(asked: Wanted, found: DataAudit) -> tuple[str, list[SheetRow]]:
    """Draw what the chosen recipe makes of a few training pictures; return its name and these."""
    theme.section("Augmentation", "What a recipe shows a model in place of each picture.")
    names = recipe_names()
    unknown = state.asked_for(RECIPE, names)
    name: str = st.selectbox(
        "Recipe",
        names,
        index=names.index(DEFAULT_RECIPE),
        key=RECIPE,
        bind="query-params",
        width=260,
    )
    if unknown is not None:
        say.problems([f"Unknown recipe '{unknown}'; valid: {', '.join(names)}. Showing {name}."])
    recipe = load_recipe(name)
    pictures = found.pictures
    training = np.array([index for index, split in enumerate(pictures.splits) if split == "train"], np.int64)
    inside = training if len(training) else np.arange(len(pictures))
    seed = _seed(AUGMENTATION)
    drawn = class_sample(pictures.labels[inside], len(pictures.classes), 1, seed=seed)
    positions = tuple(int(inside[chosen[0]]) for chosen in drawn if len(chosen))[:ORIGINALS]
    varied = loaders.augmented(name, asked, positions, DRAWS, seed, found)
    rows = [
        SheetRow(
            pictures.classes[int(pictures.labels[position])],
            [pictures.images[position], *variants],
            [pictures.ids[position], *(f"variant {number + 1}" for number in range(DRAWS))],
            first_is_original=True,
        )
        for position, variants in zip(positions, varied, strict=True)
    ]
    st.html(sheet_html(rows, 1 + DRAWS))
    st.caption(
        plain(
            f"Outlined: the picture as it is{'' if len(training) else ', here of another split than train'}. "
            f"{read_augmentation(recipe.augmentation, recipe.regularisation.mixup)}"
        )
    )
    st.button("Vary again", on_click=_next, args=(AUGMENTATION,), icon=":material/shuffle:", key="vary_again")
    return name, rows

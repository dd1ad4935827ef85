"""The first tab of the Class attention page: the class x layer grid whose cells are clicked, and what it shows.

The choices of the Class attention page; :mod:`dashboard.shared.study` says how they are kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from dashboard.report.content import Build
from dashboard.report.subject import face, is_about_pictures
from dashboard.report.text import plain
from dashboard.shared import study
from dashboard.shared.study import Kept, segments
from dashboard.shell import glossed, say
from dashboard.shell.loaders import shelf
from dashboard.shell.state import AGAINST, ANALYSIS
from dashboard.views.class_attention.figures.channels import CELLS, ORDERS
from dashboard.views.class_attention.figures.face_outline import outline_style
from dashboard.views.class_attention.figures.grid import (
    ALL_CLASSES,
    DIFFERENCE,
    FATE,
    FEW,
    MEAN,
    SCALES,
    SHOWS,
    SIGNED,
    SPREAD,
    cell_ranges,
    grid_html,
    layer_cells,
    map_layers,
    scale_html,
)
from dashboard.views.class_attention.report import grid_content
from engine.analysis.files.attention import GROUPS, AttentionFile
from engine.analysis.store.store import TRUTHS
from engine.statistics.frequent import ShownClasses, shown_classes

VIEW: Final = "view"
TABS: Final[tuple[str, ...]] = ("Maps", "Channels", "Regions", "Is it used?")
GROUP: Final = "pictures"
SHOW: Final = "cells"
REFERENCE: Final = "reference"
RANGE: Final = "range"
OUTLINE: Final = "outline"
TRUTH_HINT: Final = (
    "What class a picture is of, and so what is right: FER2013's label, or what most of ten people saw (FER+). By "
    "majority the maps are averaged anew from the pictures, once; some seconds to a minute."
)
CLASS_AGNOSTIC: Final = (
    "A class-agnostic gate is computed before any class is scored: for one picture it is the same whichever "
    "class you ask about. Its means differ only because the classes’ pictures differ. Grad-CAM is taken for a "
    "class; it has no unit, so between two models compare its places, not its size."
)
BEYOND_CHANCE: Final = (
    " Beyond chance: more than luck would do 19 times of 20 (p < .05 by Welch’s test after Bonferroni’s correction "
    "for the cells of one map); hold the "
    "pointer over a cell to see in how many of its cells."
)
GATE: Final = "gate"
"""The map that is looked at closely: a layer's name."""
CLASS: Final = "class"
VERSUS: Final = "versus"
RANKED_BY: Final = "ranked_by"
OVERLAY: Final = "overlay"
CHANNEL_GATE: Final = "channel_gate"
CHANNEL_CELLS: Final = "channel_cells"
CHANNEL_ORDER: Final = "channel_order"
CHANNEL_MOST: Final = "channel_most"
CHANNEL_CLUSTERS: Final = "channel_clusters"
USED_GATE: Final = "used_gate"
USED_PICTURES: Final = "used_pictures"

TRUTH: Final = "truth"
MAJORITY: Final = TRUTHS[1]
WIDGETS: Final[tuple[str, ...]] = (
    ANALYSIS, AGAINST, VIEW, GROUP, SHOW, REFERENCE, RANGE, OUTLINE, GATE, CLASS, VERSUS, RANKED_BY, OVERLAY,
    CHANNEL_GATE, CHANNEL_CELLS, CHANNEL_ORDER, CHANNEL_MOST, CHANNEL_CLUSTERS, USED_GATE, TRUTH,
    USED_PICTURES,
)  # fmt: skip
CHOICES: Final[dict[str, Sequence[str]]] = {
    VIEW: TABS,
    GROUP: GROUPS,
    TRUTH: TRUTHS,
    SHOW: SHOWS,
    RANGE: tuple(SCALES),
    CHANNEL_CELLS: tuple(CELLS),
    CHANNEL_ORDER: tuple(ORDERS),
}
"""The choices that are the same for every model and data set."""

KEPT: Final = Kept("class_attention", WIDGETS)


def select(label: str, options: Sequence[str], key: str, *, hint: str = "", width: int = 190, **more: Any) -> str:
    """Draw a menu; what another model or data set left chosen and this one does not have is taken back."""
    if st.session_state.get(key, options[0]) not in options:
        del st.session_state[key]
    chosen: str = st.selectbox(
        plain(label), tuple(options), key=key, bind="query-params", help=hint or None, width=width, **more
    )
    return chosen


def references(classes: Sequence[str]) -> tuple[str, ...]:
    """Return what a class's mean can be compared with."""
    return (ALL_CLASSES, *classes)


def choose_group() -> str:
    """Draw the choice of pictures, one widget for all tabs."""
    return segments("Pictures", GROUPS, GROUP, hint="All of a true class, or those answered right or wrong.")


def choose_truth(no_votes: str) -> str:
    """Draw what says which class a picture is of, for all tabs; return ``label`` or ``majority``."""
    hint = plain(no_votes) or TRUTH_HINT
    chosen = segments("Right or wrong by", TRUTHS, TRUTH, hint=hint, disabled=bool(no_votes))
    if no_votes and chosen != TRUTHS[0]:  # the address, or another analysis, has asked for it
        say.problems([no_votes])
        return TRUTHS[0]
    return chosen


def choose_gate(layers: Sequence[str]) -> str:
    """Draw the choice of a map, one widget for the tabs that look at one closely."""
    return select("Gate or map", layers, GATE)


Files = Mapping[str, AttentionFile]
"""Model → its class statistics; the sidebar's model first."""

GRID: Final = "class_grid"
JS: Final = """
export default function ({ parentElement, data, setTriggerValue }) {
  const holder = parentElement.querySelector(".fl-cholder");
  const focused = holder.contains(document.activeElement) ? document.activeElement.dataset.cell : null;
  holder.innerHTML = data.html;
  const cells = [...holder.querySelectorAll("[data-cell]")];
  for (const cell of cells) {
    cell.onclick = () => {
      const [model, layer, label] = cell.dataset.cell.split("|");
      setTriggerValue("cell", { model, layer, label });
    };
    if (cell.dataset.cell === focused) cell.focus({ preventScroll: true });
  }
}
"""

_grid = st.components.v2.component(
    "ferlens_class_grid", html='<div class="fl-cholder"></div>', js=JS, isolate_styles=False
)


@dataclass(frozen=True)
class GridChoice:
    """What the controls over the grid say.

    Attributes:
        group: which pictures. shows: what a cell shows. reference: what is subtracted. scale: of the colours.
        outline: the style of the face that is drawn over maps, or nothing.
        truth: what says which class a picture is of, ``label`` or ``majority``.
    """

    group: str
    shows: str
    reference: str
    scale: str
    outline: str
    truth: str = TRUTHS[0]


def controls(classes: tuple[str, ...], dataset: str, truth: str) -> GridChoice:
    """Draw the controls over the grid."""
    study.say_unknown({REFERENCE: references(classes)})
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        shows = study.segments(
            "A cell shows",
            SHOWS,
            SHOW,
            default=DIFFERENCE,
            hint="The mean map of a class; its standard deviation over pictures; the mean minus another mean; or right "
            "answers minus wrong ones of the same class.",
        )
        reference = select(
            "Minus",
            references(classes),
            REFERENCE,
            width=160,
            disabled=shows != DIFFERENCE,
            hint="What “difference” subtracts. In the mean of all classes each class counts alike.",
        )
        group = choose_group()
        scale = study.segments(
            "Scale",
            tuple(SCALES),
            RANGE,
            hint="; ".join(f"**{name}**: {words}" for name, words in SCALES.items()) + ". Compared models share it.",
        )
        outline = not is_about_pictures() and st.toggle(
            "Face", value=True, key=OUTLINE, bind="query-params",
            help="Where face, brows, eyes, nose and mouth lie on average, as thin lines.",
        )  # fmt: skip
    return GridChoice(group, shows, reference, scale, outline_style(dataset) if outline else "", truth)


def _take_cell() -> None:
    """Choose the cell that was clicked."""
    cell = st.session_state[GRID].cell
    if cell:
        st.session_state[GATE] = cell["layer"]
        st.session_state[CLASS] = cell["label"]
        st.session_state[RANKED_BY] = cell["model"]


def all_layers(files: Files) -> tuple[str, ...]:
    """Return the maps that any of the models has, each model's in forward order."""
    return tuple(dict.fromkeys(layer for file in files.values() for layer in map_layers(file)))


def shown_of(files: Files, classes: tuple[str, ...]) -> ShownClasses:
    """Return the classes that grids, charts and tables have: all, or of many the most frequent and the chosen one."""
    file = next(iter(files.values()))
    asked = st.session_state.get(CLASS) or st.query_params.get(CLASS)
    return shown_classes(classes, file.of(file.layers[0]).count, asked=() if asked is None else (asked,))


def in_menu(files: Files, classes: tuple[str, ...]) -> tuple[str, ...]:
    """Return all classes, those that are shown first."""
    shown = shown_of(files, classes).names
    return (*shown, *(name for name in classes if name not in set(shown)))


def looked_at(files: Files, classes: tuple[str, ...]) -> tuple[str, str]:
    """Return the (layer, class) that is chosen, before its menus are drawn: the first of each where none is."""
    layers = all_layers(files)

    def of(key: str, valid: tuple[str, ...]) -> str:
        asked = st.session_state.get(key) or st.query_params.get(key)
        return asked if asked in valid else valid[0]

    return of(GATE, layers), of(CLASS, in_menu(files, classes))


_READING: Final[dict[str, str]] = {
    MEAN: "Mean map of each class.",
    SPREAD: "Standard deviation over the pictures of each class, cell by cell.",
    FATE: "Red: larger where the model is right. Blue: larger where it is wrong. Often few are wrong: mind the n.",
}


def _reading(choice: GridChoice) -> str:
    if choice.shows == DIFFERENCE:
        of = "the mean of all classes" if choice.reference == ALL_CLASSES else choice.reference
        said = f"Red: larger than {of}. Blue: smaller."
    else:
        said = _READING[choice.shows]
    pictures = {"all": "all pictures", "right": "right answers only", "wrong": "wrong answers only"}[choice.group]
    by = "by what most people saw" if choice.truth == MAJORITY else "by true class"
    return (
        f"{said} Right is what most people saw."
        if choice.shows == FATE and choice.truth == MAJORITY
        else (said if choice.shows == FATE else f"{said} Of {pictures}, {by}.")
    )


def _ratios(files: Files) -> dict[str, float]:
    """Return model → the width of what it takes by its height."""
    spec = {model: shelf().card(model).input for model in files}
    return {model: one.width / one.height for model, one in spec.items()}


def show_grid(files: Files, classes: tuple[str, ...], choice: GridChoice) -> Build:
    """Draw the grid of one or two models on one scale; return what makes its part of a report."""
    shown = shown_of(files, classes)
    cells = [
        cell
        for model, file in files.items()
        for layer in map_layers(file)
        for cell in layer_cells(
            file, model, layer, choice.shows, group=choice.group, reference=choice.reference, labels=shown.names
        )
    ]  # fmt: skip
    ranges = cell_ranges(cells, choice.shows, choice.scale)
    without = [model for model, file in files.items() if all(name.startswith("gradcam.") for name in map_layers(file))]
    st.html(scale_html(ranges, choice.shows, choice.scale))
    html = grid_html(
        cells, ranges, choice.shows, classes=classes, rows=shown.names, chosen=looked_at(files, classes),
        outline=choice.outline,
    )  # fmt: skip
    _grid(data={"html": html}, key=GRID, on_cell_change=_take_cell)
    words = " ".join(filter(None, (shown.words, _reading(choice))))
    glossed.note(
        f"{words} Dashed cells average fewer than {FEW} pictures: one unusual {face()} moves them. "
        + CLASS_AGNOSTIC
        + (BEYOND_CHANCE if choice.shows in SIGNED else "")
        + (f" {' and '.join(without)} has no spatial attention gate; Grad-CAM is all there is." if without else "")
    )
    return lambda: grid_content(cells, ranges, choice.shows, shown.names, words, _ratios(files))

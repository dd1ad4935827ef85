"""The choices of the Class attention page, and how they are kept.

Each widget's key is a query parameter of the same name, so that a copied address opens the same view; going to another
page and back by the menu, whose links carry nothing, brings back what was chosen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from dashboard import state
from dashboard.components import empty
from dashboard.components.mistake_filters import AGAINST, ANALYSIS
from dashboard.figures.channel_heatmap import CELLS, ORDERS
from dashboard.figures.class_maps import ALL_CLASSES, SCALES, SHOWS
from engine.analysis.class_attention import GROUPS

VIEW: Final = "view"
TABS: Final[tuple[str, ...]] = ("Maps", "Channels", "Regions", "Is it used?")
GROUP: Final = "pictures"
SHOW: Final = "cells"
REFERENCE: Final = "reference"
RANGE: Final = "range"
OUTLINE: Final = "outline"
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

WIDGETS: Final[tuple[str, ...]] = (
    ANALYSIS, AGAINST, VIEW, GROUP, SHOW, REFERENCE, RANGE, OUTLINE, GATE, CLASS, VERSUS, RANKED_BY, OVERLAY,
    CHANNEL_GATE, CHANNEL_CELLS, CHANNEL_ORDER, CHANNEL_MOST, CHANNEL_CLUSTERS, USED_GATE,
    USED_PICTURES,
)  # fmt: skip
CHOICES: Final[dict[str, Sequence[str]]] = {
    VIEW: TABS,
    GROUP: GROUPS,
    SHOW: SHOWS,
    RANGE: tuple(SCALES),
    CHANNEL_CELLS: tuple(CELLS),
    CHANNEL_ORDER: tuple(ORDERS),
}
"""The choices that are the same for every model and data set."""

_KEPT: Final = "kept_class_attention"
_READY: Final = "ready_class_attention"


def recall() -> None:
    """Bring back what was chosen when the page is come to by a bare link; call it before any widget is drawn.

    On the first run of a page its bound widgets follow the address whatever the session says, so the choices are laid
    ready here and taken up in the run after.
    """
    for key, value in st.session_state.pop(_READY, {}).items():
        st.session_state[key] = value
    if state.arrived() and not any(key in st.query_params for key in WIDGETS):
        st.session_state[_READY] = st.session_state.get(_KEPT, {})


def keep() -> None:
    """Keep what is chosen, or run the page again with what is to be brought back; call it after all widgets."""
    if st.session_state.get(_READY):
        st.rerun()
    now = {key: st.session_state[key] for key in WIDGETS if key in st.session_state}
    st.session_state[_KEPT] = {**st.session_state.get(_KEPT, {}), **now}


def say_unknown(choices: Mapping[str, Sequence[str]]) -> None:
    """Show a sentence for each name in the address that is no choice; call it before the widgets are drawn."""
    for key, valid in choices.items():
        asked = state.asked_for(key, valid)
        if asked is not None:
            what = key.replace("_", " ")
            empty.problems([f"Unknown {what} '{asked}' in the address; valid: {', '.join(valid) or 'none'}."])


def select(label: str, options: Sequence[str], key: str, *, hint: str = "", width: int = 190, **more: Any) -> str:
    """Draw a menu; what another model or data set left chosen and this one does not have is taken back."""
    if st.session_state.get(key, options[0]) not in options:
        del st.session_state[key]
    chosen: str = st.selectbox(
        label, tuple(options), key=key, bind="query-params", help=hint or None, width=width, **more
    )
    return chosen


def segments(label: str, options: Sequence[str], key: str, *, hint: str = "", disabled: bool = False) -> str:
    """Draw one choice of a few, the first by default."""
    chosen: str = st.segmented_control(
        label,
        tuple(options),
        default=options[0],
        required=True,
        key=key,
        bind="query-params",
        help=hint or None,
        disabled=disabled,
    )
    return chosen


def references(classes: Sequence[str]) -> tuple[str, ...]:
    """Return what a class's mean can be compared with."""
    return (ALL_CLASSES, *classes)


def choose_group() -> str:
    """Draw the choice of pictures, one widget for all tabs."""
    return segments("Pictures", GROUPS, GROUP, hint="All of a true class, or those answered right or wrong.")


def choose_gate(layers: Sequence[str]) -> str:
    """Draw the choice of a map, one widget for the tabs that look at one closely."""
    return select("Gate or map", layers, GATE)

"""The choices of the Class attention page; :mod:`dashboard.shared.study` says how they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import streamlit as st

from dashboard.figures.channel_heatmap import CELLS, ORDERS
from dashboard.figures.class_maps import ALL_CLASSES, SCALES, SHOWS
from dashboard.shared.study import Kept, segments
from dashboard.views.mistakes.filters import AGAINST, ANALYSIS
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

KEPT: Final = Kept("class_attention", WIDGETS)


def select(label: str, options: Sequence[str], key: str, *, hint: str = "", width: int = 190, **more: Any) -> str:
    """Draw a menu; what another model or data set left chosen and this one does not have is taken back."""
    if st.session_state.get(key, options[0]) not in options:
        del st.session_state[key]
    chosen: str = st.selectbox(
        label, tuple(options), key=key, bind="query-params", help=hint or None, width=width, **more
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

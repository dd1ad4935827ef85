"""The area that is drawn around points of the embedding, in the address as ``area``.

Streamlit drops a chart's selection when the figure changes. So a chart is drawn with the area that was known when it
came up (from the address, or from before its colours were changed), and this stays as it is while a person draws
others; what is caught then comes from the chart itself.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dashboard.shell import in_address, say, state
from dashboard.views.evaluation.figures.embedding import Selection, address_text, drawn_areas, read_selection, selected
from engine.errors import UsageError

AREA: Final = "area"
"""The parameter's name, and the session's: the area's text, empty for none."""
NOT_KEPT: Final = "This selection is not in the address, which would be too long: draw a simpler outline to keep it."
_PLANE: Final = "area_plane"
_BASE: Final = "area_base"
_CHANGED: Final = "area_changed"
_UNKEPT: Final = "area_unkept"
_TIMES: Final = "area_times"


@dataclass(frozen=True)
class Base:
    """How a chart comes up.

    Attributes:
        key: the chart's. text: what is selected from the start, as the address writes it.
    """

    key: str
    text: str

    @property
    def chosen(self) -> Selection | None:
        """What is selected from the start; None for nothing."""
        return read_selection(self.text) if self.text else None


def arrive() -> None:
    """Forget the area of an earlier visit: the address, or what the page keeps, says it anew."""
    if state.arrived():
        for key in (AREA, _PLANE, _BASE, _CHANGED, _UNKEPT, _TIMES):
            st.session_state.pop(key, None)


def base_of(plane: Hashable, chart: str) -> Base:
    """Return how a chart comes up, taking over what the address says anew.

    Args:
        plane: what the coordinates belong to: model, data, layout. Another one has no area yet.
        chart: the chart's key, to which a number is added where an address takes a drawn selection back.
    """
    asked, told = st.query_params.get(AREA), state.TOLD + AREA
    anew = asked is not None and asked != st.session_state.get(told)
    if asked is not None and anew:
        try:
            read_selection(asked)
        except UsageError as error:
            say.problems([str(error)])
            asked = ""
        st.session_state[AREA] = st.session_state[told] = asked
        if _BASE in st.session_state:
            st.session_state[_TIMES] = st.session_state.get(_TIMES, 0) + 1
    elif st.session_state.get(_PLANE, plane) != plane:
        st.session_state[AREA] = ""
    else:  # what the page keeps over a visit to another one may come back a run later
        anew = told in st.session_state and st.session_state.get(AREA, "") != st.session_state[told]
    st.session_state[_PLANE] = plane
    times = st.session_state.get(_TIMES, 0)
    key = f"{chart}.{times}" if times else chart
    kept: tuple[Hashable, Base] | None = st.session_state.get(_BASE)
    if kept is None or anew or (kept[0], kept[1].key) != (plane, key):
        kept = plane, Base(key, st.session_state.get(AREA, ""))
        st.session_state[_BASE] = kept
        st.session_state.pop(_CHANGED, None)
    return kept[1]


def changed() -> None:
    """Note that a person drew or cleared an area, so that the one the chart came up with no longer holds."""
    st.session_state[_CHANGED] = True


def clear() -> None:
    """Forget the area, and have the chart drawn without one."""
    st.session_state[AREA] = ""
    st.session_state.pop(_BASE, None)


def picked(
    event: Any, base: Base, places: NDArray[np.float64], shown: NDArray[np.int64], count: int
) -> tuple[int, ...]:
    """Return the positions of the pictures that are caught, and write the area into the address.

    Args:
        event: what the chart holds.
        base: how it came up.
        places: (M, 2). shown: (M,), positions of the M points among the N pictures. count: N.
    """
    found, text, unkept = selected(event, count), "", False
    areas = drawn_areas(event)
    if found:
        kept = address_text(areas, places, shown, np.isin(shown, found)) if areas else None
        text, unkept = kept or "", kept is None
    elif base.chosen is not None and not areas and not st.session_state.get(_CHANGED):
        found, text = tuple(sorted(shown[base.chosen.holds(places, shown)].tolist())), base.text
    st.session_state[AREA], st.session_state[_UNKEPT] = text, unkept
    in_address.tell(AREA, text)
    return found


def unkept() -> bool:
    """Say whether what is selected is not in the address."""
    return bool(st.session_state.get(_UNKEPT))

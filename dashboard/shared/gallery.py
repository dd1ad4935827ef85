"""What galleries of tiles share: how large a tile is, and whether a map lies over its picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from dashboard.report.text import plain
from dashboard.shared import many_maps
from dashboard.shared.figures.tile import MAPS, absent_html, map_html, picture_html
from dashboard.shell import study_loaders
from dashboard.shell.in_address import in_address
from engine.analysis.store.store import AnalysisStore
from engine.draw.overlay import placed_gates
from engine.records import RunCard

SIZES: Final = (96, 300, 12)
"""Smallest, largest and step of a tile's least width, in CSS pixels."""
USUAL: Final = 132
SHOWS: Final = "tiles_show"
SIZE: Final = "tile_size"


def last_gate(store: AnalysisStore) -> str:
    """Return the last spatial gate's name, or empty for a model without any."""
    stems = [name.removesuffix(".centre_x") for name in store.columns() if name.endswith(".centre_x")]
    gates = [stem for stem in stems if not stem.startswith("gradcam.")]
    return gates[-1] if gates else ""


def choose_size() -> None:
    """Draw how large tiles are: the same for every gallery, kept in the address as ``tile``."""
    low, high, step = SIZES
    with in_address("tile", SIZE, {str(size): size for size in range(low, high + 1, step)}, USUAL, "tile", kept=True):
        size: int = st.slider(
            "Tile size", low, high, USUAL, step, key=SIZE, format="%d px", width=150, persist_state="session"
        )
    st.html(f"<style>:root{{--fl-tile:{size}px}}</style>")


def choose_map(store: AnalysisStore | None = None) -> str:
    """Draw what lies over each tile of a gallery; return one of :data:`MAPS`.

    Of a ``store``'s first model, the last gate is offered where it has one.
    """
    choices = tuple(name for name in MAPS if name != "last gate" or store is None or last_gate(store))
    with in_address(SHOWS, SHOWS, choices, choices[0], "map over tiles", own=True):
        shows: str | None = st.segmented_control(
            "Show",
            choices,
            required=True,
            format_func=plain,
            key=SHOWS,
            help="Maps are computed for the pictures shown only, a fraction of a second each, and kept. Gates: fixed "
            "scale 0–1. Grad-CAM of the answer: from zero to its own largest value.",
        )
    return shows or choices[0]


def fields(shows: str, dataset: str, ids: Sequence[str], card: RunCard, *, of: str = "tiles") -> dict[str, str]:
    """Return id → a tile's picture as HTML, with the map over it; that it is not here where that is so.

    ``of`` tells several galleries of one page apart.
    """
    drawn = over_all(shows, dataset, ids, card, of=of)
    here = {one: study_loaders.picture_if_here(dataset, one, card) for one in ids}
    return {
        one: absent_html() if found is None else drawn.get(one) or picture_html(found.pixels, one)
        for one, found in here.items()
    }


def over_all(shows: str, dataset: str, ids: Sequence[str], card: RunCard, *, of: str = "tiles") -> dict[str, str]:
    """Return id → a map over its picture as HTML, for those of ``ids`` that have one; those missing are being made."""
    if shows == MAPS[0] or not ids:
        return {}
    explained = many_maps.explained(dataset, ids, card, of=of)
    found = {
        one: map_html(each, shows)
        for one, each in explained.items()
        if shows != "last gate" or placed_gates(each.gates) or each.gates_of("cross")
    }
    if not found and not many_maps.is_at_work(of):
        st.caption(plain(f"{card.name} has no map of this kind for these pictures: they are shown as they are."))
    return found

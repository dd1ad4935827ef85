"""What galleries of tiles share: how large a tile is, and whether a map lies over its picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from dashboard.report.text import plain
from dashboard.shared.figures.tile import MAPS, absent_html, map_html, picture_html
from dashboard.shell import study_loaders
from dashboard.shell.in_address import in_address
from engine.analysis.store.store import AnalysisStore
from engine.draw.overlay import placed_gates
from engine.errors import FerLensError
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


def field(shows: str, dataset: str, picture_id: str, card: RunCard) -> str:
    """Return a tile's picture as HTML, with the map over it; that it is not here where that is so."""
    found = study_loaders.picture_if_here(dataset, picture_id, card)
    if found is None:
        return absent_html()
    return over(shows, dataset, picture_id, card) or picture_html(found.pixels, picture_id)


def over(shows: str, dataset: str, picture_id: str, card: RunCard) -> str:
    """Return a map over a picture as HTML; empty where none is asked for, or the model has none of this picture."""
    if shows == MAPS[0]:
        return ""
    try:
        explained = study_loaders.dataset_explanation(dataset, picture_id, card)
    except FerLensError:  # the model cannot take the picture
        return ""
    if shows == "last gate" and not (placed_gates(explained.gates) or explained.gates_of("cross")):
        return ""
    return map_html(explained, shows)


def over_all(shows: str, dataset: str, ids: Sequence[str], card: RunCard) -> dict[str, str]:
    """Return id → a map over its picture as HTML, for those of ``ids`` that have one; say how far that is."""
    if shows == MAPS[0] or not ids:
        return {}
    slot, found = st.empty(), {}
    for number, picture_id in enumerate(ids):
        if number % 6 == 0:
            slot.progress(number / len(ids), plain(f"Explaining with {card.name}: {number} of {len(ids)}"))
        if drawn := over(shows, dataset, picture_id, card):
            found[picture_id] = drawn
    slot.empty()
    if not found:
        st.caption(plain(f"{card.name} has no map of this kind for these pictures: they are shown as they are."))
    return found

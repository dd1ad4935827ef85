"""The caching code of Explain's further checks of a map, which cost more than trust and are asked for apart.

Kept by the picture's digest, the weights' sha256, the method, the layer and the target, as
:mod:`dashboard.shared.face_loaders` keeps trust. Each check works on a copy of the model that is its own, so that
nobody else waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.shared.face_loaders import Book, FaceKey, timed, took
from dashboard.shell.loaders import predictor

if TYPE_CHECKING:
    from engine.records import Explanation, RunCard, UInt8
    from engine.trust.map_sanity import MapSanity

Progress = Callable[[str, int, int], None]
"""Called with (what is asked, maps made, maps wanted)."""


@st.cache_resource(show_spinner=False)
def _book() -> Book:
    return Book()


def _what(method: str) -> str:
    return f"sanity of {method}"


def _key(face: FaceKey, explanation: Explanation) -> Hashable:
    return (face, explanation.method, explanation.layer, explanation.target)


def known_sanity(face: FaceKey, explanation: Explanation) -> MapSanity | None:
    """Return what :func:`check_sanity` found for this face and map, or None where nobody has asked yet."""
    found: MapSanity | None = _book().look(_key(face, explanation))
    return found


def check_sanity(
    card: RunCard, face: FaceKey, seen: UInt8, explanation: Explanation, progress: Progress | None = None
) -> MapSanity:
    """Ask of a map what ``engine explain --sanity`` asks; keep it.

    Args:
        card: the model's.
        face: which face and model.
        seen: (S, S) or (S, S, 3) uint8, the face as the model saw it.
        explanation: the map, of two cells or more.
        progress: see Progress.
    """
    from engine.trust.map_sanity import map_sanity

    def measure() -> MapSanity:
        return map_sanity(
            predictor(card).model, seen, explanation, spec=card.input, classes=card.classes, progress=progress
        )

    found: MapSanity = timed(face.sha256, _what(explanation.method), measure)
    _book().keep(_key(face, explanation), found)
    return found


def sanity_maps(card: RunCard) -> int:
    """Return how many maps a check of one map makes."""
    from engine.trust.map_sanity import maps_wanted

    return maps_wanted(predictor(card).model, card.input, len(card.classes))


def expected_seconds(card: RunCard, explanation: Explanation, seconds_a_map: float) -> float:
    """Return how long a check takes: as long as the last one by this method, else by what the map itself took."""
    last = took(card.weights_sha256, _what(explanation.method))
    return sanity_maps(card) * seconds_a_map if last is None else last

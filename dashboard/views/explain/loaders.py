"""The caching code of Explain's further checks of a map, which cost more than trust and are asked for apart.

Kept by the picture's digest, the weights' sha256, the method, the layer and the target, as
:mod:`dashboard.shared.face_loaders` keeps trust. Each check works on a copy of the model that is its own, so that
nobody else waits for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.shell.cost_loaders import costs
from dashboard.shell.costs import Work
from dashboard.shell.loaders import predictor
from dashboard.shell.map_loaders import Book, FaceKey
from engine.explain.methods.registry import METHODS

if TYPE_CHECKING:
    from engine.records import Explanation, RunCard, UInt8
    from engine.trust.map_sanity import MapSanity

Progress = Callable[[str, int, int], None]
"""Called with (what is asked, maps made, maps wanted)."""


@st.cache_resource(show_spinner=False)
def _book() -> Book:
    return Book()


def _key(face: FaceKey, explanation: Explanation) -> Hashable:
    return (face, explanation.method, explanation.layer, explanation.target, explanation.settings)


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

    began = time.perf_counter()
    found = map_sanity(
        predictor(card).model,
        seen,
        explanation,
        spec=card.input,
        classes=card.classes,
        setup=METHODS[explanation.method].setup(explanation.settings, card.input),
        progress=progress,
    )
    costs().note(sanity_work(card, explanation), time.perf_counter() - began)
    _book().keep(_key(face, explanation), found)
    return found


def sanity_maps(card: RunCard) -> int:
    """Return how many maps a check of one map makes."""
    from engine.trust.map_sanity import maps_wanted

    return maps_wanted(predictor(card).model, card.input, len(card.classes))


def sanity_work(card: RunCard, explanation: Explanation) -> Work:
    """Return what a check of one map costs: by the last ones of this method, else by what the map itself took."""
    made = sanity_maps(card)
    passes = sum(METHODS[explanation.method].price(explanation.settings))
    usual = explanation.seconds / passes
    return Work(card.weights_sha256, f"sanity of {explanation.method}", made * passes, usual=usual)

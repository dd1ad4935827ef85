"""The button that asks whether gates are used and maps are faithful, and its progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.figures.method_words import time_words
from dashboard.figures.trust_words import Trusted
from dashboard.shared import face_loaders
from dashboard.shared.face_loaders import GATES, MAP, FaceKey
from dashboard.views.explain import trust
from dashboard.views.explain.trust import TRUST, Asked
from engine.explain.methods.registry import METHODS
from engine.records import Explanation, FaceExplanation, RunCard, UInt8

BUTTON: Final = "check_trust"
SMALLEST: Final = 2
"""Cells that a map must have to be taken apart along it."""


def _known(key: FaceKey, explained: FaceExplanation, maps: Sequence[Explanation]) -> Trusted:
    """Return what is known already; of gates that were asked about another target all but the logit's change holds."""
    target = explained.maps[0].target
    gates = face_loaders.known_gates(key, target)
    if gates is None:
        gates = face_loaders.known_gates(key, explained.prediction.label) or ()
    found = {(item.method, item.layer, item.target): face_loaders.known_map(key, item) for item in maps}
    return Trusted({use.layer: use for use in gates}, {name: item for name, item in found.items() if item is not None})


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' if number != 1 else ''}"


def check_trust(
    slot: DeltaGenerator,
    card: RunCard,
    key: FaceKey,
    explained: FaceExplanation,
    maps: Sequence[Explanation],
    asked: Asked,
) -> Trusted:
    """Draw the button where something is not checked yet, check it all when pressed, and return what is known.

    An address that asks for it has it checked without a press where that is quick.

    Args:
        slot: where the button is drawn, and its progress in its place.
        card: the model's.
        key: which face and model.
        explained: the gates, and the main map's target.
        maps: the main map and those by further methods.
        asked: what is asked for, of this face.
    """
    place = slot.empty()
    target = explained.maps[0].target
    ask_gates = bool(explained.gates) and face_loaders.known_gates(key, target) is None
    missing = [item for item in maps if item.heatmap.size >= SMALLEST and face_loaders.known_map(key, item) is None]
    gates = len(explained.gates) if ask_gates else 0
    if not gates and not missing:
        place.caption("Trust checked: the badges below say which gates are used and which maps are faithful.")
        return _known(key, explained, maps)
    subjects = " and ".join(_count(number, word) for number, word in ((gates, "gate"), (len(missing), "map")) if number)
    seconds = _expected(card, key, explained.face, gates, len(missing))
    with place.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            "Check trust",
            key=BUTTON,
            icon=":material/fact_check:",
            on_click=trust.ask,
            args=(key, TRUST),
            help="Replaces each gate to see whether the answer changes, and takes the face apart along each map, "
            "beside random maps.",
        )
        passes = face_loaders.trust_passes(gates, len(missing))
        st.caption(f"{asked.waiting(TRUST)}{subjects}, {passes:,} forward passes: {time_words(seconds)}")
    if pressed or asked.at_once(TRUST, seconds):
        _check(place, card, key, explained, missing, gates)
        place.caption("Trust checked: the badges below say which gates are used and which maps are faithful.")
    return _known(key, explained, maps)


def _expected(card: RunCard, key: FaceKey, seen: UInt8, gates: int, maps: int) -> float:
    """Return how many seconds checking takes: as the last time, else by a small step that is timed first."""
    seconds = 0.0
    for what, checks, number in ((GATES, (gates, 0), int(gates > 0)), (MAP, (0, maps), maps)):
        last = face_loaders.took(key.sha256, what)
        if number and last is None:
            seconds += face_loaders.trust_cost(card, key.sha256, seen).seconds(*checks)
        elif last is not None:
            seconds += last * number
    return seconds


def _check(
    place: DeltaGenerator,
    card: RunCard,
    key: FaceKey,
    explained: FaceExplanation,
    missing: Sequence[Explanation],
    gates: int,
) -> None:
    """Check the gates, then each map; the bar counts every gate and every map as one."""
    wanted = gates + len(missing)

    def tell(before: int, what: str, weight: int) -> Callable[[int, int], None]:
        def progress(done: int, total: int) -> None:
            share = before + weight * done / total
            number = min(before + int(weight * done / total) + 1, wanted)
            place.progress(share / wanted, f"Checking {number} of {wanted}: {what}")

        progress(0, 1)
        return progress

    if gates:
        told = tell(0, "is the gate used?", gates)
        face_loaders.check_gates(card, key, explained.face, explained.maps[0].target, told)
    for number, item in enumerate(missing):
        told = tell(gates + number, f"is {METHODS[item.method].title} faithful?", 1)
        face_loaders.check_map(card, key, explained.face, item, told)

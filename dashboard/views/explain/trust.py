"""Which checks the address asks for: ``checks=trust``, ``checks=further``, or both with a comma between.

What a person asked for by a button is kept for the face at hand and written into the address. An address that asks
anew has the checks done on arrival where they are quick, else one press away: nobody who opens a link waits for
minutes unasked.

The button that asks whether gates are used and maps are faithful, and its progress.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.report.text import plain
from dashboard.shared import face_loaders
from dashboard.shared.face_loaders import GATES, MAP, FaceKey
from dashboard.shared.figures.trust import Trusted
from dashboard.shell import in_address, say, state
from dashboard.views.explain import trust
from dashboard.views.explain.figures.gates import time_words
from engine.explain.methods.registry import METHODS
from engine.records import Explanation, FaceExplanation, RunCard, UInt8
from engine.trust.map_sanity import MapSanity

CHECKS: Final = "checks"
"""The parameter in the address."""
TRUST: Final = "trust"
FURTHER: Final = "further"
KNOWN: Final[tuple[str, ...]] = (TRUST, FURTHER)
QUICK_SECONDS: Final = 5.0
"""A check that is expected to take no longer than this is done when an address asks for it."""
_ASKED: Final = "checks_asked"
_PENDING: Final = "Asked for and not done yet: "


@dataclass(frozen=True)
class Asked:
    """What is asked for, of one face.

    Attributes:
        checks: of :data:`KNOWN`, asked for in this session by a button or by an address.
        anew: whether the address said so on this run.
    """

    checks: frozenset[str] = frozenset()
    anew: bool = False

    def at_once(self, check: str, seconds: float) -> bool:
        """Say whether to do a check without a press, expected to take ``seconds``."""
        return self.anew and check in self.checks and seconds <= QUICK_SECONDS

    def waiting(self, check: str) -> str:
        """Return how the words beside a button begin: that its check is asked for, or nothing."""
        return _PENDING if check in self.checks else ""


def _book() -> dict[FaceKey, frozenset[str]]:
    book: dict[FaceKey, frozenset[str]] = st.session_state.setdefault(_ASKED, {})
    return book


def follow(face: FaceKey) -> Asked:
    """Return what is asked for, taking over what the address says anew; a name that is no check is said."""
    text = st.query_params.get(CHECKS)
    told = state.TOLD + CHECKS
    anew = text is not None and text != st.session_state.get(told)
    if text is not None and anew:
        names = [name.strip() for name in text.split(",") if name.strip()]
        say.problems(
            f"Unknown check '{name}' in the address; valid: {', '.join(KNOWN)}." for name in names if name not in KNOWN
        )
        _book()[face] = _book().get(face, frozenset()) | frozenset(KNOWN).intersection(names)
        st.session_state[told] = text
    return Asked(_book().get(face, frozenset()), anew)


def ask(face: FaceKey, check: str) -> None:
    """Keep that a check was asked for, by a press of its button."""
    _book()[face] = _book().get(face, frozenset()) | {check}


def words(checks: Collection[str]) -> str:
    """Return checks as the address writes them."""
    return ",".join(name for name in KNOWN if name in checks)


def of_results(trusted: Trusted, sanity: Sequence[MapSanity]) -> dict[str, str]:
    """Return the parameter that asks for what is shown, whoever asked for it first; empty where nothing is."""
    known = {TRUST: bool(trusted.gates or trusted.maps), FURTHER: bool(sanity)}
    shown = words([name for name, there in known.items() if there])
    return {CHECKS: shown} if shown else {}


def tell(face: FaceKey) -> None:
    """Write into the address what is asked for of this face; call it before the address is read for a report."""
    in_address.tell(CHECKS, words(_book().get(face, frozenset())))


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
            help="Replaces each gate to see whether the answer changes, and takes the picture apart along each map, "
            "beside random maps.",
        )
        passes = face_loaders.trust_passes(gates, len(missing))
        st.caption(plain(f"{asked.waiting(TRUST)}{subjects}, {passes:,} forward passes: {time_words(seconds)}"))
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
            place.progress(share / wanted, plain(f"Checking {number} of {wanted}: {what}"))

        progress(0, 1)
        return progress

    if gates:
        told = tell(0, "is the gate used?", gates)
        face_loaders.check_gates(card, key, explained.face, explained.maps[0].target, told)
    for number, item in enumerate(missing):
        told = tell(gates + number, f"is {METHODS[item.method].title} faithful?", 1)
        face_loaders.check_map(card, key, explained.face, item, told)

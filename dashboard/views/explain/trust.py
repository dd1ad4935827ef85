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
from dashboard.shared.figures.trust import Trusted, map_place
from dashboard.shell import in_address, long_work, say, state
from dashboard.shell.costs import time_words
from dashboard.shell.long_work import LongWork, Tell
from dashboard.shell.map_loaders import FaceKey
from dashboard.views.explain import trust
from engine.explain.methods.registry import METHODS
from engine.records import Explanation, FaceExplanation, RunCard
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

    def at_once(self, check: str, seconds: float | None) -> bool:
        """Say whether to do a check without a press, expected to take ``seconds``; None: nobody knows."""
        return self.anew and check in self.checks and seconds is not None and seconds <= QUICK_SECONDS

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


def _decide_later() -> None:
    """Take the address as said anew on the next run, too: another check of it waits, or a price is being measured."""
    st.session_state.pop(state.TOLD + CHECKS, None)


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
DONE: Final = "Trust checked: the badges below say which gates are used and which maps are faithful."
_STEPS: Final = 100
SMALLEST: Final = 2
"""Cells that a map must have to be taken apart along it."""


def known(key: FaceKey, explained: FaceExplanation, target: str, maps: Sequence[Explanation]) -> Trusted:
    """Return what is known already; of gates that were asked about another target all but the logit's change holds."""
    gates = face_loaders.known_gates(key, target)
    if gates is None:
        gates = face_loaders.known_gates(key, explained.prediction.label) or ()
    found = {map_place(item): face_loaders.known_map(key, item) for item in maps}
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
        place.caption(DONE)
        return known(key, explained, target, maps)
    seconds = face_loaders.trust_seconds(card.weights_sha256, gates, len(missing))
    work: LongWork[None] = long_work.of("trust", queued=True)
    unasked = work.key != key and asked.at_once(TRUST, seconds)
    if unasked or (asked.anew and seconds is None):
        _decide_later()
    if work.is_asked or unasked:
        work.begin_for(key, _check(card, key, explained, missing, gates), seconds=seconds)
    with place.container():
        if work.key == key and work.follow("Checking trust", stoppable=True):
            return known(key, explained, target, maps)
    with place.container():
        _offer(work, key, asked, gates, len(missing), seconds)
    return known(key, explained, target, maps)


def _offer(work: LongWork[None], key: FaceKey, asked: Asked, gates: int, maps: int, seconds: float | None) -> None:
    """Draw the button with its price, and why the last check came to nothing."""
    subjects = " and ".join(_count(number, word) for number, word in ((gates, "gate"), (maps, "map")) if number)
    passes, price = face_loaders.trust_passes(gates, maps), "not timed here yet"
    if seconds is not None:
        price = time_words(seconds)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Check trust",
            key=BUTTON,
            icon=":material/fact_check:",
            on_click=_press,
            args=(work, key, TRUST),
            help="Replaces each gate to see whether the answer changes, and takes the picture apart along each map, "
            "beside random maps.",
        )
        st.caption(plain(f"{asked.waiting(TRUST)}{subjects}, {passes:,} forward passes: {price}"))
    if work.key == key and work.problem:
        st.error(plain(work.problem))


def _press(work: LongWork[None], key: FaceKey, check: str) -> None:
    trust.ask(key, check)
    work.ask()


def _check(
    card: RunCard, key: FaceKey, explained: FaceExplanation, missing: Sequence[Explanation], gates: int
) -> Callable[[Tell], None]:
    """Return the work: the gates, then each map; the bar counts every gate and every map as a hundred steps."""
    wanted = _STEPS * (gates + len(missing))

    def work(tell: Tell) -> None:
        def told(before: int, what: str, weight: int) -> Callable[[int, int], None]:
            return lambda done, total: tell(_STEPS * before + round(_STEPS * weight * done / total), wanted, what)

        if gates:
            said = told(0, "is the gate used?", gates)
            face_loaders.check_gates(card, key, explained.face, explained.maps[0].target, said)
        for number, item in enumerate(missing):
            said = told(gates + number, f"is {METHODS[item.method].title} faithful?", 1)
            face_loaders.check_map(card, key, explained.face, item, said)

    return work

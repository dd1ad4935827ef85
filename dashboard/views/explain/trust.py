"""Which checks the address asks for: ``checks=trust``, ``checks=further``, or both with a comma between.

What a person asked for by a button is kept for the face at hand and written into the address. An address that asks
anew has the checks done on arrival where they are quick, else one press away: nobody who opens a link waits for
minutes unasked.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import streamlit as st

from dashboard.figures.trust_words import Trusted
from dashboard.shared.face_loaders import FaceKey
from dashboard.shell import in_address, say, state
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

"""Which live networks may run their code in this process: those that whoever started it named, and no others.

A network is named by its checkpoint, ``mine``, or with the beginning of the sha256 of its ``code.json``,
``mine@1a2b3c4d5e6f``: then another code under the same name is refused, whoever wrote its card.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Final

from engine.errors import UsageError
from engine.places import TRUST_VARIABLE
from engine.records import RunCard

DIGITS: Final = 12
"""Of a sha256, as a name bears it, at the least."""
_PINNED: Final = re.compile(rf"(.+)@([0-9a-fA-F]{{{DIGITS},64}})")


def trust(names: Iterable[str]) -> None:
    """Let these networks, and no others, run their code in this process and in those that it starts.

    Raises:
        UsageError: an empty name, or several in one.
    """
    given = tuple(names)
    for name in given:
        if not name.strip() or "," in name:
            raise UsageError(f"Expected the name of one network to trust, got {name[:80]!a}; repeat the option.")
    os.environ[TRUST_VARIABLE] = ",".join(given)


def trusted() -> tuple[str, ...]:
    """Return the names, as they were given."""
    return tuple(filter(None, map(str.strip, os.environ.get(TRUST_VARIABLE, "").split(","))))


def is_trusted(card: RunCard) -> bool:
    """Whether a live network may run its code here."""
    digest = str(card.config.get("code_sha256", ""))
    for word in trusted():
        if word == card.name:
            return True
        pinned = _PINNED.fullmatch(word)
        if pinned is not None and pinned[1] == card.name and digest.startswith(pinned[2].lower()):
            return True
    return False


def pinned(card: RunCard) -> str:
    """Return the name by which this network, with this code, is trusted."""
    return f"{card.name}@{str(card.config['code_sha256'])[:DIGITS]}"


def closed(card: RunCard) -> str:
    """Return the sentence that says why a live network is not opened here, and how it is."""
    return (
        f"'{card.name}' is a live network: opening it runs its code ({card.origin.get('source', 'a Python file')}), "
        f"and nobody told this start to trust it. Where you do: --trust-code {pinned(card)}, or the variable "
        f"{TRUST_VARIABLE}."
    )

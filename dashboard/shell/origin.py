"""Where a selection of pictures came from: the page and its address, and what was chosen there, in words.

A selection is the picture source of the sidebar: ids of a data set, or pictures handed in, and which of them is shown.
Its ids are in the address as ``id``, the one shown as ``which``, and where they came from as ``from``. Of more than
:data:`MOST` pictures those about the one shown are there, and the whole selection, packed, as ``all``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode

from dashboard.shell.pages import PAGES
from engine.errors import UsageError

MOST: Final = 100
"""Pictures of a selection: their ids are in the address, which has to stay short enough for browsers."""
LONGEST: Final = 2_000
"""Characters of an origin in the address."""


@dataclass(frozen=True)
class Origin:
    """Where a selection came from.

    Attributes:
        page: a page's address, such as ``Misclassifications``.
        words: what was chosen there, such as "fear answered sad".
        query: the parameters of that page's address, in their order.
    """

    page: str
    words: str
    query: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        known = [entry.address for entry in PAGES]
        if self.page not in known:
            raise UsageError(f"Expected a page to go back to, got '{self.page}'; valid: {', '.join(known)}.")

    @property
    def title(self) -> str:
        """The page's name."""
        return next(entry.title for entry in PAGES if entry.address == self.page)

    @property
    def file(self) -> str:
        """What links to the page name."""
        return next(entry.file for entry in PAGES if entry.address == self.page)

    def as_text(self) -> str:
        """Write it as the address holds it: ``fear answered sad@Misclassifications?true=fear&answer=sad``."""
        words = self.words.replace("@", " at ")
        return f"{words}@{self.page}?{urlencode(self.query)}" if self.query else f"{words}@{self.page}"


def read_origin(text: str) -> Origin:
    """Read what :meth:`Origin.as_text` wrote. Raises UsageError."""
    words, at, place = text.partition("@")
    if not at or len(text) > LONGEST:
        raise UsageError(
            "Expected where the selection came from as WORDS@PAGE?PARAMETERS in the address, got something else; "
            "open the selection anew from the page that it was made on."
        )
    page, _, query = place.partition("?")
    return Origin(page, words, tuple(parse_qsl(query)))


def window(ids: Sequence[str], at: int, most: int = MOST) -> tuple[tuple[str, ...], int]:
    """Return at most ``most`` ids about the one at index ``at``, and its index among them."""
    first = max(0, min(at - most // 2, len(ids) - most))
    return tuple(ids[first : first + most]), at - first


def origin_of(page: str, words: str, query: Mapping[str, Sequence[str]]) -> Origin:
    """Return the origin at an address, without a query where that is too long to go into another address."""
    whole = Origin(page, words, tuple((key, value) for key, values in query.items() for value in values))
    return whole if len(whole.as_text()) <= LONGEST else Origin(page, words)

"""A view as a record to take along: what a page shows, its raw arrays, its settings, and the address that opens it.

:mod:`dashboard.report.html` writes it as one HTML file, :mod:`dashboard.report.bundle` as a
ZIP; each page's own content is made in ``dashboard/figures/*_content.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from engine.draw.overlay import png_bytes
from engine.records import UInt8

Array = NDArray[Any]

NAME_MOST: Final = 60
"""Letters of a file's name in the ZIP."""


def plain_name(text: str) -> str:
    """Return ``text`` as a part of a file's name that any system takes: letters, digits, dots and dashes."""
    letters = re.sub(r"[^\w.]+", "-", text, flags=re.ASCII)
    return re.sub(r"\.{2,}", ".", letters)[:NAME_MOST].strip("-.") or "view"


@dataclass(frozen=True, eq=False)
class Shot:
    """A picture of a report.

    Attributes:
        name: what its file is called, without number and ending.
        png: the bytes of a PNG file.
        caption: what it shows and over which range it is coloured.
    """

    name: str
    png: bytes = field(repr=False)
    caption: str = ""

    def __post_init__(self) -> None:
        if not self.png.startswith(b"\x89PNG"):
            raise ValueError(f"expected the bytes of a PNG file for {self.name}, got {self.png[:8]!r}")

    @classmethod
    def of(cls, name: str, pixels: UInt8, caption: str = "") -> Shot:
        """Make it from pixels, (H, W) or (H, W, 3) uint8."""
        return cls(name, png_bytes(pixels), caption)


@dataclass(frozen=True)
class Table:
    """A table of a report: K headings, rows of K cells, and a line below."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""

    def __post_init__(self) -> None:
        if any(len(row) != len(self.head) for row in self.rows):
            raise ValueError(f"expected rows of {len(self.head)} cells, got {sorted({len(row) for row in self.rows})}")

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]], caption: str = "", digits: int = 4) -> Table:
        """Make it from rows with the same keys, one or more; numbers get ``digits`` significant digits, None a dash."""
        head = tuple(str(key) for key in rows[0])
        return cls(head, tuple(tuple(_cell(row[key], digits) for key in rows[0]) for row in rows), caption)


def _cell(value: Any, digits: int) -> str:
    if value is None or (isinstance(value, float | np.floating) and np.isnan(value)):
        return "–"
    if isinstance(value, float | np.floating):
        return f"{value:.{digits}g}"
    return f"{value:,}" if isinstance(value, int | np.integer) and not isinstance(value, bool) else str(value)


@dataclass(frozen=True, eq=False)
class Chart:
    """A Plotly figure of a report, drawn with dark ink, and what it shows."""

    figure: go.Figure
    caption: str = ""


@dataclass(frozen=True, eq=False)
class Section:
    """A part of a report: a heading, sentences, pictures, charts and tables, in this order."""

    heading: str
    words: tuple[str, ...] = ()
    shots: tuple[Shot, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, eq=False)
class Content:
    """What a page shows.

    Attributes:
        sections: in the page's order.
        arrays: name → array of numbers or text, on its own grid, as the NPZ holds it; slashes part the name.
        notes: what is missing, and why.
        results: name → what was measured, every figure of it; JSON-ready.
    """

    sections: tuple[Section, ...]
    arrays: Mapping[str, Array]
    notes: tuple[str, ...] = ()
    results: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        wrong = sorted(name for name, array in self.arrays.items() if not name or array.dtype.hasobject)
        if wrong:
            raise ValueError(f"expected named arrays of numbers or text, got objects or no name in {wrong}")


Build = Callable[[], Content]
"""What makes the content when it is asked for; it does not use the session."""


def joined(*parts: Content) -> Content:
    """Return several contents as one. Raises ValueError where two have an array or a result of the same name."""
    arrays: dict[str, Array] = {}
    results: dict[str, Any] = {}
    for part in parts:
        for word, mine, other in (("array", arrays, part.arrays), ("result", results, part.results)):
            if twice := sorted(mine.keys() & other.keys()):
                raise ValueError(f"expected each {word} once, got {twice} twice")
        arrays |= part.arrays
        results |= part.results
    sections = tuple(section for part in parts for section in part.sections)
    return Content(sections, arrays, tuple(dict.fromkeys(note for part in parts for note in part.notes)), results)


@dataclass(frozen=True)
class Weights:
    """A model of a report: its name and the sha256 of its weights, 64 hex digits."""

    name: str
    sha256: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise ValueError(f"expected a sha256 of 64 hex digits for {self.name}, got {self.sha256!r}")


@dataclass(frozen=True, eq=False)
class ViewReport:
    """A view to take along.

    Attributes:
        page: the page's name. title: of this view.
        address: what opens the view again, from ``http://`` on where that is known, else from the page's path on.
        query: the address's parameters, as the page reads them.
        settings: what shapes the view, in the page's words; JSON-ready.
        models: those at work, in the page's order.
        content: what the page shows.
        notes: what to know before it is passed on, or that the address leaves out.
    """

    page: str
    title: str
    address: str
    query: Mapping[str, Sequence[str]]
    settings: Mapping[str, Any]
    models: tuple[Weights, ...]
    content: Content
    notes: tuple[str, ...] = ()

    @property
    def shots(self) -> tuple[tuple[str, Shot], ...]:
        """(file name, picture) in order; names are numbered, so that no two are alike."""
        found = [shot for section in self.content.sections for shot in section.shots]
        return tuple((f"{number:02d}-{plain_name(shot.name)}.png", shot) for number, shot in enumerate(found, 1))

"""A few pictures through several methods on one sheet for a paper: vector PDF or SVG, or PNG at 300 dots an inch.

Rows are pictures, columns are methods. Words are vectors; the pictures, which are made of pixels, lie in it as pixels.
The caption that says how to read it stands below it and is returned as text.
"""

from __future__ import annotations

import io
import textwrap
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from engine.draw.colormaps import COLORMAPS, DIVERGING
from engine.draw.overlay import Range, display_ranges, overlay, resize_face
from engine.errors import UnknownNameError, UsageError
from engine.explain.methods.registry import METHODS
from engine.explain.methods.settings import words
from engine.records import Explanation, FaceExplanation, UInt8

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Format = Literal["pdf", "svg", "png"]
FORMATS: Final[dict[str, str]] = {"pdf": "application/pdf", "svg": "image/svg+xml", "png": "image/png"}
"""Ending of the file → its media type."""
MOST_PICTURES: Final = 12
DOTS: Final = 300
"""A PNG's dots an inch; journals ask for so many of pictures with words in them."""
SHARED: Final = "shared"
OWN: Final = "own"
SHEET_SCALES: Final[tuple[str, ...]] = (SHARED, OWN)
"""One range a method for all pictures, or one a map. Methods have no common unit, so never one for all of them."""

_TILE: Final = 1.15
_GAP: Final = 0.1
_HEAD: Final = 0.34
_FOOT: Final = 0.2
_MARGIN: Final = 0.12
_TILE_PIXELS: Final = 360
_POINTS: Final = 7.0
_CAPTION_LINE: Final = 0.125
_INK, _QUIET = "#1d2026", "#5b5f68"
_drawing: Final = threading.Lock()
"""Matplotlib's settings are those of the whole process."""


@dataclass(frozen=True, eq=False)
class PaperSheet:
    """What is on the sheet.

    Attributes:
        pictures: name and explanation each, of one model, with a map by each method in one order.
        scale: one of :data:`SHEET_SCALES`.
        colors: of maps without a sign, a key of COLORMAPS; signed ones have the diverging table.
        opacity: of the maps over the pictures, 0 to 1.
    """

    pictures: tuple[tuple[str, FaceExplanation], ...]
    scale: str = SHARED
    colors: str = "viridis"
    opacity: float = 0.55

    def __post_init__(self) -> None:
        if self.scale not in SHEET_SCALES:
            raise UnknownNameError("scale", self.scale, SHEET_SCALES)
        if self.colors not in COLORMAPS:
            raise UnknownNameError("colours", self.colors, COLORMAPS)
        check_count(len(self.pictures))
        if not self.maps_of(0):
            raise UsageError("Expected one method or more on a sheet, got none; choose some.")
        alike = {(one.model, tuple((entry.method, entry.settings) for entry in one.maps)) for _, one in self.pictures}
        if len(alike) > 1:
            raise UsageError("Expected every picture of a sheet by the same model, methods and settings; explain anew.")

    def maps_of(self, picture: int) -> tuple[Explanation, ...]:
        """The maps of one row, a column each."""
        return self.pictures[picture][1].maps

    @property
    def columns(self) -> tuple[Explanation, ...]:
        """The first picture's maps, which say each column's method, layer and settings."""
        return self.maps_of(0)


def check_count(pictures: int) -> None:
    """Raise UsageError where so many pictures do not go on one sheet."""
    if not 1 <= pictures <= MOST_PICTURES:
        raise UsageError(f"Expected 1 to {MOST_PICTURES} pictures on a sheet, got {pictures}; choose fewer.")


def caption(sheet: PaperSheet) -> str:
    """Return the sentences that stand below the sheet: model, methods with layer and settings, scale, n."""
    number = len(sheet.pictures)
    methods = "; ".join(_method_words(entry) for entry in sheet.columns)
    signed, agnostic = any(entry.signed for entry in sheet.columns), [
        METHODS[entry.method].title for entry in sheet.columns if METHODS[entry.method].class_agnostic
    ]  # fmt: skip
    over = "one range a column, shared by its pictures" if sheet.scale == SHARED else "each map its own range"
    what = (
        f"Explanations of the model {sheet.pictures[0][1].model} for n = {number} picture{'s' if number > 1 else ''}, "
        "a row each: the picture as the model sees it with its answer, then a map a method for the class named below "
        f"it. Methods: {methods}."
    )
    said = [
        what,
        f"Scale: {over}, from 0 to the largest value, as the numbers below each map say; methods have no common unit.",
        f"Colours: {COLORMAPS[sheet.colors].title}"
        + (f", and {COLORMAPS[DIVERGING].title} with zero in the middle for maps that have a sign." if signed else "."),
        "Maps are drawn on their own grid, smoothed between cells, over the grey picture.",
    ]
    if agnostic:
        said.append(f"{', '.join(agnostic)}: the same for every class.")
    return " ".join(said)


def _method_words(entry: Explanation) -> str:
    inside = ", ".join(filter(None, (f"layer {entry.layer}" if entry.layer else "", words(entry.settings))))
    return METHODS[entry.method].title + (f" ({inside})" if inside else "")


def _limits(sheet: PaperSheet) -> list[tuple[Range, ...]]:
    """Return each column's ranges, one a picture."""
    scale = "shared" if sheet.scale == SHARED else "stretch"
    columns = zip(*(one.maps for _, one in sheet.pictures), strict=True)
    return [
        tuple(
            display_ranges([entry.heatmap for entry in column], scale, natural=None, signed=column[0].signed)
        )
        for column in columns
    ]  # fmt: skip


def draw(sheet: PaperSheet) -> Figure:
    """Return the sheet as a figure on white, in inches, with its caption."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # pages that offer a sheet open without matplotlib
    from matplotlib.figure import Figure

    rows, columns = len(sheet.pictures), len(sheet.columns)
    width = 2 * _MARGIN + (columns + 1) * _TILE + columns * _GAP
    said = textwrap.wrap(caption(sheet), max(30, int(width * 72 / (_POINTS * 0.58))))
    below = _CAPTION_LINE * len(said) + 2 * _MARGIN
    height = _MARGIN + _HEAD + rows * (_TILE + _FOOT) + below
    figure = Figure(figsize=(width, height), facecolor="white")
    FigureCanvasAgg(figure)

    def place(row: int, column: int) -> tuple[float, float]:
        """Return a tile's lower left corner in inches."""
        return (
            _MARGIN + column * (_TILE + _GAP),
            height - _MARGIN - _HEAD - row * (_TILE + _FOOT) - _TILE,
        )

    def text(x: float, y: float, words: str, *, size: float = _POINTS, ink: str = _INK, middle: bool = False) -> None:
        figure.text(
            x / width, y / height, words, fontsize=size, color=ink, va="bottom", parse_math=False,
            ha="center" if middle else "left",
        )  # fmt: skip

    limits = _limits(sheet)
    for column, entry in enumerate(sheet.columns):
        x, y = place(0, column + 1)
        lines = textwrap.wrap(METHODS[entry.method].title, 20)[:2]
        text(x + _TILE / 2, y + _TILE + 0.05, "\n".join(lines), middle=True)
    for row, (name, explained) in enumerate(sheet.pictures):
        x, y = place(row, 0)
        _paste(figure, resize_face(explained.face, _TILE_PIXELS), (x, y), (width, height))
        answer = f"{explained.prediction.label} {explained.prediction.confidence:.0%}"
        text(x, y - 0.12, f"{_short(name)}: {answer}", size=_POINTS - 1.5)
        for column, found in enumerate(explained.maps):
            x, y = place(row, column + 1)
            _paste(figure, _tile(sheet, explained.face, found, limits[column][row]), (x, y), (width, height))
            text(x, y - 0.12, _below(found, limits[column][row]), size=_POINTS - 1.5, ink=_QUIET)
    text(_MARGIN, _MARGIN, "\n".join(said))
    return figure


def _short(name: str) -> str:
    return textwrap.shorten(name, 16, placeholder="…") if " " in name else name[:15] + ("…" if len(name) > 15 else "")


def _below(found: Explanation, limits: Range) -> str:
    """Return what stands below a map: its class, and what its colours reach from and to."""
    return f"{found.target}: {limits[0]:.2g} to {limits[1]:.2g}"


def _tile(sheet: PaperSheet, face: UInt8, found: Explanation, limits: Range) -> UInt8:
    colors = DIVERGING if found.signed else sheet.colors
    if not found.signed and not found.has_positive_evidence:  # nothing to show: the grey picture alone
        return overlay(face, found.heatmap, limits=limits, colors=colors, opacity=0.0, size=_TILE_PIXELS)
    return overlay(
        face, found.heatmap, limits=limits, colors=colors, opacity=sheet.opacity, smooth=True, size=_TILE_PIXELS
    )


def _paste(figure: Figure, picture: UInt8, corner: tuple[float, float], size: tuple[float, float]) -> None:
    """Lay a picture into a tile, in its middle where it is no square."""
    rows, columns = picture.shape[:2]
    wide, high = _TILE * columns / max(rows, columns), _TILE * rows / max(rows, columns)
    left, bottom = corner[0] + (_TILE - wide) / 2, corner[1] + (_TILE - high) / 2
    axes = figure.add_axes((left / size[0], bottom / size[1], wide / size[0], high / size[1]))
    axes.set_axis_off()
    axes.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="none", aspect="auto")


def sheet_bytes(sheet: PaperSheet, form: str) -> bytes:
    """Return the sheet as a file.

    Args:
        sheet: what is on it. form: a key of FORMATS.

    Raises:
        UnknownNameError: there is no such form.
    """
    if form not in FORMATS:
        raise UnknownNameError("form of a sheet", form, FORMATS)
    import matplotlib as mpl

    buffer = io.BytesIO()
    about = {"Title": caption(sheet)[:300]}
    if form != "png":
        about |= {"Creator": "FERLens"}
    # Text stays text, and the same sheet is the same file.
    settings: dict[Any, Any] = {
        "svg.fonttype": "none",
        "pdf.fonttype": 42,
        "svg.hashsalt": "ferlens",
        "font.family": "DejaVu Sans",
    }
    with _drawing, mpl.rc_context(settings):
        figure = draw(sheet)
        if form == "svg":
            about["Date"] = None  # type: ignore[assignment]  # none is written
        if form == "pdf":
            about["CreationDate"] = None  # type: ignore[assignment]  # as above
        figure.savefig(buffer, format=form, dpi=DOTS, metadata=about)
    return buffer.getvalue()

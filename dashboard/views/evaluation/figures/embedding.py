"""Areas drawn around points: what they catch, and as a text that fits an address.

An area is a box between two corners or a lasso of three corners or more, in the plane's own units. A drawn lasso has
hundreds of corners: for an address it is simplified (Douglas and Peucker) and rounded. Points at its edge that would
change sides by that are named one by one, so that exactly the same points are caught again.

Pictures as points in a plane, coloured by class, that are chosen with a lasso or a box.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import cv2
import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dashboard.report.text import in_chart
from dashboard.shared.figures.colours import NEUTRAL, emotion_color, in_frame
from engine.analysis.evaluation import StoredAnswers
from engine.errors import UsageError
from engine.statistics.frequent import OTHERS, shown_classes

CORNERS_MOST: Final = 100
"""Corners of all areas together that an address takes: about 1,200 letters."""
EXCEPTIONS_MOST: Final = 60
"""Points that an address names one by one."""
KINDS: Final[tuple[str, ...]] = ("box", "lasso")
BUT: Final = "but"
_SIMPLER: Final[tuple[float, ...]] = (0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0)
"""How far a simplified lasso may lie from the drawn one, as a share of the plane's extent."""
_STEP: Final = 1e-3
"""Coordinates are rounded to this share of the plane's extent, or finer."""

_BETWEEN, _WITHIN = "~", "_"
_NUMBER: Final = re.compile(r"-?\d{1,12}(\.\d{1,12})?")
_POSITION: Final = re.compile(r"\d{1,9}")


@dataclass(frozen=True)
class Area:
    """A box (two opposite corners) or a lasso (three corners or more).

    Attributes:
        kind: which.
        x, y: the corners' coordinates, as many of each.
    """

    kind: Literal["box", "lasso"]
    x: tuple[float, ...]
    y: tuple[float, ...]

    def __post_init__(self) -> None:
        fits = len(self.x) == 2 if self.kind == "box" else len(self.x) >= 3
        if self.kind not in KINDS or len(self.x) != len(self.y) or not fits:
            raise ValueError(f"expected a box of 2 corners or a lasso of 3 or more, got {self.kind} with {len(self.x)}")
        if not all(math.isfinite(value) for value in (*self.x, *self.y)):
            raise ValueError(f"expected finite corners of the {self.kind}, got {self.x} and {self.y}")

    def holds(self, places: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Say of places (M, 2) which lie inside, (M,)."""
        x, y = places[:, 0], places[:, 1]
        if self.kind == "box":
            inside: NDArray[np.bool_] = (
                (x >= min(self.x)) & (x <= max(self.x)) & (y >= min(self.y)) & (y <= max(self.y))
            )
            return inside
        # A ray to the right crosses the outline an odd number of times from inside.
        inside = np.zeros(len(places), dtype=bool)
        for x0, y0, x1, y1 in zip(self.x, self.y, np.roll(self.x, -1), np.roll(self.y, -1), strict=True):
            if y0 != y1:
                inside ^= ((y0 > y) != (y1 > y)) & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
        return inside


@dataclass(frozen=True)
class Selection:
    """What lies in any of these areas, but for some points that are on the other side.

    Attributes:
        areas: none selects nothing.
        but: positions of pictures among all N, each once.
    """

    areas: tuple[Area, ...] = ()
    but: tuple[int, ...] = ()

    def holds(self, places: NDArray[np.float64], shown: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Say of places (M, 2) whether they are selected, (M,); ``shown`` (M,) says which pictures they are."""
        found = np.zeros(len(places), dtype=bool)
        for area in self.areas:
            found |= area.holds(places)
        return found ^ np.isin(shown, self.but)


def drawn_areas(event: Mapping[str, Any] | None) -> tuple[Area, ...]:
    """Return the areas that a chart's selection holds: ``{"selection": {"box": [...], "lasso": [...]}}``."""
    selection: Mapping[str, Any] = (event or {}).get("selection") or {}
    found = []
    for kind in KINDS:
        for one in selection.get(kind) or ():
            x, y = (tuple(float(value) for value in one.get(axis) or ()) for axis in ("x", "y"))
            if len(x) == len(y) and len(x) >= (2 if kind == "box" else 3):
                found.append(Area("box", x[:2], y[:2]) if kind == "box" else Area("lasso", x, y))
    return tuple(found)


def _number(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def selection_text(chosen: Selection, digits: int) -> str:
    """Return a text of letters that an address leaves as they are: ``box_-1.5_0_2_3~lasso_0_0_1_0_1_1~but_12_40``.

    Args:
        chosen: what is selected. digits: of coordinates, after the point.
    """
    parts: list[tuple[str, ...]] = [
        (area.kind, *(_number(value, digits) for pair in zip(area.x, area.y, strict=True) for value in pair))
        for area in chosen.areas
    ]
    if chosen.but:
        parts.append((BUT, *map(str, chosen.but)))
    return _BETWEEN.join(_WITHIN.join(part) for part in parts)


def read_selection(text: str) -> Selection:
    """Read what :func:`selection_text` wrote; an empty text selects nothing.

    Raises:
        UsageError: it is none, or has too many corners or exceptions.
    """
    areas: list[Area] = []
    but: tuple[int, ...] = ()
    for part in text.split(_BETWEEN) if text else ():
        kind, *numbers = part.split(_WITHIN)
        if kind == BUT and areas and numbers and all(_POSITION.fullmatch(number) for number in numbers):
            but = tuple(dict.fromkeys(int(number) for number in numbers))
            continue
        if kind not in KINDS or not all(_NUMBER.fullmatch(number) for number in numbers):
            raise _unreadable(part)
        values = tuple(float(number) for number in numbers)
        try:
            areas.append(Area("box" if kind == "box" else "lasso", values[::2], values[1::2]))
        except ValueError as error:
            raise _unreadable(part) from error
    if _corners(areas) > CORNERS_MOST or len(but) > EXCEPTIONS_MOST:
        raise UsageError(
            f"Expected areas of at most {CORNERS_MOST} corners and {EXCEPTIONS_MOST} exceptions in the address, got "
            "more; draw them anew."
        )
    return Selection(tuple(areas), but)


def _corners(areas: Sequence[Area]) -> int:
    return sum(len(area.x) for area in areas)


def _unreadable(part: str) -> UsageError:
    return UsageError(
        f"Expected an area as box_x_y_x_y or lasso_x_y_x_y_x_y... in the address, got '{part[:40]}'; draw it anew."
    )


def _simpler(area: Area, distance: float) -> Area | None:
    """Return a lasso with fewer corners, nowhere further than ``distance`` from it; None where nothing is left."""
    if area.kind == "box" or distance == 0.0:
        return area
    outline = np.stack([area.x, area.y], axis=1).astype(np.float32)[:, None]
    kept = cv2.approxPolyDP(outline, distance, closed=True)[:, 0]
    return Area("lasso", tuple(kept[:, 0].tolist()), tuple(kept[:, 1].tolist())) if len(kept) >= 3 else None


def address_text(
    areas: Sequence[Area], places: NDArray[np.float64], shown: NDArray[np.int64], wanted: NDArray[np.bool_]
) -> str | None:
    """Return the shortest text found that selects exactly ``wanted``, or None where none fits an address.

    Args:
        areas: as drawn, one or more.
        places: (M, 2), where the points lie. shown: (M,), which pictures they are.
        wanted: (M,), which of them are selected.
    """
    extent = float(np.ptp(places, axis=0).max()) or 1.0
    digits = max(0, math.ceil(-math.log10(_STEP * extent)))
    texts = []
    for share in _SIMPLER:
        simpler = [found for area in areas if (found := _simpler(area, share * extent)) is not None]
        if len(simpler) < len(areas) or _corners(simpler) > CORNERS_MOST:
            continue
        rounded = read_selection(selection_text(Selection(tuple(simpler)), digits))
        but = shown[rounded.holds(places, shown) != wanted].tolist()
        if len(but) <= EXCEPTIONS_MOST:
            texts.append(selection_text(Selection(rounded.areas, tuple(but)), digits))
    return min(texts, key=len, default=None)


@dataclass(frozen=True)
class Marks:
    """What another page selected.

    Attributes:
        selected: positions of pictures among all N. looked: of the one that is looked at, which has a ring; or None.
    """

    selected: tuple[int, ...] = ()
    looked: int | None = None

    @property
    def all(self) -> tuple[int, ...]:
        """Every position, that of the picture looked at among them."""
        return self.selected if self.looked is None else (*self.selected, self.looked)


UNMARKED: Final = Marks()


def embedding_chart(
    answers: StoredAnswers,
    places: NDArray[np.float64],
    shown: NDArray[np.int64],
    ink: str,
    *,
    axes: tuple[str, str],
    by: NDArray[np.int64],
    chosen: Selection | None = None,
    marks: Marks = UNMARKED,
) -> go.Figure:
    """Return the scatter: a dot for a right answer, a cross for a wrong one.

    Args:
        answers: of N pictures.
        places: float64 (M, 2), where the M shown pictures lie. shown: int64 (M,), their positions among the N.
        ink: colour of text. axes: their titles.
        by: int64 (N,), the class that colours a picture: its label or its answer.
        chosen: what is selected from the start, its areas outlined; None for nothing.
        marks: what was selected elsewhere; it stands out where nothing is chosen here.
    """
    right = answers.labels == answers.predicted
    picked = (
        chosen.holds(places, shown)
        if chosen is not None
        else np.isin(shown, marks.selected)
        if marks.selected
        else None
    )
    figure = go.Figure()
    counts = np.bincount(by[shown], minlength=len(answers.classes))
    named = shown_classes(answers.classes, counts)
    groups = [(name, np.flatnonzero(by[shown] == k)) for k, name in zip(named.places, named.names, strict=True)]
    if not named.are_all:
        groups.append((OTHERS, np.flatnonzero(~np.isin(by[shown], named.places))))
    for name, mine in groups:
        # The legend shows the mark of a class's first point: a dot, where the class has any.
        inside = mine[np.argsort(~right[shown[mine]], kind="stable")]
        positions = shown[inside]
        figure.add_trace(
            go.Scatter(
                x=places[inside, 0].round(4).tolist(),
                y=places[inside, 1].round(4).tolist(),
                mode="markers",
                name=in_chart(name),
                marker={
                    "color": emotion_color(name),
                    "size": 6,
                    "symbol": ["circle" if ok else "x" for ok in right[positions].tolist()],
                    "opacity": 0.75,
                },
                selected={"marker": {"opacity": 1, "size": 8}},
                unselected={"marker": {"opacity": 0.15}},
                selectedpoints=None if picked is None else np.flatnonzero(picked[inside]).tolist(),
                customdata=positions.tolist(),
                hovertext=[
                    f"{in_chart(answers.ids[i])}<br>{in_chart(answers.classes[answers.labels[i]])} answered as "
                    f"<b>{in_chart(answers.classes[answers.predicted[i]])}</b>"
                    for i in positions.tolist()
                ],
                hoverinfo="text",
            )
        )
    if marks.looked is not None:
        _ring(figure, answers, places[shown == marks.looked], marks.looked, ink)
    in_frame(figure, ink, 540)
    figure.update_xaxes(title=axes[0], showticklabels=False, showgrid=False)
    figure.update_yaxes(title=axes[1], showticklabels=False, showgrid=False)
    figure.update_layout(
        dragmode="lasso",
        selections=[_outline(area) for area in chosen.areas] if chosen is not None else None,
        margin={"t": 8},
        # Below: the buttons of the lasso and the box lie above, on the right.
        legend={"orientation": "h", "yanchor": "top", "y": -0.1, "x": 0, "itemsizing": "constant"},
    )
    return figure


def _ring(figure: go.Figure, answers: StoredAnswers, at: NDArray[np.float64], looked: int, ink: str) -> None:
    """Draw a ring about a picture, (1, 2) where it is shown, (0, 2) where not."""
    seen = {"marker": {"opacity": 1}}  # whatever is selected
    figure.add_trace(
        go.Scatter(
            x=at[:, 0].tolist(),
            y=at[:, 1].tolist(),
            mode="markers",
            name="looked at",
            marker={"symbol": "circle-open", "size": 17, "color": ink, "line": {"width": 2.5}},
            selected=seen,
            unselected=seen,
            customdata=[looked] * len(at),
            hovertext=in_chart(answers.ids[looked]),
            hoverinfo="text",
        )
    )


def _outline(area: Area) -> dict[str, Any]:
    """Return an area as one of Plotly's ``layout.selections``."""
    line = {"xref": "x", "yref": "y", "line": {"color": NEUTRAL, "width": 1, "dash": "dot"}}
    if area.kind == "box":
        return {"type": "rect", "x0": area.x[0], "x1": area.x[1], "y0": area.y[0], "y1": area.y[1], **line}
    corners = "L".join(f"{x},{y}" for x, y in zip(area.x, area.y, strict=True))
    return {"type": "path", "path": f"M{corners}Z", **line}


def selected(event: Mapping[str, Any] | None, count: int) -> tuple[int, ...]:
    """Return the positions of the pictures that were chosen, in the data set's order.

    Args:
        event: what the chart holds: ``{"selection": {"points": [{"customdata": position}]}}``.
        count: N; positions outside are left out, as a selection of another data set's chart may have.
    """
    points: Sequence[Mapping[str, Any]] = ((event or {}).get("selection") or {}).get("points") or []
    found = set()
    for point in points:
        data = point.get("customdata")
        data = data[0] if isinstance(data, list) and data else data
        if isinstance(data, (int, float)) and 0 <= int(data) < count:
            found.add(int(data))
    return tuple(sorted(found))

"""A confusion matrix, or the difference of two, as a Plotly heatmap whose cells can be clicked.

Plotly reports no click on a heatmap, so a grid of all but invisible markers lies over it, one a cell; each carries its
true class, its answer and the number of the click it would be.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dashboard.report.text import in_chart
from engine.statistics.frequent import shown_classes

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

SEQUENTIAL: Final = [[0.0, "rgba(123,135,156,0.05)"], [1.0, "rgba(123,135,156,0.92)"]]
"""From the page's own ground to the interface's neutral: reads on light and dark, and is no emotion's colour."""
DIVERGING: Final = [[0.0, "rgba(140,81,160,0.85)"], [0.5, "rgba(123,135,156,0.05)"], [1.0, "rgba(60,140,80,0.85)"]]
"""Purple for less, green for more."""
SIDE: Final = 400
"""Height of the figure in pixels."""
MOST_WRITTEN: Final = 12
"""Classes from which on the cells hold no text, which the pointer then tells, and the figure grows with each."""
CELL_SIDE: Final = 19
LONGEST_NAME: Final = 22
"""Letters of a class on an axis of many."""
INKS: Final[dict[str, str]] = {"light": "#1d2026", "dark": "#e8e6e1"}
"""The interface's text on its two grounds."""


@dataclass(frozen=True, eq=False)
class Confusion:
    """What is drawn.

    Attributes:
        classes: K names; rows are true classes, columns answers.
        counts: int64 (K, K).
        values: float64 (K, K): counts, shares in [0, 1], or differences of either; NaN where there is nothing.
        shares: whether ``values`` are shares. difference: whether they are differences.
        said: which classes these are, where some are left out. of: the whole matrix's counts, where this is a part.
    """

    classes: tuple[str, ...]
    counts: Int64
    values: Float64
    shares: bool = False
    difference: bool = False
    said: str = ""
    of: Int64 | None = None

    @property
    def pictures(self) -> int:
        """How many pictures the whole matrix counts."""
        return int((self.counts if self.of is None else self.of).sum())

    def most_frequent(self, asked: Collection[str] = ()) -> Confusion:
        """Return the part that is drawn: all, or of many classes the most frequent, and those ``asked`` for."""
        shown = shown_classes(self.classes, self.counts.sum(axis=1), asked=asked)
        if shown.are_all:
            return self
        within = shown.matrix(self.counts)
        outside = int(self.counts[list(shown.places)].sum() - within.sum())
        elsewhere = f" {outside:,} of their pictures are answered as classes that are not shown." if outside else ""
        return replace(
            self,
            classes=shown.names,
            counts=within,
            values=shown.matrix(self.values),
            said=shown.words + elsewhere,
            of=self.counts,
        )


def cell_text(value: float, *, shares: bool, difference: bool) -> str:
    """Return what a cell says: ``51``, ``12 %``, ``+3``, ``−4 pp``; empty for nothing."""
    if np.isnan(value):
        return ""
    number = 100 * value if shares else value
    rounded = f"{abs(number):,.0f}"
    sign = "" if not difference or rounded == "0" else "+" if number > 0 else "−"
    unit = "" if not shares else " pp" if difference else " %"
    return f"{sign}{rounded}{unit}"


def _heatmap(drawn: Confusion, shown: Float64, ink: str) -> go.Heatmap:
    finite = np.abs(shown[np.isfinite(shown)])
    reach = float(finite.max()) if finite.size and finite.max() > 0 else 1.0
    words = [
        [cell_text(value, shares=drawn.shares, difference=drawn.difference) for value in row] for row in shown.tolist()
    ]
    return go.Heatmap(
        z=[[None if np.isnan(value) else value for value in row] for row in shown.tolist()],
        x=list(map(in_chart, drawn.classes)),
        y=list(map(in_chart, drawn.classes)),
        text=words,
        texttemplate="%{text}" if len(drawn.classes) <= MOST_WRITTEN else None,
        textfont={"size": 12, "color": ink},
        colorscale=DIVERGING if drawn.difference else SEQUENTIAL,
        zmin=-reach if drawn.difference else 0.0,
        zmax=reach,
        showscale=False,
        hoverinfo="skip",
        xgap=2,
        ygap=2,
    )


def _said(drawn: Confusion, row: int, column: int) -> str:
    true, answer = in_chart(drawn.classes[row]), in_chart(drawn.classes[column])
    said = f"{true} answered as <b>{answer}</b><br>{drawn.counts[row, column]:,} pictures"
    value = drawn.values[row, column]
    if (drawn.shares or drawn.difference) and not np.isnan(value):
        said += f", {cell_text(value, shares=drawn.shares, difference=drawn.difference)}"
    return said


def confusion_figure(
    drawn: Confusion,
    *,
    hide_diagonal: bool = False,
    chosen: tuple[Sequence[str], Sequence[str]] = ((), ()),
    click: int = 0,
    ink: str = INKS["light"],
    looked: tuple[str, str] | None = None,
) -> go.Figure:
    """Return the figure.

    Args:
        drawn: the matrix.
        hide_diagonal: leave out right answers, so that mistakes take the whole range of colours.
        chosen: true classes and answers that are outlined; one side empty stands for all of it, both for nothing.
        click: the number that the next click carries.
        ink: colour of the cells' text and of the outline, from :data:`INKS`.
        looked: the true class and the answer of the picture that is looked at; its cell has a ring. None for none.
    """
    classes = list(drawn.classes)
    shown = drawn.values.astype(np.float64).copy()
    if hide_diagonal:
        np.fill_diagonal(shown, np.nan)
    cells = [(row, column) for row in range(len(classes)) for column in range(len(classes))]
    invisible = {"opacity": 0.01}
    grid = go.Scatter(
        x=[in_chart(classes[column]) for _, column in cells],
        y=[in_chart(classes[row]) for row, _ in cells],
        mode="markers",
        marker={
            "size": 34 if len(classes) <= MOST_WRITTEN else CELL_SIDE - 4,
            "symbol": "square",
            "opacity": 0.01,
            "color": ink,
        },
        selected={"marker": invisible},
        unselected={"marker": invisible},
        customdata=[[classes[row], classes[column], click] for row, column in cells],
        hovertext=[_said(drawn, row, column) for row, column in cells],
        hoverinfo="text",
        showlegend=False,
    )
    figure = go.Figure([_heatmap(drawn, shown, ink), grid])
    for row, column in cells if any(chosen) else ():
        if classes[row] in (chosen[0] or classes) and classes[column] in (chosen[1] or classes):
            figure.add_shape(
                type="rect",
                x0=column - 0.48,
                x1=column + 0.48,
                y0=row - 0.48,
                y1=row + 0.48,
                line={"width": 2.5, "color": ink},
            )
    if looked is not None and set(looked) <= set(classes):
        row, column = classes.index(looked[0]), classes.index(looked[1])
        figure.add_shape(
            type="circle",
            x0=column + 0.2,
            x1=column + 0.4,
            y0=row - 0.4,
            y1=row - 0.2,
            line={"width": 2, "color": ink},
            name="looked at",
        )
    figure.update_layout(
        height=max(SIDE, 130 + CELL_SIDE * len(classes)) if len(classes) > MOST_WRITTEN else SIDE,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
        clickmode="event+select",
        hoverlabel={"align": "left"},
    )
    figure.update_xaxes(
        title={"text": "answer", "standoff": 6},
        side="top",
        showgrid=False,
        zeroline=False,
        fixedrange=True,
        tickangle=-40,
        ticks="",
        range=[-0.5, len(classes) - 0.5],
    )
    figure.update_yaxes(
        title={"text": "true class", "standoff": 6},
        showgrid=False,
        zeroline=False,
        fixedrange=True,
        ticks="",
        range=[len(classes) - 0.5, -0.5],
    )
    if len(classes) > MOST_WRITTEN:
        names = [in_chart(name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…") for name in classes]
        ticks = {"tickmode": "array", "tickvals": list(range(len(names))), "ticktext": names, "tickfont": {"size": 10}}
        figure.update_xaxes(**ticks, tickangle=-90)
        figure.update_yaxes(**ticks)
    return figure


def clicked(event: Mapping[str, Any] | None, click: int, classes: Sequence[str]) -> tuple[str, str] | None:
    """Return the (true class, answer) of the cell that was clicked, or None.

    Args:
        event: what the chart holds: ``{"selection": {"points": [{"customdata": [true, answer, click]}]}}``.
        click: the number that the cells carried when last drawn; a click with another was dealt with before.
        classes: the class names that are valid.
    """
    points = ((event or {}).get("selection") or {}).get("points") or []
    for point in points:
        data = point.get("customdata") or ()
        # Plotly sends an array with numbered keys as a mapping.
        values = [data[key] for key in sorted(data)] if isinstance(data, Mapping) else list(data)
        if len(values) == 3 and values[2] == click and values[0] in classes and values[1] in classes:
            return str(values[0]), str(values[1])
    return None

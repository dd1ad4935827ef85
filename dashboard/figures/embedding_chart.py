"""Pictures as points in a plane, coloured by class, that are chosen with a lasso or a box."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dashboard.figures.chart_frame import NEUTRAL, in_frame
from dashboard.report.text import escape
from dashboard.shared.figures.colours import emotion_color
from dashboard.views.evaluation.figures.embedding import Area, Selection
from engine.analysis.evaluation import StoredAnswers


def embedding_chart(
    answers: StoredAnswers,
    places: NDArray[np.float64],
    shown: NDArray[np.int64],
    ink: str,
    *,
    axes: tuple[str, str],
    by: NDArray[np.int64],
    chosen: Selection | None = None,
) -> go.Figure:
    """Return the scatter: a dot for a right answer, a cross for a wrong one.

    Args:
        answers: of N pictures.
        places: float64 (M, 2), where the M shown pictures lie. shown: int64 (M,), their positions among the N.
        ink: colour of text. axes: their titles.
        by: int64 (N,), the class that colours a picture: its label or its answer.
        chosen: what is selected from the start, its areas outlined; None for nothing.
    """
    right = answers.labels == answers.predicted
    picked = None if chosen is None else chosen.holds(places, shown)
    figure = go.Figure()
    for k, name in enumerate(answers.classes):
        inside = np.flatnonzero(by[shown] == k)
        # The legend shows the mark of a class's first point: a dot, where the class has any.
        inside = inside[np.argsort(~right[shown[inside]], kind="stable")]
        positions = shown[inside]
        figure.add_trace(
            go.Scatter(
                x=places[inside, 0].round(4).tolist(),
                y=places[inside, 1].round(4).tolist(),
                mode="markers",
                name=name,
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
                    f"{escape(answers.ids[i])}<br>{answers.classes[answers.labels[i]]} answered as "
                    f"<b>{answers.classes[answers.predicted[i]]}</b>"
                    for i in positions.tolist()
                ],
                hoverinfo="text",
            )
        )
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

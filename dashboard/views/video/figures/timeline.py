"""A face's emotions over a film: a line a class, the label shown as a band below, and the chosen moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.chart_frame import NEUTRAL, in_frame
from dashboard.figures.video_tracks import FaceTimeline
from dashboard.shared.figures.colours import emotion_color

HEIGHT: Final = 380
BAND: Final = (-0.11, -0.04)
"""Lower and upper edge of the label's band, on the axis of probabilities."""
GAP_FRAMES: Final = 3.5
"""A face that is away for more frames than this leaves a gap in its lines."""
LABEL: Final = "label"
"""Name of the trace of the label's band."""
_UNSEEN: Final = {"opacity": 0.01, "size": 9, "color": NEUTRAL}


def label_runs(timeline: FaceTimeline) -> tuple[tuple[str, float, float], ...]:
    """Return (label, from seconds, until seconds) of each stretch with one label; a gap in the film ends a stretch."""
    step = timeline.frame_seconds
    runs: list[tuple[str, float, float]] = []
    for label, moment in zip(timeline.labels, timeline.seconds.tolist(), strict=True):
        if runs and runs[-1][0] == label and moment - runs[-1][2] <= (GAP_FRAMES - 1) * step:
            runs[-1] = (label, runs[-1][1], moment + step)
        else:
            if runs and 0 < moment - runs[-1][2] <= (GAP_FRAMES - 1) * step:  # no seam between neighbours
                runs[-1] = (*runs[-1][:2], moment)
            runs.append((label, moment, moment + step))
    return tuple(runs)


def timeline_chart(timeline: FaceTimeline, ink: str, *, until: float, moment: float | None = None) -> go.Figure:
    """Return the chart; each point carries its time in seconds.

    Args:
        timeline: of one face.
        ink: colour of text.
        until: the film's length in seconds; every face's chart has the same axis.
        moment: seconds at which a line is drawn, or None.
    """
    figure = go.Figure()
    seconds, values = _with_gaps(timeline)
    main = timeline.shares()[0][0]
    for k, name in enumerate(timeline.classes):
        figure.add_trace(
            go.Scatter(
                x=seconds,
                y=[None if value is None else value[k] for value in values],
                mode="lines+markers",  # a click takes the first trace at its place, and no trace without markers
                marker=_UNSEEN,
                selected={"marker": {"opacity": 0.01}},
                unselected={"marker": {"opacity": 0.01}},
                customdata=seconds,
                name=name,
                line={"color": emotion_color(name), "width": 2.4 if name == main else 1.5},
                connectgaps=False,
                hovertemplate="%{y:.0%}",
            )
        )
    # Shapes take neither click nor pointer: nearly invisible marks on the band do.
    figure.add_trace(
        go.Scatter(
            x=timeline.seconds.tolist(),
            y=[sum(BAND) / 2] * len(timeline.seconds),
            mode="markers",
            name=LABEL,
            showlegend=False,
            customdata=timeline.seconds.tolist(),
            text=[
                label if seen else f"{label}, hidden"
                for label, seen in zip(timeline.labels, timeline.seen.tolist(), strict=True)
            ],
            hovertemplate="%{text}<extra>label</extra>",
            marker={**_UNSEEN, "size": 14},
            selected={"marker": {"opacity": 0.01}},
            unselected={"marker": {"opacity": 0.01}},
        )
    )
    for label, start, end in label_runs(timeline):
        figure.add_shape(
            type="rect", x0=start, x1=end, y0=BAND[0], y1=BAND[1], line_width=0, fillcolor=emotion_color(label)
        )
    if moment is not None:
        figure.add_shape(
            type="line", x0=moment, x1=moment, y0=BAND[0], y1=1, line={"color": ink, "width": 1.4, "dash": "dot"}
        )
    in_frame(figure, ink, HEIGHT)
    figure.update_layout(
        hovermode="x unified",
        clickmode="event+select",
        dragmode=False,
        margin={"t": 8},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
    )
    figure.update_xaxes(title="time in the film", ticksuffix=" s", range=[0, max(until, timeline.frame_seconds)])
    figure.update_xaxes(hoverformat=".2f")
    figure.update_yaxes(range=[BAND[0] - 0.02, 1.02], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".0%")
    return figure


def clicked(event: Mapping[str, Any] | None) -> float | None:
    """Return the time in seconds that was clicked, or None.

    Args:
        event: what the chart holds: ``{"selection": {"points": [{"customdata": seconds}]}}``.
    """
    points: Sequence[Mapping[str, Any]] = ((event or {}).get("selection") or {}).get("points") or []
    for point in points:
        data = point.get("customdata")
        data = data[0] if isinstance(data, (list, tuple)) and data else data
        if isinstance(data, (int, float)) and np.isfinite(data) and data >= 0:
            return float(data)
    return None


def _with_gaps(timeline: FaceTimeline) -> tuple[list[float | None], list[list[float] | None]]:
    """Return times and probabilities with None between stretches that are apart."""
    seconds: list[float | None] = []
    values: list[list[float] | None] = []
    longest = GAP_FRAMES * timeline.frame_seconds
    before: float | None = None
    for moment, row in zip(timeline.seconds.tolist(), timeline.probabilities.tolist(), strict=True):
        if before is not None and moment - before > longest:
            seconds.append(None)
            values.append(None)
        seconds.append(moment)
        values.append(row)
        before = moment
    return seconds, values

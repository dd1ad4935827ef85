"""A face's emotions over a film: a line a class, the label shown as a band below, and the chosen moment.

A film's table of tracks, read back as one timeline a face.

One frame of a film with one face marked.

What became of a film, in words and as a table of its faces.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from dashboard.report.subject import drawn_columns, is_about_pictures
from dashboard.report.text import escape, in_chart, percent
from dashboard.shared.figures.colours import NEUTRAL, emotion_color, emotion_rgb, in_frame
from dashboard.shared.figures.face import LONGEST
from engine.live.video import VideoSummary, table_columns
from engine.records import FaceBox, Float32, Prediction, UInt8


@dataclass(frozen=True, eq=False)
class FaceTimeline:
    """One face of a film over time; N frames that show it, K classes.

    Attributes:
        track: its number in the film, from 1.
        classes: K names, in the order of the probabilities.
        seconds: (N,) float64, from the film's start, rising.
        probabilities: (N, K) float32, smoothed as asked for.
        labels: N names, the label shown.
        seen: (N,) bool; False where the face's place is only predicted.
        boxes: (N, 4) int64, left, top, width and height in pixels of the film.
    """

    track: int
    classes: tuple[str, ...]
    seconds: NDArray[np.float64]
    probabilities: Float32
    labels: tuple[str, ...]
    seen: NDArray[np.bool_]
    boxes: NDArray[np.int64]

    def __post_init__(self) -> None:
        count = len(self.seconds)
        if not count or self.probabilities.shape != (count, len(self.classes)) or self.boxes.shape != (count, 4):
            raise ValueError(
                f"expected (N, {len(self.classes)}) probabilities and (N, 4) boxes for N = {count} frames from 1, got "
                f"{self.probabilities.shape} and {self.boxes.shape}"
            )
        if len(self.labels) != count or len(self.seen) != count or (np.diff(self.seconds) < 0).any():
            raise ValueError(f"expected {count} labels and sightings at rising times, got {len(self.labels)} labels")

    @property
    def frame_seconds(self) -> float:
        """The usual time from one frame to the next; 1/25 s for a single frame."""
        steps = np.diff(self.seconds)
        steps = steps[steps > 0]
        return float(np.median(steps)) if len(steps) else 1 / 25

    def at(self, seconds: float) -> int:
        """Return the index of the frame whose time is nearest; the earlier one of two that are as near."""
        return int(np.abs(self.seconds - seconds).argmin())

    def shares(self) -> tuple[tuple[str, float], ...]:
        """Return (label, share of the face's frames in (0, 1]), the largest first; ties keep the class order."""
        place = {name: index for index, name in enumerate(self.classes)}
        counted = sorted(Counter(self.labels).items(), key=lambda entry: (-entry[1], place[entry[0]]))
        return tuple((name, count / len(self.labels)) for name, count in counted)

    def reading(self, index: int) -> Prediction:
        """Return the smoothed probabilities of frame ``index`` as an answer, for the bars."""
        values = self.probabilities[index] / self.probabilities[index].sum()  # the table rounds them
        best = int(values.argmax())
        logits = np.log(values.clip(1e-6)).astype(np.float32)
        return Prediction(values, logits, self.classes, self.classes[best], float(values[best]), 0.0)

    @property
    def changes(self) -> int:
        """How often the label shown changes."""
        return sum(one != two for one, two in zip(self.labels, self.labels[1:], strict=False))


def timelines(table: bytes, classes: tuple[str, ...]) -> tuple[FaceTimeline, ...]:
    """Return each face's timeline, the one shown longest first; ties by number.

    Args:
        table: a CSV file as :class:`engine.live.video.TracksTable` writes it.
        classes: K names, those of the model that read the film.
    """
    rows = pd.read_csv(io.BytesIO(table))
    expected = table_columns(classes)
    if tuple(rows.columns) != expected:
        raise ValueError(f"expected the columns {expected}, got {tuple(rows.columns)}")
    found = []
    for track, part in rows.groupby("track", sort=True):
        found.append(
            FaceTimeline(
                int(str(track)),
                classes,
                part["time_seconds"].to_numpy(np.float64),
                part[[f"p_{name}" for name in classes]].to_numpy(np.float32),
                tuple(str(label) for label in part["label"]),
                part["seen"].to_numpy(np.int64).astype(bool),
                part[["left", "top", "width", "height"]].to_numpy(np.int64),
            )
        )
    return tuple(sorted(found, key=lambda timeline: -len(timeline.seconds)))


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
    for k in drawn_columns(timeline.probabilities):
        name = timeline.classes[k]
        figure.add_trace(
            go.Scatter(
                x=seconds,
                y=[None if value is None else value[k] for value in values],
                mode="lines+markers",  # a click takes the first trace at its place, and no trace without markers
                marker=_UNSEEN,
                selected={"marker": {"opacity": 0.01}},
                unselected={"marker": {"opacity": 0.01}},
                customdata=seconds,
                name=in_chart(name),
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
                in_chart(label) if seen else f"{in_chart(label)}, hidden"
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


def marked_frame(pixels: UInt8, box: FaceBox, label: str) -> UInt8:
    """Draw the face's box in its emotion's colour: (H, W, 3) uint8 RGB, 1,200 pixels at the longer side at most.

    Args:
        pixels: (H, W, 3) uint8 RGB, the film's own frame.
        box: in pixels of the frame.
        label: what is shown for the face there.
    """
    picture = Image.fromarray(pixels)
    factor = min(1.0, LONGEST / max(picture.size))
    if factor < 1.0:
        picture = picture.resize((max(1, round(picture.width * factor)), max(1, round(picture.height * factor))))
    left, top = round(box.x * factor), round(box.y * factor)
    right, bottom = round((box.x + box.width) * factor) - 1, round((box.y + box.height) * factor) - 1
    thick = max(2, round(max(picture.size) / 220))
    frame = (left, top, max(left, right), max(top, bottom))
    if not is_about_pictures():
        ImageDraw.Draw(picture).rectangle(frame, outline=emotion_rgb(label), width=thick)
    return np.asarray(picture, dtype=np.uint8)


CSS: Final = """<style>
.fl-film-shares{display:flex;height:.72rem;min-width:9rem;border-radius:2px;overflow:hidden}
.fl-film-shares i{display:block;min-width:1px}
.fl-film-faces td{font-variant-numeric:tabular-nums}.fl-film-faces :is(td:nth-child(2),thead th){white-space:nowrap}
.fl-film-wide{overflow-x:auto}
.st-key-film-frame img{max-height:300px;width:auto;max-width:100%;border-radius:4px}
.st-key-film-player video{max-height:430px}
</style>"""


def summary_words(summary: VideoSummary) -> str:
    """Return the film in one sentence."""
    faces = f"{summary.tracks} face" + ("" if summary.tracks == 1 else "s")
    share = summary.frames_with_faces / max(1, summary.frames)
    film = f"{summary.frames:,} frames, {summary.seconds:.1f} s, {summary.width} × {summary.height} pixels, read"
    if is_about_pictures():
        return f"{film} whole by {summary.model}."
    return f"{film} by {summary.model}: {faces}, and {percent(share)} of the frames show one or more."


def track_words(track: int) -> str:
    """Return which face is meant, for a sentence; nothing where frames are read whole."""
    return "" if is_about_pictures() else f"face #{track}, "


def face_title(timeline: FaceTimeline) -> str:
    """Return a face's entry in the menu: its number, its time, the label shown most."""
    label, share = timeline.shares()[0]
    return f"#{timeline.track} · {len(timeline.seconds) * timeline.frame_seconds:.1f} s · {label} {percent(share)}"


def faces_table(timelines: tuple[FaceTimeline, ...]) -> str:
    """Return a row for each face as HTML: when it is there, which labels it shows for how long, how often they change.

    A bar's parts are shares of the frames that show the face, in the emotions' colours.
    """
    rows = "".join(_row(timeline) for timeline in timelines)
    return (
        '<div class="fl-film-wide"><table class="fl-table fl-film-faces"><thead><tr><th>'
        f"{'Frames' if is_about_pictures() else 'Face'}</th><th>In the film</th>"
        "<th>Labels shown</th><th></th><th>Changes</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def _row(timeline: FaceTimeline) -> str:
    shares = timeline.shares()
    bar = "".join(
        f'<i style="width:{100 * share:.2f}%;background:{emotion_color(name)}" title="{escape(name)} {percent(share)}">'
        "</i>"
        for name, share in shares
    )
    words = ", ".join(f"{escape(name)} {percent(share)}" for name, share in shares[:3])
    return (
        f"<tr><th>{'all' if is_about_pictures() else f'#{timeline.track}'}</th>"
        f"<td>{timeline.seconds[0]:.1f}–{timeline.seconds[-1]:.1f} s</td>"
        f'<td><span class="fl-film-shares" role="img" aria-label="{words}">{bar}</span></td><td>{words}</td>'
        f"<td>{timeline.changes}</td></tr>"
    )

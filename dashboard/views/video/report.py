"""What the report of the Video page holds: the film's numbers, every face's timeline, and the chosen moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dashboard.report.content import Array, Chart, Content, Section, Shot, Table
from dashboard.report.subject import is_about_pictures, more_words
from dashboard.report.text import percent
from dashboard.shared.figures.colours import ink_of
from dashboard.shared.figures.map_content import answers_table
from dashboard.views.video.figures.timeline import (
    FaceTimeline,
    marked_frame,
    summary_words,
    timeline_chart,
    track_words,
)
from engine.live.video import VideoSummary
from engine.records import FaceBox, UInt8


@dataclass(frozen=True, eq=False)
class Moment:
    """A face at a moment: its timeline, the frame's index in it, and the film's own frame, uint8 (H, W, 3)."""

    timeline: FaceTimeline
    index: int
    pixels: UInt8

    @property
    def seconds(self) -> float:
        """Its time in the film."""
        return float(self.timeline.seconds[self.index])


def _row(timeline: FaceTimeline) -> tuple[str, ...]:
    shares = ", ".join(f"{name} {percent(share)}" for name, share in timeline.shares())
    span = f"{timeline.seconds[0]:.2f}–{timeline.seconds[-1]:.2f} s"
    return (
        "whole" if is_about_pictures() else f"#{timeline.track}",
        span,
        f"{len(timeline.seconds):,}",
        shares,
        str(timeline.changes),
    )


def _moment(moment: Moment) -> Section:
    timeline, label = moment.timeline, moment.timeline.labels[moment.index]
    box = FaceBox(*(int(value) for value in timeline.boxes[moment.index]))
    said = f"{moment.seconds:.2f} s, {track_words(timeline.track)}label shown: {label}"
    picture = Shot.of(f"frame at {moment.seconds:.2f} s", marked_frame(moment.pixels, box, label), said)
    table = answers_table(("probability",), (timeline.reading(moment.index),), "Smoothed as the film was read.")
    return Section("The chosen moment", (), (picture,), tables=(table,))


def video_content(summary: VideoSummary, faces: Sequence[FaceTimeline], moment: Moment | None) -> Content:
    """Return the report's content; arrays below ``track1`` and so on, N frames and K classes each."""
    first = "read" if is_about_pictures() else "face"
    table = Table((first, "in the film", "frames", "labels shown", "changes"), tuple(_row(one) for one in faces))
    sections = [Section("The film", (summary_words(summary), *summary.notes), tables=(table,) if faces else ())]
    arrays: dict[str, Array] = {}
    for one in faces:
        at = moment.seconds if moment is not None and moment.timeline.track == one.track else None
        chart = timeline_chart(one, ink_of("light"), until=summary.seconds, moment=at)
        words = f"The model’s probabilities; the band below is the label shown. {more_words(len(one.classes))}".strip()
        title = "Over time" if is_about_pictures() else f"Face #{one.track} over time"
        sections.append(Section(title, charts=(Chart(chart, words),)))
        arrays |= {
            f"track{one.track}/seconds": one.seconds,
            f"track{one.track}/probabilities": one.probabilities,
            f"track{one.track}/labels": np.array(one.labels),
            f"track{one.track}/seen": one.seen,
            f"track{one.track}/boxes": one.boxes,
        }
    if faces:
        arrays["classes"] = np.array(faces[0].classes)
    if moment is not None:
        sections.append(_moment(moment))
        arrays["frame"] = moment.pixels
    return Content(tuple(sections), arrays)

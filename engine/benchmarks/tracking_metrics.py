"""How well tracks keep identities, and how steady their labels are, against a film whose truth is known.

[1] K. Bernardin, R. Stiefelhagen. Evaluating Multiple Object Tracking Performance: The CLEAR MOT Metrics. EURASIP
    Journal on Image and Video Processing, 2008.

The correspondence is that of [1]: a pair of the frame before is kept while it still overlaps, the rest is assigned
anew. It departs from [1] in that a true face that is mostly hidden is neither missed nor a false box's excuse to
switch: it is left out, with the box that lies on it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.optimize import linear_sum_assignment

from engine.benchmarks.scripted_film import TrueFace
from engine.live.frame import LiveFace, LiveFrame
from engine.records import FaceBox

LEAST_OVERLAP: Final = 0.4
"""Intersection over union from which a box is on a face."""
LEAST_VISIBLE: Final = 0.7
"""Share of a true face to be seen for it to count."""


@dataclass(frozen=True)
class LabelSteadiness:
    """One way to label: how often it changes a minute of a face's time, and the share of frames with the true one."""

    flips_per_minute: float
    agreement: float


@dataclass(frozen=True)
class TrackingReport:
    """What was measured on one film.

    Attributes:
        frames: of the film.
        true_faces: visible true faces, summed over the frames; the next two are counted in the same way.
        found: those that a shown box lies on.
        false_boxes: shown boxes on no face.
        mean_overlap: intersection over union of the pairs found; 0 where there is none.
        identity_switches: how often a true face's track number changed.
        people, tracks: different true faces, and different track numbers that were shown.
        true_changes_per_minute: how often the expression itself changed, a minute of a face's time.
        raw, smoothed, shown: labels frame by frame; of the smoothed probabilities; and with hysteresis, too.
    """

    frames: int
    true_faces: int
    found: int
    false_boxes: int
    mean_overlap: float
    identity_switches: int
    people: int
    tracks: int
    true_changes_per_minute: float
    raw: LabelSteadiness
    smoothed: LabelSteadiness
    shown: LabelSteadiness

    @property
    def coverage(self) -> float:
        """Share of the visible true faces that were found, in [0, 1]."""
        return self.found / self.true_faces if self.true_faces else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON-ready document."""
        labels = {
            name: {
                "flips_per_minute": round(found.flips_per_minute, 2),
                "agreement": round(found.agreement, 4),
            }
            for name, found in (("raw", self.raw), ("smoothed", self.smoothed), ("shown", self.shown))
        }
        return {
            "frames": self.frames,
            "true_faces": self.true_faces,
            "coverage": round(self.coverage, 4),
            "false_boxes": self.false_boxes,
            "mean_overlap": round(self.mean_overlap, 4),
            "identity_switches": self.identity_switches,
            "people": self.people,
            "tracks": self.tracks,
            "true_changes_per_minute": round(self.true_changes_per_minute, 2),
            "labels": labels,
        }


def score_tracking(truths: Sequence[Sequence[TrueFace]], frames: Sequence[LiveFrame]) -> TrackingReport:
    """Compare what was shown with what is true.

    Args:
        truths: of each frame.
        frames: what the pipeline said of each, in the same order.
    """
    if len(truths) != len(frames) or not frames:
        raise ValueError(f"expected as many true frames as shown ones, and some, got {len(truths)} and {len(frames)}")
    pairs_before: dict[int, int] = {}
    number_of: dict[int, int] = {}  # person → the track number it had last
    switches = true_faces = false_boxes = 0
    overlaps: list[float] = []
    lines: dict[int, list[tuple[str, LiveFace]]] = {}  # person → (true emotion, face) in time
    for truth, live in zip(truths, frames, strict=True):
        pairs = _correspond(truth, live.faces, pairs_before)
        on_a_face = {face for _, face, _ in pairs}
        false_boxes += sum(1 for index in range(len(live.faces)) if index not in on_a_face)
        true_faces += sum(1 for face in truth if face.visible >= LEAST_VISIBLE)
        pairs_before = {}
        for row, column, overlap in pairs:
            true, face = truth[row], live.faces[column]
            pairs_before[true.person] = face.track
            if true.visible < LEAST_VISIBLE:
                continue
            overlaps.append(overlap)
            switches += number_of.get(true.person, face.track) != face.track
            number_of[true.person] = face.track
            lines.setdefault(true.person, []).append((true.emotion, face))
    minutes = _minutes(frames) * sum(len(line) for line in lines.values()) / len(frames)
    return TrackingReport(
        frames=len(frames),
        true_faces=true_faces,
        found=len(overlaps),
        false_boxes=false_boxes,
        mean_overlap=float(np.mean(overlaps)) if overlaps else 0.0,
        identity_switches=switches,
        people=len({face.person for truth in truths for face in truth}),
        tracks=len({face.track for live in frames for face in live.faces}),
        true_changes_per_minute=_rate([[emotion for emotion, _ in line] for line in lines.values()], minutes),
        raw=_steadiness(lines, lambda face: face.reading.raw_label, minutes),
        smoothed=_steadiness(lines, lambda face: face.reading.top(1)[0][0], minutes),
        shown=_steadiness(lines, lambda face: face.label, minutes),
    )


def overlap_of(one: FaceBox, two: FaceBox) -> float:
    """Return the intersection over the union of two boxes, in [0, 1]."""
    across = min(one.x + one.width, two.x + two.width) - max(one.x, two.x)
    down = min(one.y + one.height, two.y + two.height) - max(one.y, two.y)
    common = max(0, across) * max(0, down)
    return common / (one.width * one.height + two.width * two.height - common)


def _correspond(
    truth: Sequence[TrueFace], faces: Sequence[LiveFace], before: dict[int, int]
) -> list[tuple[int, int, float]]:
    """Return (index of truth, index of face, overlap), each index at most once."""
    if not truth or not faces:
        return []
    table = np.array([[overlap_of(true.box, face.box) for face in faces] for true in truth])
    # A pair that goes on outweighs any other way to pair these two, so it is kept while it still overlaps.
    goes_on = np.array([[before.get(true.person) == face.track for face in faces] for true in truth])
    value = np.where(table >= LEAST_OVERLAP, table + 2.0 * goes_on, 0.0)
    rows, columns = linear_sum_assignment(value, maximize=True)
    return [
        (int(row), int(column), float(table[row, column]))
        for row, column in zip(rows, columns, strict=True)
        if value[row, column] > 0.0
    ]


def _minutes(frames: Sequence[LiveFrame]) -> float:
    """Return the film's length; the last frame counts as long as the others on average."""
    between = frames[-1].timestamp_seconds - frames[0].timestamp_seconds
    return between * len(frames) / max(1, len(frames) - 1) / 60.0


def _rate(lines: Sequence[Sequence[str]], minutes: float) -> float:
    changes = sum(one != two for line in lines for one, two in itertools.pairwise(line))
    return changes / minutes if minutes > 0.0 else 0.0


def _steadiness(
    lines: dict[int, list[tuple[str, LiveFace]]], label_of: Callable[[LiveFace], str], minutes: float
) -> LabelSteadiness:
    named = [[(emotion, label_of(face)) for emotion, face in line] for line in lines.values()]
    right = [emotion == label for line in named for emotion, label in line]
    flips = _rate([[label for _, label in line] for line in named], minutes)
    return LabelSteadiness(flips, float(np.mean(right)) if right else 0.0)

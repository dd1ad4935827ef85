"""A film's table of tracks, read back as one timeline a face."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.inference.tracks_table import table_columns
from engine.records import Float32, Prediction


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
        counted = [(name, self.labels.count(name) / len(self.labels)) for name in self.classes]
        return tuple(sorted((entry for entry in counted if entry[1]), key=lambda entry: -entry[1]))

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
        table: a CSV file as :class:`engine.inference.tracks_table.TracksTable` writes it.
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

"""What the live pipeline says of one frame: the tracked faces, each model's answer, and where the time went.

Letters in shapes: K classes, (H, W) frame pixels, (h, w) a map's native grid.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final, Literal, get_args

import numpy as np

from engine.records import AttentionGate, Explanation, FaceBox, Float32

OverlayKind = Literal["none", "gate", "gradcam"]
OVERLAYS: Final[dict[OverlayKind, str]] = {
    "none": "nothing is drawn on the face",
    "gate": "the spatial attention gate of a layer, on its own scale from 0 to 1",
    "gradcam": "Grad-CAM at a layer, for the class that the model predicts in this frame",
}
"""What may be drawn on each face."""

FaceMap = AttentionGate | Explanation
"""A spatial gate, or a Grad-CAM map; both on their native grid."""


def _check_probabilities(name: str, values: Float32, classes: int) -> None:
    if not isinstance(values, np.ndarray) or values.dtype != np.float32 or values.shape != (classes,):
        raise ValueError(f"expected {name} as float32 ({classes},), got {getattr(values, 'shape', type(values))}")
    if float(values.min()) < 0.0 or abs(float(values.sum()) - 1.0) > 1e-3:
        raise ValueError(f"expected {name} in [0, 1] that sum to 1, got a sum of {float(values.sum()):.4f}")


@dataclass(frozen=True, eq=False)
class ModelReading:
    """One model's answer for one tracked face.

    Attributes:
        model: the checkpoint's name.
        classes: K names, in the order of the probabilities.
        raw: (K,) float32, the latest answer by itself (of this frame, where the face was seen in it).
        probabilities: (K,) float32, smoothed over time.
        label: the class shown: it changes only when another one is ahead clearly and for long enough.
        face_map: what to draw on the face, of this frame; None where nothing was asked for or the face was not seen.
    """

    model: str
    classes: tuple[str, ...]
    raw: Float32
    probabilities: Float32
    label: str
    face_map: FaceMap | None = None

    def __post_init__(self) -> None:
        _check_probabilities("raw probabilities", self.raw, len(self.classes))
        _check_probabilities("smoothed probabilities", self.probabilities, len(self.classes))
        if self.label not in self.classes:
            raise ValueError(f"expected a label among {self.classes}, got {self.label!r}")

    @property
    def confidence(self) -> float:
        """The smoothed probability of the label shown, in [0, 1]."""
        return float(self.probabilities[self.classes.index(self.label)])

    @property
    def raw_label(self) -> str:
        """The most probable class of the latest answer by itself."""
        return self.classes[int(self.raw.argmax())]

    def top(self, count: int = 3) -> tuple[tuple[str, float], ...]:
        """Return the ``count`` largest (class, smoothed probability), the largest first; ties keep the class order."""
        order = np.argsort(-self.probabilities, kind="stable")[:count]
        return tuple((self.classes[index], float(self.probabilities[index])) for index in order)


@dataclass(frozen=True, eq=False)
class LiveFace:
    """One face that is tracked.

    Attributes:
        track: its number, from 1; the same person keeps it, and no other face gets it again.
        box: in pixels of the frame, inside it.
        seen: found or followed in this frame; False where its place is only predicted (hidden for a moment).
        seconds_tracked: since it was first found.
        readings: one a model, at least one; the first is the main one.
        over: of a frame that is read whole, by a model that is not about faces: where in it what the model takes lies,
            left, top, width and height; None for a face, whose surroundings are read.
    """

    track: int
    box: FaceBox
    seen: bool
    seconds_tracked: float
    readings: tuple[ModelReading, ...]
    over: tuple[int, int, int, int] | None = None

    def __post_init__(self) -> None:
        if self.track < 1 or self.seconds_tracked < 0.0 or not self.readings:
            raise ValueError(
                "expected a track from 1, a duration of 0 or more and a reading, "
                f"got {self.track}, {self.seconds_tracked}, {len(self.readings)} readings"
            )

    @property
    def reading(self) -> ModelReading:
        """The main model's answer."""
        return self.readings[0]

    @property
    def label(self) -> str:
        """The main model's label, as shown."""
        return self.readings[0].label

    @property
    def probabilities(self) -> Float32:
        """(K,) float32, the main model's smoothed probabilities."""
        return self.readings[0].probabilities

    @property
    def raw(self) -> Float32:
        """(K,) float32, the main model's latest answer by itself."""
        return self.readings[0].raw


@dataclass(frozen=True)
class StageSeconds:
    """Where the time of one frame went, in seconds; ``total`` is the whole call, so a little more than the sum."""

    reduce: float = 0.0
    detect: float = 0.0
    track: float = 0.0
    classify: float = 0.0
    smooth: float = 0.0
    total: float = 0.0

    def __post_init__(self) -> None:
        for item in fields(self):
            if not getattr(self, item.name) >= 0.0:
                raise ValueError(f"expected seconds of 0 or more for {item.name}, got {getattr(self, item.name)}")

    def as_dict(self) -> dict[str, float]:
        """Return stage → seconds."""
        return {item.name: float(getattr(self, item.name)) for item in fields(self)}


@dataclass(frozen=True, eq=False)
class LiveFrame:
    """What is known after one frame.

    Attributes:
        index: how many frames this pipeline saw before.
        timestamp_seconds: when the frame was taken, on the clock of whoever gave it.
        width, height: of the frame, in pixels.
        faces: those to show, by track number; empty means that no face is found.
        detected: whether the detector ran on this frame (otherwise known faces were followed).
        overlay: a key of :data:`OVERLAYS`, what was asked for.
        layer: the overlay's layer; empty where there is none.
        timings: where the time went.
    """

    index: int
    timestamp_seconds: float
    width: int
    height: int
    faces: tuple[LiveFace, ...]
    detected: bool
    overlay: OverlayKind
    layer: str
    timings: StageSeconds

    def __post_init__(self) -> None:
        if self.overlay not in get_args(OverlayKind):
            raise ValueError(f"expected an overlay among {get_args(OverlayKind)}, got {self.overlay!r}")
        if self.width < 1 or self.height < 1 or self.index < 0:
            raise ValueError(f"expected a frame with a size and an index, got {self.width} x {self.height}")
        tracks = [face.track for face in self.faces]
        if tracks != sorted(set(tracks)):
            raise ValueError(f"expected each track once, in order, got {tracks}")

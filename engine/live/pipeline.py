"""A stream's frames in, tracked faces with their emotions out; fast enough for a camera on two cores.

The detector, which costs most, works on a reduced picture and only now and then; in between faces are followed by
their patches. All faces of a frame go through the model together. One pipeline holds one stream's state, so each viewer
has their own; the model, and with it its lock, is shared.

When to look for faces anew: seldom where all is well, at once where a face was lost.

The faces of one frame through a model in one pass: the answers, and the map that is to be drawn on each.

B faces, K classes, (h, w) a map's native grid.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import cv2
import numpy as np
import torch
from torch import Tensor

from engine.data.transforms import channels_last, normalise, to_tensor
from engine.errors import UnknownNameError, UsageError
from engine.explain.explainer import to_prediction
from engine.explain.methods.cams import gradcam
from engine.live.frame import OVERLAYS, FaceMap, LiveFace, LiveFrame, ModelReading, OverlayKind, StageSeconds
from engine.live.smoothing import AnswerSmoother, Smoothed, Smoothing
from engine.live.tracking import FaceTracker, TrackedFace
from engine.media.faces import FaceDetector, crop_face
from engine.media.fit import covered
from engine.models.architecture import explained
from engine.models.locking import holding
from engine.models.taps import record_attention, taps_of
from engine.predict.face_model import FaceModel
from engine.records import AttentionGate, Explanation, FaceBox, Float32, Prediction, UInt8

LONGEST_SECONDS: Final = 0.5
"""However slowly frames come, faces are looked for as often as this."""


class DetectionSchedule:
    """The detector's turns for one stream.

    Args:
        every: frames from one detection to the next while all faces are followed well. Where none is known, or one is
            new or out of sight, it is half of that; where one was just lost, at once (but never more than once in two
            frames, so that a stream that cannot be followed does not cost a detection a frame).
    """

    def __init__(self, every: int) -> None:
        self.every = every
        self._frames = 0
        self._last: float | None = None

    def due(self, seconds: float, *, lost: bool, uncertain: bool) -> bool:
        """Return whether to detect in this frame, which counts; called once a frame.

        Args:
            seconds: when the frame was taken.
            lost: whether a face that was seen in the frame before is not in this one.
            uncertain: whether no face is known, or one waits for its second detection or is out of sight.
        """
        self._frames += 1
        wait = max(1, self.every // 2) if uncertain else self.every
        if lost:
            wait = min(2, wait)
        long_ago = self._last is None or not 0.0 <= seconds - self._last < LONGEST_SECONDS
        if self._frames < wait and not long_ago:
            return False
        self._frames, self._last = 0, seconds
        return True


@dataclass(frozen=True, eq=False)
class FaceAnswer:
    """One face's prediction and its map, where one was asked for."""

    prediction: Prediction
    face_map: FaceMap | None


def overlay_layers(model: FaceModel, overlay: str) -> tuple[str, ...]:
    """Return the layers that ``overlay`` can be taken at, from the picture towards the answer; none for ``none``."""
    if overlay not in OVERLAYS:
        raise UnknownNameError("overlay", overlay, OVERLAYS)
    if overlay == "gate":
        return tuple(tap.layer for tap in taps_of(model.model) if tap.kind == "spatial")
    return model.gradcam_layers if overlay == "gradcam" else ()


def resolve_layer(model: FaceModel, overlay: str, layer: str | None) -> str:
    """Return the layer's full name: the last one for None, ``block3.spatial`` for ``block3``; empty for ``none``.

    Raises:
        UnknownNameError: no such overlay or layer.
        UsageError: a gate is asked of a model that has no spatial one.
    """
    layers = overlay_layers(model, overlay)
    if overlay == "none":
        return ""
    if not layers:
        raise UsageError(
            f"Expected a model with a spatial attention gate for the overlay 'gate', but '{model.card.name}' has "
            "none; choose the overlay gradcam or none, or another model."
        )
    if layer is None:
        return layers[-1]
    for name in (layer, f"{layer}.spatial"):
        if name in layers:
            return name
    raise UnknownNameError("layer", layer, layers)


def read_faces(
    model: FaceModel, crops: Sequence[UInt8], *, overlay: OverlayKind = "none", layer: str = ""
) -> tuple[FaceAnswer, ...]:
    """Classify the crops in one forward pass, with one backward pass more for Grad-CAM.

    Args:
        model: shared; its model's lock is held meanwhile.
        crops: B pictures, (H, W, 3) uint8 RGB each, any size.
        overlay: which map to take along.
        layer: where, as :func:`resolve_layer` gives it.
    """
    if not crops:
        return ()
    net, spec = model.model, model.card.input
    inputs = np.stack([model.model_input(crop) for crop in crops])
    x = channels_last(normalise(to_tensor(inputs).to(next(net.parameters()).device), spec))
    answered: list[Tensor] = []

    def best_logit(pictures: Tensor) -> Tensor:
        """(B,): the logit of each face's predicted class, which is what its Grad-CAM explains."""
        answered.append(net(pictures))
        return answered[-1].max(dim=1).values

    maps: list[FaceMap | None] = [None] * len(crops)
    began = time.perf_counter()
    with holding(net):
        if overlay == "gradcam":
            raw = gradcam(best_logit, explained(net).activation_module(layer), x).cpu().numpy()
        else:
            with torch.no_grad(), record_attention() as gates:
                best_logit(x)
    logits = answered[0].detach().float().cpu().numpy()
    seconds = (time.perf_counter() - began) / len(crops)
    predictions = [to_prediction(row, model.classes, seconds) for row in logits]
    if overlay == "gate":
        (weights,) = (gate.weights.float().cpu().numpy() for gate in gates if gate.layer == layer)
        maps = [AttentionGate(layer, "spatial", row.copy()) for row in weights]
    elif overlay == "gradcam":
        maps = [
            Explanation(
                "gradcam", layer, prediction.label, np.maximum(row, 0.0).astype(np.float32), signed=False,
                raw_minimum=float(row.min()), raw_maximum=float(row.max()), seconds=seconds,
            )
            for row, prediction in zip(raw, predictions, strict=True)
        ]  # fmt: skip
    return tuple(FaceAnswer(prediction, face_map) for prediction, face_map in zip(predictions, maps, strict=True))


WHOLE: Final = 1
"""The number of the one track of frames that are read whole."""

SMALLEST_SIDE: Final = 32
"""Of a frame, in pixels; smaller ones hold no face that could be found."""


@dataclass(frozen=True)
class LiveSettings:
    """What a viewer may choose; all of it can change while the stream runs.

    Attributes:
        overlay: a key of :data:`engine.live.frame.OVERLAYS`.
        layer: the overlay's layer (``block3`` or ``block3.spatial``); None for the last.
        smoothing: of probabilities and labels.
        detect_every: frames between detections while all is well, 1 to 120; 1 detects in each frame.
        detect_side: longer side of the picture that is searched, in pixels; the smallest face found is about 24 there.
        largest_number_of_faces: no more are tracked, the largest first.
    """

    overlay: OverlayKind = "none"
    layer: str | None = None
    smoothing: Smoothing = field(default_factory=Smoothing)
    detect_every: int = 8
    detect_side: int = 320
    largest_number_of_faces: int = 8

    def __post_init__(self) -> None:
        for name, low, high in (
            ("detect_every", 1, 120),
            ("detect_side", 64, 1920),
            ("largest_number_of_faces", 1, 64),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise UsageError(f"Expected {name} from {low} to {high}, got {value}; choose another.")


class LivePipeline:
    """One stream.

    Args:
        model: the main one.
        detector: finds the faces.
        beside: a second model that reads the same faces; each face then has two readings.
        settings: see :class:`LiveSettings`.

    Raises:
        UnknownNameError: no such overlay or layer.
        UsageError: a gate is asked of a main model that has no spatial one. The second model may lack the layer; its
            readings then carry no map.
    """

    def __init__(
        self,
        model: FaceModel,
        detector: FaceDetector,
        *,
        beside: FaceModel | None = None,
        settings: LiveSettings | None = None,
    ) -> None:
        given = settings or LiveSettings()
        self._index = 0
        self._size: tuple[int, int] | None = None
        self._whole_since: float | None = None
        self._tracker = FaceTracker(largest_number_of_faces=given.largest_number_of_faces)
        self._schedule = DetectionSchedule(given.detect_every)
        self._memories: dict[tuple[int, int, str], _Memory] = {}
        self._detector = detector
        self._models: tuple[FaceModel, ...] = (model,)
        self.configure(given, beside=beside)

    def configure(
        self,
        settings: LiveSettings,
        *,
        model: FaceModel | None = None,
        beside: FaceModel | None = None,
    ) -> None:
        """Change settings, and models where given, from the next frame on; the tracks stay.

        Args:
            settings: the new ones.
            model: another main one; None keeps it.
            beside: the second model; None for none.
        """
        main = model or self._models[0]
        if _is_about_pictures(main) != _is_about_pictures(self._models[0]):
            self.restart()
        layer = resolve_layer(main, settings.overlay, settings.layer)
        self._models = (main,) if beside is None else (main, beside)
        self.settings, self._layer = settings, layer
        self._schedule.every = settings.detect_every
        self._tracker.limit = settings.largest_number_of_faces

    def process(self, frame: UInt8, timestamp_seconds: float) -> LiveFrame:
        """Find, follow and read the faces of the next frame; for a main model of pictures read the frame whole.

        Args:
            frame: (H, W, 3) uint8 RGB, 32 pixels a side or more; frames of another size than before start anew.
            timestamp_seconds: when it was taken, on any clock that does not run backwards.
        """
        _check(frame, timestamp_seconds)
        began = time.perf_counter()
        height, width = frame.shape[:2]
        if self._size != (height, width):
            self.restart()
            self._size = (height, width)
        if _is_about_pictures(self._models[0]):
            return self._read_whole(frame, timestamp_seconds, began)
        factor = min(1.0, self.settings.detect_side / max(height, width))
        small = frame
        if factor < 1.0:
            fitted = (max(1, round(width * factor)), max(1, round(height * factor)))
            small = cv2.resize(frame, fitted, interpolation=cv2.INTER_AREA)
        reduced = time.perf_counter()

        tracker = self._tracker
        tracker.follow(small, timestamp_seconds)
        followed = time.perf_counter()
        uncertain = tracker.uncertain or not tracker.known
        detected = self._schedule.due(timestamp_seconds, lost=tracker.lost, uncertain=uncertain)
        boxes = self._detector.detect(small) if detected else ()
        searched = time.perf_counter()
        if detected:
            tracker.update(boxes[: self.settings.largest_number_of_faces], small, timestamp_seconds)
        across, down = width / small.shape[1], height / small.shape[0]
        placed = [
            (face, box)
            for face in tracker.shown()
            if (box := _in_frame(face, across, down, (width, height))) is not None
        ]
        matched = time.perf_counter()

        crops = [crop_face(frame, box) for face, box in placed if face.seen]
        answers = [
            self._answers(model, [frame] * len(crops) if _is_about_pictures(model) else crops) for model in self._models
        ]
        classified = time.perf_counter()
        faces = self._read(placed, answers, timestamp_seconds)
        finished = time.perf_counter()
        seconds = StageSeconds(
            reduce=reduced - began,
            detect=searched - followed,
            track=(followed - reduced) + (matched - searched),
            classify=classified - matched,
            smooth=finished - classified,
            total=finished - began,
        )
        result = LiveFrame(
            self._index, timestamp_seconds, width, height, faces, detected, self.settings.overlay, self._layer, seconds
        )
        self._index += 1
        return result

    def _read_whole(self, frame: UInt8, seconds: float, began: float) -> LiveFrame:
        """Read the frame as one picture: nothing is looked for in it, and it is one track for as long as it lasts."""
        height, width = frame.shape[:2]
        if self._whole_since is None:
            self._whole_since = seconds
        whole = TrackedFace(WHOLE, 0, 0, width, height, True, self._whole_since)
        answers = [self._answers(model, [frame]) for model in self._models]
        classified = time.perf_counter()
        area = covered(height, width, self._models[0].card.input)
        (read,) = self._read([(whole, FaceBox(0, 0, width, height))], answers, seconds, known=(WHOLE,))
        finished = time.perf_counter()
        stages = StageSeconds(
            reduce=0.0,
            detect=0.0,
            track=0.0,
            classify=classified - began,
            smooth=finished - classified,
            total=finished - began,
        )
        result = LiveFrame(
            self._index, seconds, width, height, (replace(read, over=area),), False, self.settings.overlay,
            self._layer, stages,
        )  # fmt: skip
        self._index += 1
        return result

    def restart(self) -> None:
        """Forget every face, as for another scene; track numbers go on."""
        self._tracker.forget()
        self._whole_since = None
        self._schedule = DetectionSchedule(self.settings.detect_every)
        self._memories.clear()

    def _answers(self, model: FaceModel, crops: Sequence[UInt8]) -> tuple[FaceAnswer, ...]:
        """Read the faces; a second model without the overlay's layer reads them without a map."""
        has_layer = self._layer in overlay_layers(model, self.settings.overlay)
        return read_faces(model, crops, overlay=self.settings.overlay if has_layer else "none", layer=self._layer)

    def _read(
        self,
        placed: Sequence[tuple[TrackedFace, FaceBox]],
        answers: Sequence[Sequence[FaceAnswer]],
        seconds: float,
        known: Collection[int] | None = None,
    ) -> tuple[LiveFace, ...]:
        """Smooth each face's new answers; one that is not seen keeps its latest. ``known``: tracks that go on."""
        faces = []
        fresh = 0
        for face, box in placed:
            readings = []
            for slot, model in enumerate(self._models):
                memory = self._memories.setdefault((face.track, slot, model.card.name), _Memory())
                face_map = None
                if face.seen:
                    prediction, face_map = answers[slot][fresh].prediction, answers[slot][fresh].face_map
                    memory.raw = prediction.probabilities
                    memory.smoothed = memory.smoother.update(memory.raw, seconds, self.settings.smoothing)
                if memory.raw is None or memory.smoothed is None:  # this model came while the face was out of sight
                    continue
                label = model.classes[memory.smoothed.label]
                readings.append(
                    ModelReading(
                        model.card.name, model.classes, memory.raw, memory.smoothed.probabilities, label, face_map
                    )
                )
            fresh += face.seen
            if len(readings) == len(self._models):
                tracked = max(0.0, seconds - face.first_seconds)
                faces.append(LiveFace(face.track, box, face.seen, tracked, tuple(readings)))
        known = self._tracker.known if known is None else known
        self._memories = {key: memory for key, memory in self._memories.items() if key[0] in known}
        return tuple(faces)


@dataclass
class _Memory:
    """What is kept of one face and one model between frames."""

    smoother: AnswerSmoother = field(default_factory=AnswerSmoother)
    raw: Float32 | None = None
    smoothed: Smoothed | None = None


def _is_about_pictures(model: FaceModel) -> bool:
    return model.card.domain == "pictures"


def _in_frame(face: TrackedFace, across: float, down: float, size: tuple[int, int]) -> FaceBox | None:
    """Return the face's box in pixels of the frame, cut at its edges; None where hardly any of it is inside."""
    width, height = size
    left, top = round(face.left * across), round(face.top * down)
    right, bottom = round((face.left + face.width) * across), round((face.top + face.height) * down)
    x, y = max(0, left), max(0, top)
    inside_width, inside_height = min(width, right) - x, min(height, bottom) - y
    if min(inside_width, inside_height) < max(1.0, 0.3 * (right - left)):
        return None
    return FaceBox(x, y, inside_width, inside_height)


def _check(frame: UInt8, seconds: float) -> None:
    if not isinstance(frame, np.ndarray) or frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
        came = f"{getattr(frame, 'dtype', type(frame).__name__)} with shape {getattr(frame, 'shape', None)}"
        raise UsageError(f"Expected a frame as uint8 (H, W, 3) RGB, got {came}; convert it first.")
    if min(frame.shape[:2]) < SMALLEST_SIDE:
        raise UsageError(
            f"Expected a frame of {SMALLEST_SIDE} pixels a side or more, got {frame.shape[1]} x {frame.shape[0]}; "
            "use a larger one."
        )
    if not math.isfinite(seconds):
        raise UsageError(f"Expected a finite time of the frame in seconds, got {seconds}; pass a clock's reading.")

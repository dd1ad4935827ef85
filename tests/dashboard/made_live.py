"""Live frames, limits and checkpoints made for the live page's tests."""

from __future__ import annotations

import base64
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from engine.labels import EMOTIONS
from engine.live.frame import FaceMap, LiveFace, LiveFrame, ModelReading, StageSeconds
from engine.records import FaceBox, UInt8
from tests.dashboard.made import SAMPLES


def make_reading(label: str = "happy", *, model: str = "cbam", face_map: FaceMap | None = None) -> ModelReading:
    """A reading that is .7 sure of ``label``."""
    values = np.full(7, 0.05, dtype=np.float32)
    values[EMOTIONS.index(label)] = 0.7
    return ModelReading(model, EMOTIONS, values, values, label, face_map)


def make_face(track: int, *readings: ModelReading, box: tuple[int, int, int, int] = (10, 20, 30, 40)) -> LiveFace:
    return LiveFace(track, FaceBox(*box), True, 0.0, readings or (make_reading(),))


def make_live(seconds: float, *faces: LiveFace, index: int = 0, overlay: str = "none", layer: str = "") -> LiveFrame:
    return LiveFrame(index, seconds, 100, 80, faces, True, overlay, layer, StageSeconds())  # type: ignore[arg-type]


def address_of(pixels: UInt8) -> str:
    """(H, W, 3) uint8 RGB as the page's script sends it."""
    _, data = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()


def sample_address(name: str, width: int = 320) -> str:
    """A sample photograph as a camera's frame."""
    with Image.open(Path(SAMPLES) / f"{name}.jpg") as opened:
        picture = opened.convert("RGB")
        picture = picture.resize((width, round(width * picture.height / picture.width)))
    return address_of(np.asarray(picture))


def pixels_of(address: str) -> UInt8:
    """What the page would show: (H, W, 3) uint8 RGB."""
    data = np.frombuffer(base64.b64decode(address.partition(",")[2]), dtype=np.uint8)
    bgr = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert bgr is not None
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

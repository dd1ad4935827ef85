"""How a built-in face is seen: pose, light, camera, background and what hides part of it (everything but the face)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.synthetic.identity import Colour, within

OCCLUDERS: Final[tuple[str, ...]] = ("none", "hand", "strand")
BACKDROPS: Final[tuple[Colour, ...]] = (
    (0.66, 0.71, 0.74),
    (0.80, 0.75, 0.68),
    (0.45, 0.52, 0.55),
    (0.34, 0.34, 0.40),
    (0.72, 0.66, 0.70),
    (0.55, 0.60, 0.50),
    (0.86, 0.86, 0.85),
    (0.22, 0.25, 0.29),
)
WATERMARKS: Final[tuple[str, ...]] = ("photo", "stock", "sample", "image")


@dataclass(frozen=True)
class View:
    """Pose, light, camera and occlusion of one picture.

    Attributes:
        yaw, pitch, roll: radians; positive yaw turns the nose to the picture's right, positive pitch lifts it.
        scale: size of the head, 1 fills the frame as FER2013's crops do. shift: (x, y) in half picture widths.
        light: where the key light stands, (x right, y down, z towards the camera), any length.
        ambient: 0 (hard light) to 1 (flat light).
        gaze: (x, y) in [-1, 1], where the eyes look.
        contrast, brightness: factor around mid-grey and offset, applied last.
        blur: standard deviation in pixels of a 48-pixel picture. noise: standard deviation in [0, 1] grey levels.
        occluder: among :data:`OCCLUDERS`; occluder_place: where it lies, in [0, 1].
        watermark: text drawn over the picture, empty for none.
        backdrop: the background's colour; clutter: strength of its soft shapes in [0, 1].
        seed: seeds the noise and the background's shapes.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    scale: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)
    light: tuple[float, float, float] = (-0.45, -0.55, 0.75)
    ambient: float = 0.5
    gaze: tuple[float, float] = (0.0, 0.0)
    contrast: float = 1.0
    brightness: float = 0.0
    blur: float = 0.0
    noise: float = 0.0
    occluder: str = "none"
    occluder_place: float = 0.5
    watermark: str = ""
    backdrop: Colour = BACKDROPS[0]
    clutter: float = 0.25
    seed: int = 0


def sample_view(rng: np.random.Generator) -> View:
    """Draw a view from ``rng`` as varied as snapshots are: turned up to 24 degrees, lit from anywhere in front."""
    angle, height = float(rng.uniform(-1.3, 1.3)), float(rng.uniform(-1.0, 0.25))
    occluded = rng.random()
    return View(
        yaw=within(rng.normal(0.0, 0.16), -0.42, 0.42),
        pitch=within(rng.normal(0.0, 0.07), -0.18, 0.18),
        roll=within(rng.normal(0.0, 0.10), -0.28, 0.28),
        scale=float(rng.uniform(0.90, 1.10)),
        shift=(float(rng.normal(0.0, 0.035)), float(rng.normal(0.0, 0.035))),
        light=(float(np.sin(angle)), height, 0.35 + float(np.cos(angle)) * 0.7),
        ambient=float(rng.uniform(0.25, 0.8)),
        gaze=(within(rng.normal(0.0, 0.35), -1, 1), within(rng.normal(0.0, 0.2), -1, 1)),
        contrast=float(rng.uniform(0.65, 1.2)),
        brightness=float(rng.normal(0.0, 0.06)),
        blur=float(rng.uniform(0.0, 0.65)) if rng.random() < 0.5 else 0.0,
        noise=float(rng.uniform(0.004, 0.032)),
        occluder="hand" if occluded < 0.05 else "strand" if occluded < 0.10 else "none",
        occluder_place=float(rng.random()),
        watermark=WATERMARKS[int(rng.integers(len(WATERMARKS)))] if rng.random() < 0.06 else "",
        backdrop=BACKDROPS[int(rng.integers(len(BACKDROPS)))],
        clutter=float(rng.uniform(0.0, 1.0)),
        seed=int(rng.integers(2**31)),
    )

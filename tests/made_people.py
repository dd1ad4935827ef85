"""A drawn set like CK+: several clips of each person, and several frames of each clip that hardly differ."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

WORDS = ("anger", "contempt", "disgust", "fear", "happy", "sadness", "surprise")


def write_people(
    root: Path, people: int = 21, clips: int = 3, frames: int = 3, *, named: bool = True, seed: int = 0
) -> Path:
    """Write class folders of 48x48 pictures, named as CK+ names them, or numbered through.

    A person's pictures share waves of their own, a clip's all but the camera's noise.
    """
    rng = np.random.default_rng(seed)
    number = 0

    def waves(width: float, height: float) -> np.ndarray:
        drawn = gaussian_filter(rng.normal(0, 1, (48, 48)), width)
        return np.asarray(drawn / np.abs(drawn).max() * height)

    for person in range(people):
        own = 128 + waves(5, 80)
        for clip in range(clips):
            folder = root / WORDS[(person + clip) % 7]
            folder.mkdir(parents=True, exist_ok=True)
            face = own + waves(4, 25)
            for frame in range(frames):
                pixels = (face + rng.normal(0, 2, (48, 48))).clip(0, 255).astype(np.uint8)
                name = f"S{person + 5:03d}_{clip + 1:03d}_{frame + 15:08d}" if named else f"{number:05d}"
                Image.fromarray(pixels).save(folder / f"{name}.png")
                number += 1
    return root

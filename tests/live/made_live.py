"""Faces that are no faces: textured squares on a grey wall, a detector that is told where they are, and small films."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from engine.media.film_writer import FilmWriter
from engine.records import FaceBox, UInt8
from tests.made import ROOT

SIDE = 48
SAMPLES = ROOT / "dashboard" / "samples"


def texture(seed: int, side: int = SIDE) -> UInt8:
    """A coloured pattern, smooth enough to be searched for, another for each seed: (side, side, 3) uint8."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(40, 215, (6, 6, 1)) * rng.uniform(0.4, 1.0, (1, 1, 3))
    return np.asarray(cv2.resize(coarse.astype(np.uint8), (side, side), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def scene(faces: Sequence[tuple[int, float, float]], size: tuple[int, int] = (320, 240)) -> UInt8:
    """A wall with textures, (seed, left, top) each, the later ones in front: (H, W, 3) uint8."""
    picture = np.full((size[1], size[0], 3), 120, dtype=np.uint8)
    for seed, left, top in faces:
        matrix = np.array([[1, 0, left], [0, 1, top]], dtype=np.float64)
        drawn = cv2.warpAffine(texture(seed), matrix, size, borderMode=cv2.BORDER_REPLICATE)
        where = cv2.warpAffine(np.full((SIDE, SIDE), 255, np.uint8), matrix, size) > 127
        picture[where] = drawn[where]
    return picture


def box(left: float, top: float, side: float = SIDE) -> FaceBox:
    return FaceBox(round(left), round(top), round(side), round(side))


class Told:
    """A detector that finds what it is told, in pixels of the picture it is given, and counts."""

    def __init__(self, *boxes: FaceBox) -> None:
        self.boxes = boxes
        self.sizes: list[tuple[int, int]] = []

    def detect(self, pixels: UInt8) -> tuple[FaceBox, ...]:
        self.sizes.append((pixels.shape[1], pixels.shape[0]))
        return self.boxes


def photograph(width: int = 320) -> UInt8:
    """Two public-domain portraits side by side, which the real detector finds: (H, W, 3) uint8 RGB."""
    bgr = cv2.imread(str(SAMPLES / "two-faces.jpg"))
    height = round(bgr.shape[0] * width / bgr.shape[1])
    return np.asarray(cv2.cvtColor(cv2.resize(bgr, (width, height)), cv2.COLOR_BGR2RGB), dtype=np.uint8)


def write_film(path: Path, pictures: Sequence[UInt8], rate: float = 10.0) -> Path:
    with FilmWriter(path, pictures[0].shape[1], pictures[0].shape[0], rate) as writer:
        for index, picture in enumerate(pictures):
            writer.write(picture, index / rate)
    return path


def grey_film(path: Path, frames: int = 20, rate: float = 10.0, size: tuple[int, int] = (96, 64)) -> Path:
    """A film whose frames are told apart by their brightness, 20 + 10 * index."""
    pictures = [np.full((size[1], size[0], 3), 20 + 10 * index, dtype=np.uint8) for index in range(frames)]
    return write_film(path, pictures, rate)


def brightness(picture: UInt8) -> int:
    """The index of a frame of :func:`grey_film`."""
    return round((float(picture.mean()) - 20) / 10)

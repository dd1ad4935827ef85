"""Which part of the face each pixel belongs to, and how much of a map lies on each part.

Built-in faces have exact regions. Other datasets are taken to be crops that a face detector has framed as FER2013's
are, and get one template for all: rectangles and an oval in fractions of the crop, read off the mean of FER2013's
PrivateTest pictures (brows about 0.27 of the height down, pupils 0.37, tip of the nose 0.62, mouth 0.78; the face
about 0.78 of the width). A template is right on average only: a turned or tilted head is not followed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.data.drawn import synthetic_face
from engine.statistics.maps import area_average

Float32 = NDArray[np.float32]
UInt8 = NDArray[np.uint8]

REGIONS: Final[tuple[str, ...]] = (
    "brows", "eyes", "nose", "mouth", "cheeks", "forehead", "chin", "other_skin", "off_face",
)  # fmt: skip
"""They partition a picture. ``other_skin``: temples, ears, neck, a hand; ``off_face``: background, hair, clothes."""

OVAL: Final[tuple[float, float, float, float]] = (0.5, 0.46, 0.39, 0.56)
"""The template's face: centre x, centre y, half width, half height, as fractions of the crop."""

TEMPLATE: Final[tuple[tuple[str, tuple[float, float, float, float]], ...]] = (
    ("cheeks", (0.0, 0.43, 1.0, 0.86)),
    ("forehead", (0.0, 0.0, 1.0, 0.22)),
    ("forehead", (0.44, 0.22, 0.56, 0.32)),
    ("chin", (0.0, 0.86, 1.0, 1.0)),
    ("brows", (0.17, 0.22, 0.44, 0.32)),
    ("brows", (0.56, 0.22, 0.83, 0.32)),
    ("eyes", (0.17, 0.32, 0.44, 0.43)),
    ("eyes", (0.56, 0.32, 0.83, 0.43)),
    ("nose", (0.44, 0.32, 0.56, 0.43)),
    ("nose", (0.40, 0.43, 0.60, 0.67)),
    ("mouth", (0.30, 0.70, 0.70, 0.86)),
)
"""Rectangles (left, top, right, bottom) in fractions of the crop, cut off at the oval; a later one lies on top."""

SYNTHETIC_NAMES: Final[dict[str, str]] = {"background": "off_face", "hair": "off_face"}
"""What the built-in faces call otherwise; every other region of theirs has the same name here."""


def template_map(size: int) -> UInt8:
    """Return uint8 (size, size): the template as indices into :data:`REGIONS`, each pixel judged at its centre."""
    at = (np.arange(size) + 0.5) / size
    x, y = np.meshgrid(at, at)
    centre_x, centre_y, half_width, half_height = OVAL
    face = ((x - centre_x) / half_width) ** 2 + ((y - centre_y) / half_height) ** 2 <= 1.0
    regions = np.where(face, REGIONS.index("other_skin"), REGIONS.index("off_face")).astype(np.uint8)
    for name, (left, top, right, bottom) in TEMPLATE:
        regions[face & (x >= left) & (x < right) & (y >= top) & (y < bottom)] = REGIONS.index(name)
    return regions


def synthetic_map(face_id: str, size: int) -> UInt8:
    """Return uint8 (size, size): the exact regions of a built-in face as indices into :data:`REGIONS`."""
    face = synthetic_face(face_id, size)
    numbers = [REGIONS.index(SYNTHETIC_NAMES.get(name, name)) for name in face.region_names]
    return np.asarray(np.array(numbers, np.uint8)[face.regions])


def region_maps(dataset: str, ids: Sequence[str], size: int) -> UInt8:
    """Return the regions of pictures: uint8 (B, size, size) for built-in faces, (1, size, size) for all others."""
    if dataset == "synthetic":
        return np.stack([synthetic_map(face_id, size) for face_id in ids])
    return template_map(size)[None]


def region_covers(regions: UInt8, grid: tuple[int, int]) -> Float32:
    """Return float32 (B, R, h, w): the share of each cell of ``grid`` that each region takes; sums to 1 over R."""
    masks = [area_average(regions == index, grid) for index in range(len(REGIONS))]
    return np.stack(masks, axis=1).astype(np.float32)


class PictureRegions:
    """The regions of pictures, laid over maps of any grid; what a grid needs is worked out once.

    Args:
        regions: uint8 (B, S, S) for B pictures, or (1, S, S) for all pictures alike, as of :func:`region_maps`; None
            where pictures are not of faces and have no such regions: every mass is NaN.
    """

    def __init__(self, regions: UInt8 | None) -> None:
        self._known = regions is not None
        regions = np.zeros((1, 1, 1), np.uint8) if regions is None else regions
        self._regions = regions
        self._bins = regions.astype(np.int64) + len(REGIONS) * np.arange(len(regions))[:, None, None]
        self._covers: dict[tuple[int, int], Float32] = {}

    def masses(self, maps: NDArray[np.floating]) -> Float32:
        """Return float32 (B, R) in [0, 1]: each region's share of a map's positive sum; NaN for a map without any.

        Args:
            maps: (B, h, w), any sign; what is negative counts as 0.
        """
        if not self._known:
            return np.full((len(maps), len(REGIONS)), np.nan, dtype=np.float32)
        side, grid = self._regions.shape[1], (maps.shape[1], maps.shape[2])
        if len(self._regions) == len(maps) and side % grid[0] == side % grid[1] == 0:
            return self._counted(maps)
        if grid not in self._covers:
            self._covers[grid] = region_covers(self._regions, grid)
        return region_masses(maps, self._covers[grid])

    def _counted(self, maps: NDArray[np.floating]) -> Float32:
        """Masses where each cell is a whole number of pixels: a count over pixels, many times quicker than covers."""
        side, (height, width) = self._regions.shape[1], maps.shape[1:]
        cells = np.maximum(maps, 0.0).astype(np.float64)
        pixels = cells.repeat(side // height, axis=1).repeat(side // width, axis=2)
        total = len(maps) * len(REGIONS)
        inside = np.bincount(self._bins.ravel(), weights=pixels.ravel(), minlength=total)
        return _shares(inside.astype(np.float64, copy=False).reshape(len(maps), -1))


def _shares(inside: NDArray[np.float64]) -> Float32:
    """Turn sums (B, R) into shares of each row's total, NaN where that is 0."""
    total = inside.sum(axis=1, keepdims=True)
    return np.asarray(inside / np.where(total > 0.0, total, np.nan), dtype=np.float32)


def region_masses(maps: NDArray[np.floating], covers: Float32) -> Float32:
    """Return float32 (B, R) in [0, 1]: each region's share of a map's positive sum; NaN for a map without any.

    Args:
        maps: (B, h, w), any sign; what is negative counts as 0.
        covers: (B, R, h, w), or (1, R, h, w) for all pictures alike.
    """
    positive = np.maximum(maps, 0.0).astype(np.float64).reshape(len(maps), -1)
    flat = covers.reshape(*covers.shape[:2], -1).astype(np.float64)
    inside = positive @ flat[0].T if len(flat) == 1 else np.einsum("bd,brd->br", positive, flat)
    return _shares(inside)

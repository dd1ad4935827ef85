"""The parts of one face, as a record: which pixels are its brows, eyes, nose, mouth and so on.

The regions of one face crop as a model takes it: exact for a built-in face, a template's for any other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.edit.face_template import REGIONS, SYNTHETIC_NAMES, synthetic_map, template_map
from engine.errors import UnknownNameError
from engine.media.faces import crop_face
from engine.records import Domain, FaceBox, InputSpec, UInt8
from engine.synthetic import SyntheticFace

Bool = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class FaceRegions:
    """A partition of a crop.

    Attributes:
        names: what the indices mean.
        indices: uint8 (H, W), the region of each pixel.
        exact: True where they are known (a built-in face); False for a template, which is right on average only.
    """

    names: tuple[str, ...]
    indices: UInt8
    exact: bool

    def __post_init__(self) -> None:
        if self.indices.dtype != np.uint8 or self.indices.ndim != 2 or self.indices.size == 0:
            raise ValueError(f"expected a uint8 map (H, W), got {self.indices.dtype} with shape {self.indices.shape}")
        if int(self.indices.max()) >= len(self.names):
            raise ValueError(f"expected indices below {len(self.names)}, got {int(self.indices.max())}")

    @property
    def present(self) -> tuple[str, ...]:
        """The regions that have a pixel, in the order of the names: a hat may leave no forehead."""
        there = set(np.unique(self.indices).tolist())
        return tuple(name for index, name in enumerate(self.names) if index in there)

    def mask(self, names: Iterable[str]) -> Bool:
        """Return bool (H, W): where any of ``names`` lies; nowhere for none."""
        numbers = []
        for name in names:
            if name not in self.names:
                raise UnknownNameError("region", name, self.names)
            numbers.append(self.names.index(name))
        return np.asarray(np.isin(self.indices, numbers))


def template_parts(size: int) -> FaceRegions:
    """Return the template of aligned crops, (size, size): right on average only."""
    return FaceRegions(REGIONS, template_map(size), exact=False)


PICTURE_PARTS: Final[tuple[str, ...]] = tuple(
    f"{row}_{column}" for row in ("upper", "middle", "lower") for column in ("left", "centre", "right")
)
"""The parts of a picture that need not show a face: nine equal fields, row by row."""


def picture_parts(height: int, width: int) -> FaceRegions:
    """Return nine equal fields, (height, width), for a model that is not about faces."""
    rows, columns = (np.arange(side) * 3 // side for side in (height, width))
    return FaceRegions(PICTURE_PARTS, (3 * rows[:, None] + columns).astype(np.uint8), exact=True)


def parts_for(parts: FaceRegions, spec: InputSpec, domain: Domain) -> FaceRegions:
    """Return the regions of a square crop as a model takes it: stretched to a rectangle, or a picture's own fields."""
    if domain == "pictures":
        return picture_parts(spec.height, spec.width)
    if parts.indices.shape == (spec.height, spec.width):
        return parts
    rows, columns = (np.arange(side) * len(parts.indices) // side for side in (spec.height, spec.width))
    return FaceRegions(parts.names, np.ascontiguousarray(parts.indices[np.ix_(rows, columns)]), parts.exact)


def drawn_map(face: SyntheticFace) -> UInt8:
    """Return a built-in face's own regions, uint8 (S, S), as indices into REGIONS."""
    numbers = np.array([REGIONS.index(SYNTHETIC_NAMES.get(name, name)) for name in face.region_names], np.uint8)
    return np.asarray(numbers[face.regions])


def crop_parts(regions: UInt8, box: FaceBox | None, size: int) -> FaceRegions:
    """Cut a picture's exact regions as its face was cut, and bring them to the model's size.

    Args:
        regions: uint8 (S, S), of the whole picture, which is square.
        box: the face's, or None where the whole picture was taken.
        size: the model's, in pixels; each pixel takes the region at its centre.
    """
    cut = regions if box is None else crop_face(regions, box)
    place = ((np.arange(size) + 0.5) * (len(cut) / size)).astype(np.intp)
    return FaceRegions(REGIONS, np.ascontiguousarray(cut[np.ix_(place, place)]), exact=True)


def dataset_parts(face_id: str, size: int) -> FaceRegions:
    """Return the exact regions, (size, size), of the built-in face that ``face_id`` names."""
    return FaceRegions(REGIONS, synthetic_map(face_id, size), exact=True)

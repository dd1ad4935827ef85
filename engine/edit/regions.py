"""The parts of one face, as a record: which pixels are its brows, eyes, nose, mouth and so on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import UnknownNameError
from engine.records import UInt8

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

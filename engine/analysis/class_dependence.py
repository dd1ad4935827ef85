"""Which stored maps can depend on the class at all.

A channel, spatial or cross gate is computed from the picture before any class is scored: for one picture it is the same
whichever class is asked about. Its means differ between classes only because their pictures differ. An ``emotion`` gate
has one map for each class, and Grad-CAM is taken for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

GRADCAM: Final = "gradcam."
RECEIVED: Final = ".received"


def is_gradcam(layer: str) -> bool:
    """Say whether a stored map is a Grad-CAM: evidence without a unit, not a gate."""
    return layer.startswith(GRADCAM)


def is_received(layer: str) -> bool:
    """Say whether a stored map is a ``cross`` gate's: the share of all attention that each cell receives, sum 1."""
    return layer.endswith(RECEIVED)


def depends_on_class(layer: str, classes: Sequence[str]) -> bool:
    """Say whether one picture has different maps of this name for different classes.

    Args:
        layer: as stored, for example ``block2.spatial``, ``gradcam.true`` or, of an emotion gate, ``head.happy``.
        classes: K class names.
    """
    return is_gradcam(layer) or layer.rpartition(".")[2] in classes

"""What stands in for pixels that a person hides: blur, grey, or what the neighbours suggest.

``blur`` and ``neighbour`` are the stand-ins that faithfulness is measured with (:mod:`engine.trust.imputers`), so
that what is seen by hand and what is measured speak of the same pictures. ``grey`` is the plain patch that most tools
use: no face looks like it, and a model may answer to the patch itself.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.edit.regions import Bool
from engine.errors import UnknownNameError
from engine.records import Float32, UInt8
from engine.trust.imputers import Imputer, blur, road

GREY: Final = 128
"""The grey of a patch, of 255."""


def grey(picture: UInt8, removed: Bool, seed: int = 0) -> Float32:  # noqa: ARG001 - fills are called alike
    """Fill the removed pixels with one grey; see :data:`engine.trust.imputers.Imputer` for shapes."""
    mask = removed if picture.ndim == 2 else removed[..., None]
    return np.where(mask, np.float32(GREY), picture[None].astype(np.float32))


FILLS: Final[dict[str, Imputer]] = {"blur": blur, "grey": grey, "neighbour": road}
"""The fills by name; the first is the default."""


def fill_hidden(picture: UInt8, hidden: Bool, fill: str, seed: int = 0) -> UInt8:
    """Fill what is hidden, mask by mask; every other pixel stays as it is.

    Args:
        picture: uint8 (H, W) or (H, W, 3).
        hidden: bool (M, H, W).
        fill: a key of :data:`FILLS`.
        seed: of the noise that ``neighbour`` adds.

    Returns:
        uint8 (M, H, W) or (M, H, W, 3).
    """
    if fill not in FILLS:
        raise UnknownNameError("fill", fill, FILLS)
    return np.clip(np.rint(FILLS[fill](picture, hidden, seed)), 0, 255).astype(np.uint8)

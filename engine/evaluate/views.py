"""How a picture is looked at to be measured: once, with its mirror image, or in ten crops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from torch import Tensor

from engine.data.transforms import mirrored, ten_crop
from engine.errors import UnknownNameError


@dataclass(frozen=True)
class Views:
    """One way of looking.

    Attributes:
        words: as it stands in documents and beside figures. short: the same in a table's cell.
        count: forward passes a picture.
        make: (B, C, S, S) to (count, B, C, S, S).
    """

    words: str
    short: str
    count: int
    make: Callable[[Tensor], Tensor]


SINGLE: Final = "single"
MIRROR: Final = "mirror"
TTA: Final = "tta"

VIEWS: Final[dict[str, Views]] = {
    SINGLE: Views("single view", "single view", 1, lambda batch: batch[None]),
    MIRROR: Views(
        "the picture and its mirror image: two views, mean probability", "picture and mirror image", 2, mirrored
    ),
    TTA: Views(
        "four corners and centre at 11/12 of the side, each also mirrored: ten crops, mean probability",
        "ten crops",
        10,
        ten_crop,
    ),
}
"""By the last part of a measurement's key on a card."""


def find_views(name: str) -> Views:
    """Return a way of looking.

    Raises:
        UnknownNameError: there is none of that name.
    """
    if name not in VIEWS:
        raise UnknownNameError("kind of views", name, VIEWS)
    return VIEWS[name]

"""What one picture may cost, however few bytes it has; and the sentence when it would cost more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.errors import PictureError


@dataclass(frozen=True)
class Budget:
    """The bounds of one decoding.

    Attributes:
        pixels: width times height, judged from the header before anything is decoded.
        seconds: of computing, after which the process that does it is ended.
        memory: bytes by which decoding may let the memory grow, its result and the file's bytes with it.
        wait_seconds: for other pictures' decoding to end: large and suspicious ones are decoded one at a time.
    """

    pixels: int = 40_000_000
    seconds: float = 5.0
    memory: int = 1_000_000_000
    wait_seconds: float = 30.0

    def __post_init__(self) -> None:
        if min(self.pixels, self.seconds, self.memory, self.wait_seconds) <= 0:
            raise ValueError(f"expected bounds above zero, got {self}")


PICTURE: Final = Budget()
"""Of a picture that a person hands in."""
DATASET_PICTURE: Final = Budget(pixels=50_000_000)
"""Of a picture in a dataset, which no stranger chose."""

NARROWEST: Final = 100
"""A side may be this many times the other: what is longer is no picture of a face, and shrinks to nothing in a page."""


class OverBudgetError(PictureError):
    """A picture that would cost more than its budget.

    Attributes:
        limit: what is allowed, as ``5 seconds``.
    """

    def __init__(self, limit: str, shown: str) -> None:
        self.limit = limit
        super().__init__(
            f"Expected a picture that is decoded within {limit}, but '{shown}' needs more; "
            "open it in a picture editor and save it as a plain JPEG or PNG."
        )


def too_slow(budget: Budget, shown: str) -> OverBudgetError:
    """Return the error for a picture whose decoding was ended after its seconds."""
    return OverBudgetError(f"{budget.seconds:g} seconds", shown)


def too_hungry(budget: Budget, shown: str) -> OverBudgetError:
    """Return the error for a picture whose decoding asked for more memory."""
    return OverBudgetError(f"{budget.memory // 10**6:,} MB of memory", shown)

"""What stands in the columns of Compare: several models on one picture, or two pictures under one model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dashboard.shell.frame import COMPARED
from engine.errors import UsageError
from engine.records import FaceExplanation

MODES: Final[tuple[str, ...]] = COMPARED
MODELS, PICTURES = COMPARED


@dataclass(frozen=True, eq=False)
class Columns:
    """The columns, from left to right.

    Attributes:
        of: :data:`MODELS` or :data:`PICTURES`.
        names: what each is called: the model, or the picture.
        explained: one a column.
        pair: which two are subtracted, as indices.
    """

    of: str
    names: tuple[str, ...]
    explained: Sequence[FaceExplanation]
    pair: tuple[int, int] = (0, 1)

    def __post_init__(self) -> None:
        if self.of not in MODES or len(self.names) != len(self.explained) or len(set(self.names)) != len(self.names):
            raise UsageError(
                f"Expected columns of {' or '.join(MODES)}, each with a name of its own, got {self.of}: "
                f"{', '.join(self.names)} for {len(self.explained)} explanations."
            )

    @property
    def one_model(self) -> bool:
        """Whether all columns are of the same network, whose channels are then the same features."""
        return self.of == PICTURES


def titles_of(first: str, second: str) -> tuple[str, str]:
    """Return two pictures' names as columns are headed; the same name twice is told apart."""
    return (first, second) if first != second else (f"{first} (first)", f"{second} (second)")

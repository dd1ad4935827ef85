"""What a person changes on a face to see what the model makes of it: one frozen record.

Places are regions by name or brush strokes in 256ths of the crop, so an edit can be put on any face at any size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.edit.fills import FILLS
from engine.errors import UnknownNameError, UsageError
from engine.explain.stroke import Stroke

DEFAULT_FILL: Final = next(iter(FILLS))


@dataclass(frozen=True)
class Span:
    """What a number of an edit may be: whole steps from ``low`` to ``high``; ``neutral`` changes nothing."""

    low: int
    high: int
    neutral: int
    unit: str


SPANS: Final[dict[str, Span]] = {
    "brightness": Span(-50, 50, 0, "% of the range from black to white, added"),
    "contrast": Span(20, 200, 100, "% of the differences from the mean"),
    "rotation": Span(-90, 90, 0, "degrees counter-clockwise"),
    "blur_tenths": Span(0, 40, 0, "tenths of a pixel, standard deviation"),
}
"""The numbers of an edit by the name of their field."""


@dataclass(frozen=True)
class Edit:
    """An edit of one face; the default changes nothing. :mod:`engine.edit.apply` says in which order it is applied.

    Attributes:
        strokes: of the brush; what lies under them is hidden.
        hidden: names of regions that are hidden.
        fill: what stands in for what is hidden, a key of FILLS.
        swapped: names of regions taken from a second face.
        brightness, contrast, rotation, blur_tenths: see :data:`SPANS`.
    """

    strokes: tuple[Stroke, ...] = ()
    hidden: tuple[str, ...] = ()
    fill: str = DEFAULT_FILL
    swapped: tuple[str, ...] = ()
    brightness: int = SPANS["brightness"].neutral
    contrast: int = SPANS["contrast"].neutral
    rotation: int = SPANS["rotation"].neutral
    blur_tenths: int = SPANS["blur_tenths"].neutral

    def __post_init__(self) -> None:
        if self.fill not in FILLS:
            raise UnknownNameError("fill", self.fill, FILLS)
        for what, names in (("hidden", self.hidden), ("swapped", self.swapped)):
            if len(set(names)) < len(names):
                raise UsageError(f"Each region is {what} once at most, got {', '.join(names)}; name it once.")
        for name, span in SPANS.items():
            value = getattr(self, name)
            if not isinstance(value, int) or not span.low <= value <= span.high:
                raise UsageError(f"{name} is a whole number from {span.low} to {span.high}, got {value}; choose one.")

    @property
    def is_identity(self) -> bool:
        """Whether it changes nothing; a fill with nothing to fill does not count."""
        return not (self.strokes or self.hidden or self.swapped) and all(
            getattr(self, name) == span.neutral for name, span in SPANS.items()
        )

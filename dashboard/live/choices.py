"""What a viewer chooses on the live page, checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from engine.errors import UnknownNameError, UsageError
from engine.live.annotate import Drawing
from engine.live.frame import OVERLAYS, OverlayKind
from engine.live.pipeline import LiveSettings
from engine.live.smoothing import NO_SMOOTHING, Smoothing

OVERLAY_WORDS: Final[dict[OverlayKind, str]] = {
    "none": "nothing",
    "gate": "attention gate",
    "gradcam": "Grad-CAM",
}
"""What stands in the menu for each of the engine's overlays."""
LONGEST_HALF_LIFE: Final = 3.0


def usual_drawing(gates: Sequence[str]) -> OverlayKind:
    """Return what is drawn where nobody has chosen: the attention gate, and nothing for a model without ``gates``."""
    return "gate" if gates else "none"


if set(OVERLAY_WORDS) != set(OVERLAYS):
    raise ValueError(f"expected words for {sorted(OVERLAYS)}, got some for {sorted(OVERLAY_WORDS)}")


@dataclass(frozen=True)
class Choices:
    """The controls' values.

    Attributes:
        model: the main checkpoint.
        beside: a second one whose answers stand in a second picture; None for none.
        overlay: what is drawn on each face.
        layer: where the overlay is taken; None for the last.
        opacity: of the overlay, 0 to 1.
        mirror: whether the picture is shown as in a mirror.
        half_life_seconds: of the smoothing, 0 (each frame by itself) to :data:`LONGEST_HALF_LIFE`.
    """

    model: str
    beside: str | None = None
    overlay: OverlayKind = "none"
    layer: str | None = None
    opacity: float = 0.55
    mirror: bool = True
    half_life_seconds: float = field(default=Smoothing().half_life_seconds)

    def __post_init__(self) -> None:
        if self.overlay not in OVERLAYS:
            raise UnknownNameError("overlay", str(self.overlay), OVERLAYS)
        if self.beside == self.model:
            raise UsageError(f"Expected two different models, got '{self.model}' twice; choose another one beside it.")
        if not 0.0 <= self.half_life_seconds <= LONGEST_HALF_LIFE:
            raise UsageError(
                f"Expected a smoothing from 0 to {LONGEST_HALF_LIFE:g} seconds, got {self.half_life_seconds}; "
                "choose another."
            )
        self.drawing()

    @property
    def models(self) -> tuple[str, ...]:
        """One or two names, the main one first."""
        return (self.model,) if self.beside is None else (self.model, self.beside)

    def settings(self) -> LiveSettings:
        """Return what the pipeline needs to know; without smoothing labels are not held back either."""
        smoothing = Smoothing(half_life_seconds=self.half_life_seconds) if self.half_life_seconds else NO_SMOOTHING
        return LiveSettings(overlay=self.overlay, layer=self.layer, smoothing=smoothing)

    def drawing(self) -> Drawing:
        """Return how to draw; what stands in the picture's corner elsewhere is written beside it here."""
        return Drawing(opacity=self.opacity, status=False)

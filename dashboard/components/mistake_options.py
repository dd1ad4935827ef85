"""What the filters of the Misclassifications page offer, and what each choice means to a query."""

from __future__ import annotations

from typing import Any, Final

LOSS_MOST: Final = 10.0
"""End of the loss filter, in nats; there it bounds nothing. A fixed end, so that addresses mean the same anywhere."""
RANGES: Final[dict[str, tuple[float, float, float]]] = {
    "confidence": (0.0, 1.0, 0.01),
    "loss": (0.0, LOSS_MOST, 0.1),
    "margin": (-1.0, 1.0, 0.02),
}
"""Column → lowest, highest, step; an end of the range is no bound."""
AGREES: Final[dict[str, bool | None]] = {"any": None, "agree": True, "differ": False}
COPY: Final[dict[str, Any]] = {"any": None, "only copies": "only", "one of each": "first"}
NEAR_COPY: Final[dict[str, Any]] = {"any": None, "only near copies": "only", "one of each": "first"}
IN_TRAINING: Final[dict[str, bool | None]] = {"any": None, "yes": True, "no": False}
SUSPICIOUS: Final[dict[str, bool | None]] = {"any": None, "suspect": True, "not suspect": False}

NEAR_WORDS: Final = (
    "Pictures in this split that look alike to two perceptual hashes, though pixels differ; a few may be different "
    "pictures. One of each: one of all that look alike, exact copies among them."
)

"""Where the sample photographs lie, and where a box has its middle."""

from __future__ import annotations

from pathlib import Path

from engine.records import FaceBox

SAMPLES = Path(__file__).parents[2] / "dashboard" / "samples"


def centre(box: FaceBox) -> tuple[float, float]:
    """Return the middle of a box, (x, y) in pixels."""
    return box.x + box.width / 2, box.y + box.height / 2

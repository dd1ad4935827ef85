"""Short scripts with few expressions, quick to draw."""

from __future__ import annotations

from engine.benchmarks.scripted_film import Actor, Place, Script

ONE = Script(
    "one",
    (
        Actor(
            3,
            (Place(0, 120, 120, 130), Place(2, 180, 125, 170)),
            ((0.0, "happy"), (1.0, "surprise")),
            sway=2.0,
        ),
    ),
    seconds=2.0,
    width=320,
    height=240,
    frames_per_second=10.0,
)
"""One face that grows and goes to the right."""

TWO = Script(
    "two",
    (
        Actor(6, (Place(0, 80, 115, 110), Place(2, 240, 115, 110)), ((0.0, "neutral"),), sway=0.0),
        Actor(9, (Place(0, 240, 120, 120), Place(2, 80, 120, 120)), ((0.0, "neutral"),), sway=0.0),
    ),
    seconds=2.0,
    width=320,
    height=240,
    frames_per_second=10.0,
)
"""Two faces that cross in the middle."""

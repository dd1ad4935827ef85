"""Frames that come faster than a camera may send them."""

from __future__ import annotations

from typing import Final

EARLY_FRAMES: Final = 2.5
"""How far frames may run ahead of their times: a network delivers some late and the next ones close behind."""


class Pace:
    """The generic cell rate algorithm (ITU-T I.371): an even rate, of which single frames may come too early.

    Args:
        frames_per_second: in the long run.
    """

    def __init__(self, frames_per_second: float) -> None:
        self._spacing = 1.0 / frames_per_second
        self._due: float | None = None  # when the next frame would come at an even pace

    def allows(self, now: float) -> bool:
        """Count a frame at ``now`` (seconds); False, and not counted, where too many came before it."""
        due = now if self._due is None else max(self._due, now)
        if due - now > EARLY_FRAMES * self._spacing:
            return False
        self._due = due + self._spacing
        return True

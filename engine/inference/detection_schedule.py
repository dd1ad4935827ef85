"""When to look for faces anew: seldom where all is well, at once where a face was lost."""

from __future__ import annotations

from typing import Final

LONGEST_SECONDS: Final = 0.5
"""However slowly frames come, faces are looked for as often as this."""


class DetectionSchedule:
    """The detector's turns for one stream.

    Args:
        every: frames from one detection to the next while all faces are followed well. Where none is known, or one is
            new or out of sight, it is half of that; where one was just lost, at once (but never more than once in two
            frames, so that a stream that cannot be followed does not cost a detection a frame).
    """

    def __init__(self, every: int) -> None:
        self.every = every
        self._frames = 0
        self._last: float | None = None

    def due(self, seconds: float, *, lost: bool, uncertain: bool) -> bool:
        """Return whether to detect in this frame, which counts; called once a frame.

        Args:
            seconds: when the frame was taken.
            lost: whether a face that was seen in the frame before is not in this one.
            uncertain: whether no face is known, or one waits for its second detection or is out of sight.
        """
        self._frames += 1
        wait = max(1, self.every // 2) if uncertain else self.every
        if lost:
            wait = min(2, wait)
        long_ago = self._last is None or not 0.0 <= seconds - self._last < LONGEST_SECONDS
        if self._frames < wait and not long_ago:
            return False
        self._frames, self._last = 0, seconds
        return True

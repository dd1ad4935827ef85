"""One frame is worked on, one waits: the latest. What waited before it is dropped."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class LatestTurn:
    """A queue of one for threads; safe to share between them.

    A frame that comes while another is worked on waits, so that its way to the server costs no pause. A third dismisses
    it: a slow machine drops frames instead of falling behind, and no more than two threads are ever held.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._latest = 0
        self._busy = False

    @contextmanager
    def take(self) -> Iterator[bool]:
        """Wait for the turn; the body gets True with it, or False where a later caller took the place in the queue."""
        with self._changed:
            self._latest += 1
            mine = self._latest
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._busy or self._latest != mine)
            granted = not self._busy and self._latest == mine
            if granted:
                self._busy = True
        try:
            yield granted
        finally:
            if granted:
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()

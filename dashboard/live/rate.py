"""Requests counted by client over the last minute."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

WINDOW_SECONDS: Final = 60.0
CLIENTS: Final = 10_000
"""Clients remembered; beyond that the one that was quiet longest is forgotten."""


class RateLimit:
    """A sliding window; safe to share between threads.

    Args:
        allowed: requests of one client in any minute.
        clock: seconds that never run backwards.
    """

    def __init__(self, allowed: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.allowed = allowed
        self._clock = clock
        self._times: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_seconds(self, client: str) -> float:
        """Count one request; return 0 where it may pass, else after how many seconds to try again (not counted)."""
        with self._lock:
            now = self._clock()
            times = self._times.setdefault(client, deque())
            self._times.move_to_end(client)
            while times and now - times[0] >= WINDOW_SECONDS:
                times.popleft()
            if len(times) >= self.allowed:
                return WINDOW_SECONDS - (now - times[0])
            times.append(now)
            while len(self._times) > CLIENTS:
                self._times.popitem(last=False)
            return 0.0

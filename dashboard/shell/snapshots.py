"""Where the live page is, and its snapshots on their way to Explain: in memory for minutes, under secret names."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

HELD_SECONDS: Final = 600.0
HELD: Final = 32
"""Snapshots at the same time; beyond that the oldest goes."""
ADDRESS: Final = "127.0.0.1"
"""Where the live page is served by itself."""
PORTS: Final = range(7860, 7880)
"""Where it is looked for, and served where no port is asked for: the first free one."""
LONGEST_SIDE: Final = 1_280
"""Of a camera frame, in pixels; the live page sends 640."""
ROUTE: Final = "/snapshot/"
"""Where the live page's server answers with the picture of a token."""


class Snapshots:
    """JPEG bytes by token; safe to share between threads."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._held: OrderedDict[str, tuple[float, bytes]] = OrderedDict()

    def hold(self, data: bytes) -> str:
        """Keep a picture for a while; return its token."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._forget()
            self._held[token] = (self._clock(), data)
            while len(self._held) > HELD:
                self._held.popitem(last=False)
        return token

    def get(self, token: str) -> bytes | None:
        """Return the picture, or None where there is none of that token any more."""
        with self._lock:
            self._forget()
            return self._held[token][1] if token in self._held else None

    def _forget(self) -> None:
        now = self._clock()
        while self._held and now - next(iter(self._held.values()))[0] > HELD_SECONDS:
            self._held.popitem(last=False)


SNAPSHOTS: Final = Snapshots()
"""Those of this process: where dashboard and live page are one process, Explain takes them from here."""


def explain_address(dashboard: str, token: str, model: str) -> str:
    """Return the address at which Explain opens the snapshot with the model."""
    return f"{dashboard.rstrip('/')}/Explain?{urlencode({'model': model, 'source': 'upload', 'snapshot': token})}"

"""All open pages of the server: who they are, how many cameras may run, and when they are forgotten."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from dashboard.live.choices import Choices
from dashboard.live.limits import Limits
from dashboard.live.live_loaders import LiveModels
from dashboard.live.viewer import Viewer
from engine.errors import UsageError

SILENT_SECONDS: Final = 15.0
"""A camera that sent nothing for so long does not count as running."""
FORGOTTEN_SECONDS: Final = 3_600.0
"""A page that sent nothing for so long is forgotten; it says then that it must be reloaded."""
PAGES: Final = 1_000
"""Open pages remembered, the latest used."""


class Viewers:
    """Pages by session and by token; safe to share between threads.

    Args:
        models: shared by all.
        limits: see :class:`Limits`.
        choices: the controls' values on a fresh page.
        clock: seconds that never run backwards.
    """

    def __init__(
        self, models: LiveModels, limits: Limits, choices: Choices, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.models, self.limits, self.choices = models, limits, choices
        self._clock = clock
        self._lock = threading.Lock()
        self._by_session: dict[str, Viewer] = {}
        self._by_token: dict[str, Viewer] = {}

    def __len__(self) -> int:
        return len(self._by_session)

    def open(self, session: str) -> Viewer:
        """Return the page of Gradio's session ``session``, a fresh one where it is not known."""
        with self._lock:
            self._forget()
            viewer = self._by_session.get(session)
            if viewer is None:
                viewer = Viewer(self.models, self.limits, self.choices, clock=self._clock)
                self._by_session[session] = self._by_token[viewer.token] = viewer
            viewer.used = self._clock()
            return viewer

    def by_token(self, token: object) -> Viewer:
        """Return the page that was given ``token``. Raises UsageError where it is none."""
        viewer = self._by_token.get(token) if isinstance(token, str) else None
        if viewer is None:
            raise UsageError("Expected an open page, but the server has forgotten this one; reload it.")
        return viewer

    def begin(self, viewer: Viewer) -> None:
        """Start the page's camera session.

        Raises:
            UsageError: as many cameras as are allowed run already.
            FerLensError: its models cannot be loaded.
        """
        with self._lock:
            now = self._clock()
            others = sum(
                other.running and now - other.used < SILENT_SECONDS
                for other in self._by_session.values()
                if other is not viewer
            )
            if others >= self.limits.viewers:
                raise UsageError(
                    f"Expected fewer than {self.limits.viewers} running cameras, but {others} run already; "
                    "try again when one has stopped."
                )
            viewer.running, viewer.used = True, now  # the place is taken before the models are loaded
        try:
            viewer.begin()
        except BaseException:
            viewer.running = False
            raise

    def close(self, session: str) -> None:
        """Forget a page that was closed, with its frames, faces and table."""
        with self._lock:
            self._drop(session)

    def _drop(self, session: str) -> None:
        viewer = self._by_session.pop(session, None)
        if viewer is not None:
            viewer.running = False
            self._by_token.pop(viewer.token, None)

    def _forget(self) -> None:
        now = self._clock()
        oldest_first = sorted(self._by_session, key=lambda session: self._by_session[session].used)
        too_many = len(oldest_first) - PAGES + 1
        for number, session in enumerate(oldest_first):
            if number < too_many or now - self._by_session[session].used > FORGOTTEN_SECONDS:
                self._drop(session)

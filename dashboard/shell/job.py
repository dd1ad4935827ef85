"""One piece of work in a thread of its own: how far it is, what it came to, and whether anybody still waits for it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from contextlib import nullcontext
from typing import Final, Generic, TypeVar

from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard.shell.costs import Costs, Work
from dashboard.shell.loaders import beside
from engine.errors import FerLensError

T = TypeVar("T")
_LOG: Final = logging.getLogger(__name__)
UNKNOWN: Final = (
    "This ended in an error that FERLens does not know; the server's log says more. Try it once more; if it ends so "
    "again, report it with what you handed over."
)
GONE_SECONDS: Final = 60.0
"""After so long without its visitor, who closed the page, work ends at its next step: nobody waits for it."""

Step = tuple[int, int | None, str]
"""Steps done, steps wanted or None where that is not known, and what is being done."""
Tell = Callable[[int, int | None, str], None]
"""Called by the work with its :data:`Step`; it ends the work that was stopped."""


class Stopped(BaseException):
    """Raised in the thread of work that a person stopped; no error of anything, so that nothing takes it for one."""


class Visitor:
    """Whoever's run begins the work, as long as their browser is connected."""

    def __init__(self) -> None:
        run = get_script_run_ctx(suppress_warning=True)
        self._session = run.session_id if run is not None and runtime.exists() else None
        self._seen = self._looked = time.monotonic()

    def is_gone(self) -> bool:
        """Whether they have been away for :data:`GONE_SECONDS`; looks once a second."""
        now = time.monotonic()
        if self._session is None or now - self._looked < 1.0:
            return False
        self._looked = now
        if runtime.get_instance().is_active_session(self._session):
            self._seen = now
        return now - self._seen > GONE_SECONDS


class Job(Generic[T]):
    """One piece of work, begun once.

    Attributes:
        name, key: what sort of work, about what. costing: its cost, by which its time is promised.
        promised: how many seconds it will take, as far as that is known; began: when it did.
        step: how far it is. waits: whether other work of this visitor comes first.
        done: is set when it has ended; then value, problem and stopped say how.
        prepare: is called before the clock starts.
    """

    def __init__(self, name: str, key: Hashable, costing: Work | None) -> None:
        self.name, self.key, self.costing = name, key, costing
        self.done: Future[None] = Future()
        self.stop = threading.Event()
        self.value: T | None = None
        self.problem = ""
        self.stopped = False
        self.step: Step = (0, None, "")
        self.promised: float | None = None
        self.began = time.monotonic()
        self.waits = False
        self.prepare: Callable[[], object] | None = None
        self._visitor = Visitor()

    @property
    def seconds(self) -> float:
        """How long it has been at it."""
        return time.monotonic() - self.began

    def tell(self, done: int, wanted: int | None = None, words: str = "") -> None:
        """Note how far the work is. Raises Stopped where a person stopped it, or left."""
        if self.stop.is_set() or self._visitor.is_gone():
            raise Stopped
        self.step = (done, wanted, words)

    def run(self, work: Callable[[], T], turn: threading.Lock | None, record: Costs | None) -> None:
        """Do it, in its thread; whatever it comes to, the page that waits hears of it."""
        try:
            self._take(turn)
            try:
                with nullcontext() if turn is None else beside():
                    if self.prepare is not None:  # what is done once, such as copying a model, is no part of the cost
                        self.prepare()
                    self.began = time.monotonic()
                    self.value = work()
                took = self.seconds
            finally:
                if turn is not None:
                    turn.release()
            if record is not None and self.costing is not None:
                record.note(self.costing, took)
            if self.promised is not None:
                _LOG.info("%s: promised %.2f s, took %.2f s", self.name, self.promised, took)
        except Stopped:
            self.stopped = True
        except FerLensError as error:
            self.problem = str(error)
        except BaseException:  # noqa: BLE001  # whatever it is, the page that waits must hear of it
            _LOG.exception("%s ended in an unknown error", self.name)
            self.problem = UNKNOWN
        self.done.set_result(None)

    def _take(self, turn: threading.Lock | None) -> None:
        """Wait for the visitor's other work: two at once would each break the other's promise."""
        if turn is None:
            return
        while not turn.acquire(timeout=0.05):
            self.waits = True
            if self.stop.is_set() or self._visitor.is_gone():
                raise Stopped
        self.waits = False

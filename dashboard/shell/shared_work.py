"""Work whose outcome is the same for all visitors: done once in a thread of its own, and ended when nobody waits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Final, Generic, TypeVar

T = TypeVar("T")
Note = Callable[[str, int], None]
"""Called by the work with what is being done and how much of it is; it ends the work that nobody waits for."""
LOOK_SECONDS: Final = 0.25
"""How often one who waits hears how far it is."""


class _Abandoned(BaseException):
    """Raised in the work's thread when nobody waits any more."""


class SharedWork(Generic[T]):
    """One piece of such work; it begins when it is made."""

    def __init__(self, name: str, work: Callable[[Note], T]) -> None:
        self._stage = ("", 0)
        self._outcome: Future[T] = Future()
        self._lock = threading.Lock()
        self._waiting = 1  # whoever makes it will wait: not to be taken for nobody until then
        self._first = True
        self._abandoned = False
        # A daemon, unlike an executor's threads: stopping the server does not wait for it.
        threading.Thread(target=self._run, args=(work,), name=name, daemon=True).start()

    def _run(self, work: Callable[[Note], T]) -> None:
        try:
            self._outcome.set_result(work(self._note))
        except BaseException as error:  # noqa: BLE001  # it is raised again where the outcome is asked for
            self._outcome.set_exception(error)

    def _note(self, doing: str, done: int) -> None:
        if self._abandoned:
            raise _Abandoned
        self._stage = (doing, done)

    def join(self) -> bool:
        """Count whoever asks among those who wait; False where it was given up before, so that it has to begin anew."""
        with self._lock:
            if self._abandoned:
                return False
            self._waiting += not self._first
            self._first = False
            return True

    def wait(self, told: Note) -> T:
        """Return the outcome; call it after :meth:`join`, once.

        Args:
            told: called with how far it is, a few times a second. What it raises ends this waiting, and the work
                itself where nobody else waits.

        Raises:
            Exception: whatever the work raised.
        """
        try:
            while not self._outcome.done():
                told(*self._stage)
                wait([self._outcome], timeout=LOOK_SECONDS)
            return self._outcome.result()
        finally:
            with self._lock:
                self._waiting -= 1
                self._abandoned = not self._waiting and not self._outcome.done()


def outcome(make: Callable[[], SharedWork[T]], forget: Callable[[], object], told: Note) -> T:
    """Return what shared work comes to.

    Args:
        make: returns the work that is going on, or was done; begins it where there is none. It may keep it.
        forget: lets go of what ``make`` keeps: after a failure another try begins afresh.
        told: as of :meth:`SharedWork.wait`.
    """
    while not (work := make()).join():
        forget()
    try:
        return work.wait(told)
    except Exception:
        forget()
        raise

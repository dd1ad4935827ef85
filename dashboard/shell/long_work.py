"""Long work behind a button, done beside the page's runs, so that neither the press nor what it came to is lost.

A run of a page ends, at its next word to the browser, as soon as another is asked for: by a field that was left, or an
upload that arrived. What it was at is then done in vain. A press is known to one run alone, so it is lost too where
that run ends before it comes to the button. Here a press is noted by a callback, the work is done in a thread, and what
it came to waits for whichever run asks. All of it lies in one record, as each look into ``st.session_state`` may end
the run: between two of them nothing would be safe.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, Final, Generic, TypeVar

import streamlit as st

from dashboard.report.text import plain
from engine.errors import FerLensError

T = TypeVar("T")
_LOG: Final = logging.getLogger(__name__)
UNKNOWN: Final = (
    "This ended in an error that FERLens does not know; the server's log says more. Try it once more; if it ends so "
    "again, report it with what you handed over."
)


class LongWork(Generic[T]):
    """One sort of work of one visitor; made by :func:`of`.

    Attributes:
        value: what the last one came to, or None. problem: why it came to nothing, in a sentence; else empty.
        successes: how many came to something.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.value: T | None = None
        self.problem = ""
        self.successes = 0
        self._asked = False
        self._job: Future[None] | None = None
        self._began = 0.0

    def ask(self) -> None:
        """Note that the button was pressed: its ``on_click``."""
        self._asked = True

    @property
    def is_asked(self) -> bool:
        """Whether the button was pressed and nothing was begun since."""
        return self._asked

    def answered(self) -> None:
        """Take the press as dealt with, where nothing is to be begun; a question was drawn, say."""
        self._asked = False

    @property
    def is_at_work(self) -> bool:
        """Whether something is being done."""
        return self._job is not None

    def forget(self) -> None:
        """Let go of what the last one came to."""
        self.value, self.problem = None, ""

    def begin(self, work: Callable[[], T]) -> None:
        """Do that work in a thread, unless one is being done; also as a button's ``on_click``."""
        self._asked = False
        if self._job is not None:
            return
        self.forget()
        job: Future[None] = Future()

        def do() -> None:
            try:
                self.value = work()
                self.successes += 1
            except FerLensError as error:
                self.problem = str(error)
            except BaseException:  # noqa: BLE001  # whatever it is, the page that waits must hear of it
                _LOG.exception("%s ended in an unknown error", self.name)
                self.problem = UNKNOWN
            job.set_result(None)

        self._job, self._began = job, time.monotonic()
        threading.Thread(target=do, name=self.name, daemon=True).start()

    def follow(self, words: str) -> None:
        """Wait for what is being done, in whichever run of the page, and draw how long it has taken; then run anew.

        Args:
            words: what is being done, and how long it may take; the seconds follow.
        """
        job = self._job
        if job is None:
            return
        place = st.empty()
        while not job.done():
            seconds = int(time.monotonic() - self._began)
            place.info(plain(f"{words} {seconds:d} s so far."), icon=":material/hourglass:")
            wait([job], timeout=1)
        self._job = None
        st.rerun()


def of(name: str) -> LongWork[Any]:
    """Return this visitor's work of that name, of which one is done at a time."""
    work: LongWork[Any] = st.session_state.setdefault(f"long work: {name}", LongWork(name))
    return work

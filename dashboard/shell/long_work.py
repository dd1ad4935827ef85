"""Work that may take over a second, done beside the page's runs: with a bar, a measured time and a button to stop it.

A run of a page ends, at its next word to the browser, as soon as another is asked for: by a field that was left, or an
upload that arrived. What it was at is then done in vain. A press is known to one run alone, so it is lost too where
that run ends before it comes to the button. Here a press is noted by a callback, the work is done in a thread, and what
it came to waits for whichever run asks. All of it lies in one record, as each look into ``st.session_state`` may end
the run: between two of them nothing would be safe.

What ends within :data:`PATIENCE_SECONDS` is there at once, and no bar is drawn. Else the run goes on without it: the
bar (:mod:`dashboard.shell.bar`) is a fragment that looks again and again, and asks for a run of the whole page when the
work (:mod:`dashboard.shell.job`) has ended.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import wait
from contextvars import copy_context
from typing import Any, Final, Generic, TypeVar

import streamlit as st

from dashboard.report.text import plain
from dashboard.shell import bar
from dashboard.shell.cost_loaders import costs
from dashboard.shell.costs import Work
from dashboard.shell.job import Job, Tell

__all__ = ("LongWork", "Tell", "have", "of")
T = TypeVar("T")
PATIENCE_SECONDS: float = 0.3
"""How long a run waits for work that it has begun: no bar is drawn for what ends by then."""
SHORT_SECONDS: float = 1.0
"""How long it waits for work that is promised within half of it: a bar, and a second run, would take longer."""
_FORGOTTEN_SECONDS: Final = 5.0
"""Work that is wanted again sooner gave what it could: a run does not begin it over and over."""


class LongWork(Generic[T]):
    """One sort of work of one visitor; made by :func:`of`.

    Attributes:
        value: what the last one came to, or None. problem: why it came to nothing, in a sentence; else empty.
        successes: how many came to something. was_stopped: whether a person stopped the last one.
        key: what the last one was about.
    """

    def __init__(self, name: str, turn: threading.Lock | None = None) -> None:
        self.name = name
        self.value: T | None = None
        self.problem = ""
        self.successes = 0
        self.was_stopped = False
        self.key: Hashable = None
        self._turn = turn
        self._asked = False
        self._job: Job[T] | None = None
        self._ended = 0.0

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

    def is_forgotten(self) -> bool:
        """Say whether what the last one came to was wanted again long after it was there: a cache has let go of it."""
        ended_well = self._job is None and self.value is None and not self.problem and not self.was_stopped
        return ended_well and time.monotonic() - self._ended > _FORGOTTEN_SECONDS

    def forget(self) -> None:
        """Let go of what the last one came to."""
        self.value, self.problem, self.was_stopped, self.key = None, "", False, None

    def tell(self, done: int, wanted: int | None = None, words: str = "") -> None:
        """Note how far what is being done is; called by the work, which ends here where a person stopped it."""
        job = self._job
        if job is not None:
            job.tell(done, wanted, words)

    def begin(self, work: Callable[[], T]) -> None:
        """Do that work in a thread, unless one is being done; also as a button's ``on_click``."""
        self._asked = False
        if self._job is None:
            self._begin(lambda _tell: work(), None, None)

    def begin_for(
        self,
        key: Hashable,
        work: Callable[[Tell], T],
        costing: Work | None = None,
        *,
        seconds: float | None = None,
        prepare: Callable[[], object] | None = None,
    ) -> None:
        """Do work about ``key``, unless that is being done; work about another is stopped, as nobody waits for it now.

        Args:
            key: what the work depends on.
            work: is given the function that it tells its steps to.
            costing: its cost, by which its time is promised, and which is kept when it has ended.
            seconds: what is promised of work that keeps the costs of its parts itself.
        """
        self._asked = False
        if self._job is not None:
            if self._job.key == key:
                return
            self._job.stop.set()
        self._begin(work, key, costing, seconds, prepare)

    def _begin(
        self,
        work: Callable[[Tell], T],
        key: Hashable,
        costing: Work | None,
        seconds: float | None = None,
        prepare: Callable[[], object] | None = None,
    ) -> None:
        self.forget()
        self.key = key
        job: Job[T] = Job(self.name, key, costing)
        job.prepare = prepare
        record, job.promised = None if costing is None else costs(), seconds
        if record is not None and costing is not None:
            job.promised = record.promise(costing)
        self._job = job
        run = (lambda: work(job.tell), self._turn, record)
        threading.Thread(target=copy_context().run, args=(job.run, *run), name=self.name, daemon=True).start()

    def stop(self) -> None:
        """Ask what is being done to end at its next step: the ``on_click`` of its button."""
        if self._job is not None:
            self._job.stop.set()

    def _settle(self) -> None:
        job, self._job, self._ended = self._job, None, time.monotonic()
        if job is not None:
            self.value, self.problem, self.was_stopped = job.value, job.problem, job.stopped
            self.successes += int(not job.problem and not job.stopped)

    def follow(self, words: str, *, stoppable: bool = False, rerun: bool = True) -> bool:
        """Draw the bar of what is being done, in whichever run of the page; return whether it is being done still.

        Args:
            words: what is being done; how far, how long and of how long follow.
            stoppable: whether the work tells its steps, so that it can be stopped.
            rerun: run the page anew where it ended within this run's patience; else the run goes on with what it is.
        """
        job = self._job
        if job is None:
            return False
        patience = PATIENCE_SECONDS
        if job.promised is not None and job.promised <= SHORT_SECONDS / 2.0:
            patience = max(patience, SHORT_SECONDS)
        wait([job.done], timeout=max(0.0, patience - job.seconds))
        if job.done.done():
            self._settle()
            if rerun:
                st.rerun()
            return False
        bar.show(job, words, stoppable=stoppable)
        return True


def of(name: str, *, queued: bool = False) -> LongWork[Any]:
    """Return this visitor's work of that name, of which one is done at a time.

    ``queued``: it waits for the visitor's other queued work.
    """
    turn = st.session_state.setdefault("long work: turn", threading.Lock()) if queued else None
    work: LongWork[Any] = st.session_state.setdefault(f"long work: {name}", LongWork(name, turn))
    return work


def have(
    name: str,
    key: Hashable,
    work: Callable[[Tell], T],
    words: str,
    costing: Work | None,
    *,
    says_problem: bool = True,
    prepare: Callable[[], object] | None = None,
    queued: bool = True,
) -> LongWork[T]:
    """Have work done that the page wants by itself; draw its bar, or why it came to nothing, where it is called.

    Args:
        name: of the sort of work; that about another key is stopped.
        key: what it depends on.
        work: is given the function that it tells its steps to; what is dear it keeps itself.
        words: what is being done. costing: its cost. says_problem: whether to draw why it came to nothing.
        prepare: done before the clock starts.
        queued: see :func:`of`; False for work that waits for what is done for all visitors.

    Returns:
        The record: its value is None while it is being done, and where it was stopped or failed.
    """
    record: LongWork[T] = of(name, queued=queued)
    if record.is_at_work or record.key != key or record.is_forgotten():
        record.begin_for(key, work, costing, prepare=prepare)
    if record.follow(words, stoppable=True, rerun=False):
        return record
    if record.was_stopped:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(plain(f"{words}: stopped."))
            st.button("Go on", key=f"again.{name}", on_click=record.forget, icon=":material/play_arrow:")
    elif record.problem and says_problem:
        st.error(plain(record.problem))
        st.button("Try again", key=f"again.{name}", on_click=record.forget, icon=":material/refresh:")
    return record

"""Work that may take over a second, done beside the page's runs: with a bar, a measured time and a button to stop it.

A run of a page ends, at its next word to the browser, as soon as another is asked for: by a field that was left, or an
upload that arrived. What it was at is then done in vain. A press is known to one run alone, so it is lost too where
that run ends before it comes to the button. Here a press is noted by a callback, the work is done in a thread, and what
it came to waits for whichever run asks. All of it lies in one record, as each look into ``st.session_state`` may end
the run: between two of them nothing would be safe.

What ends within :data:`PATIENCE_SECONDS` is there at once, and no bar is drawn. Else the run goes on without it: the
bar is a fragment that looks again each second, and asks for a run of the whole page when the work has ended.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, wait
from contextlib import nullcontext
from typing import Any, Final, Generic, TypeVar

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard.report.text import plain
from dashboard.shell.cost_loaders import costs
from dashboard.shell.costs import Costs, Work
from dashboard.shell.loaders import beside
from dashboard.shell.settled import settle
from engine.errors import FerLensError

T = TypeVar("T")
_LOG: Final = logging.getLogger(__name__)
UNKNOWN: Final = (
    "This ended in an error that FERLens does not know; the server's log says more. Try it once more; if it ends so "
    "again, report it with what you handed over."
)
PATIENCE_SECONDS: float = 0.3
"""How long a run waits for work that it has begun: no bar is drawn for what ends by then."""
LOOK_SECONDS: Final = 1.0
"""How often a bar is drawn anew."""
ALMOST: Final = 0.97
"""Where a bar stays when the work takes longer than was promised."""

GONE_SECONDS: Final = 60.0
"""After so long without its visitor, who closed the page, work ends at its next step: nobody waits for it."""

_FORGOTTEN_SECONDS: Final = 5.0
"""Work that is wanted again sooner gave what it could: a run does not begin it over and over."""
_TOLD_AFTER_SECONDS: Final = 1.0
"""From when on the steps done tell how long work takes of which nothing was promised."""

Tell = Callable[[int, int | None, str], None]
"""Called by the work with (steps done, steps wanted or None, what is being done); it ends the work that was stopped."""


class Stopped(BaseException):
    """Raised in the thread of work that a person stopped; no error of anything, so that nothing takes it for one."""


class _Visitor:
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


class _Job(Generic[T]):
    """One piece of work, begun once."""

    def __init__(self, name: str, key: Hashable, costing: Work | None) -> None:
        self.name, self.key, self.costing = name, key, costing
        self.done: Future[None] = Future()
        self.stop = threading.Event()
        self.value: T | None = None
        self.problem = ""
        self.stopped = False
        self.step: tuple[int, int | None, str] = (0, None, "")
        self.promised: float | None = None
        self.began = time.monotonic()
        self.waits = False
        self.prepare: Callable[[], object] | None = None
        self._visitor = _Visitor()

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
                took = time.monotonic() - self.began
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
        self._job: _Job[T] | None = None
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
        job: _Job[T] = _Job(self.name, key, costing)
        job.prepare = prepare
        record, job.promised = None if costing is None else costs(), seconds
        if record is not None and costing is not None:
            job.promised = record.promise(costing)
        self._job = job
        run = (lambda: work(job.tell), self._turn, record)
        threading.Thread(target=job.run, args=run, name=self.name, daemon=True).start()

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
        wait([job.done], timeout=max(0.0, PATIENCE_SECONDS - (time.monotonic() - job.began)))
        if job.done.done():
            self._settle()
            if rerun:
                st.rerun()
            return False
        _bar(self, words, stoppable)
        return True

    def draw(self, words: str, *, stoppable: bool) -> None:
        """Draw how far it is; ask for a run of the page where it has ended."""
        settle()
        job = self._job
        if job is None or job.done.done():
            st.rerun()
        with st.container(horizontal=True, vertical_alignment="center"):
            far = 0.0 if job.waits else share(job.step, time.monotonic() - job.began, job.promised)
            st.progress(far, text=plain(self._said(job, words)))
            if stoppable:
                st.button(
                    "Stop",
                    key=f"stop.{self.name}",
                    on_click=self.stop,
                    icon=":material/stop:",
                    disabled=job.stop.is_set(),
                )

    @staticmethod
    def _said(job: _Job[T], words: str) -> str:
        if job.stop.is_set():
            return f"{words}: stopping at its next step …"
        if job.waits:
            return f"{words}: after the work before it"
        return bar_words(words, job.step, time.monotonic() - job.began, job.promised)


@st.fragment(run_every=LOOK_SECONDS)
def _bar(work: LongWork[Any], words: str, stoppable: bool) -> None:
    work.draw(words, stoppable=stoppable)


def share(step: tuple[int, int | None, str], seconds: float, promised: float | None) -> float:
    """Return how far a bar is, 0 to 1: by the steps where these are counted, else by the time that was promised."""
    done, wanted, _ = step
    if wanted and done:
        return min(1.0, done / wanted)
    return min(ALMOST, seconds / promised) if promised else 0.0


def bar_words(words: str, step: tuple[int, int | None, str], seconds: float, promised: float | None) -> str:
    """Return ``Explaining: 12 of 65 passes, 3 s of about 20 s``."""
    done, wanted, what = step
    counted = f"{done:,} of {wanted:,}" if wanted else f"{done:,}" if done else ""
    steps = " ".join(filter(None, (counted, what)))
    if promised is None and wanted and done and seconds > _TOLD_AFTER_SECONDS:
        promised = seconds * wanted / done
    clock = f"{seconds:.0f} s" + (f" of about {max(1.0, promised):.0f} s" if promised else " so far")
    return f"{words}: {steps}, {clock}" if steps else f"{words}: {clock}"


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
) -> LongWork[T]:
    """Have work done that the page wants by itself; draw its bar, or why it came to nothing, where it is called.

    Args:
        name: of the sort of work; that about another key is stopped.
        key: what it depends on.
        work: is given the function that it tells its steps to; what is dear it keeps itself.
        words: what is being done. costing: its cost. says_problem: whether to draw why it came to nothing.
        prepare: done before the clock starts.

    Returns:
        The record: its value is None while it is being done, and where it was stopped or failed.
    """
    record: LongWork[T] = of(name, queued=True)
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
    return record

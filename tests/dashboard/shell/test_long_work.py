"""Long work behind a button: no press is lost, nor what it came to, and every failure is one sentence."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from streamlit import runtime
from streamlit.testing.v1 import AppTest

from dashboard.shell import bar, job, long_work
from dashboard.shell.bar import bar_words, share
from dashboard.shell.cost_loaders import costs
from dashboard.shell.costs import Work
from dashboard.shell.job import UNKNOWN
from dashboard.shell.long_work import LongWork, Tell
from engine.errors import UsageError
from tests.dashboard.made import sentences


def done(work: Callable[[], int]) -> LongWork[int]:
    """Return a record whose work has ended."""
    record: LongWork[int] = LongWork("counting")
    record.begin(work)
    ended(record)
    return record


def ended(record: LongWork[int]) -> None:
    """Wait for what is being done, as a run of the page does that follows it."""
    assert record._job is not None
    record._job.done.result(timeout=60)
    assert record.is_at_work, "until a run of the page has followed it"
    record._settle()
    assert not record.is_at_work


def test_what_it_came_to_is_kept() -> None:
    record = done(lambda: 3)
    assert (record.value, record.problem, record.successes) == (3, "", 1)


def test_an_error_of_ours_is_its_sentence() -> None:
    def work() -> int:
        raise UsageError("Expected three classes.")

    record = done(work)
    assert (record.value, record.problem, record.successes) == (None, "Expected three classes.", 0)


@pytest.mark.parametrize("error", [RuntimeError("/secret/place"), SystemExit(3), MemoryError()])
def test_any_other_error_is_one_sentence_and_a_line_of_the_log(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    def work() -> int:
        raise error

    with caplog.at_level(logging.ERROR):
        record = done(work)
    assert record.problem == UNKNOWN
    assert "secret" not in record.problem
    assert caplog.records[-1].exc_info is not None
    assert "counting" in caplog.text


def test_one_is_done_at_a_time() -> None:
    go, begun = threading.Event(), []
    record: LongWork[int] = LongWork("waiting")

    def work() -> int:
        begun.append(1)
        go.wait(60)
        return 1

    record.begin(work)
    record.begin(work)
    go.set()
    ended(record)
    assert (begun, record.successes) == ([1], 1)


def page() -> None:
    import streamlit as st

    from dashboard.shell import long_work, say
    from engine.errors import FerLensError

    def work() -> int:
        if st_session["fails"]:
            raise FerLensError("Nothing came of it.")
        return 7

    record = long_work.of("test")
    st_session = {"fails": bool(st.session_state.get("fails"))}
    st.button("Begin", on_click=record.ask)
    if st.session_state.get("cut"):
        st.session_state["cut"] = False
        st.stop()  # as where another run is asked for before this one comes to the button
    if record.is_asked:
        record.begin(work)
        st.rerun()
    record.follow("At work.")
    if record.problem:
        say.problems([record.problem])
    if record.value is not None:
        st.markdown(str(record.value))


def test_a_press_waits_for_a_run_that_comes_to_it() -> None:
    app = AppTest.from_function(page, default_timeout=60)
    app.session_state["cut"] = True
    app.run()
    app.session_state["cut"] = True
    app.button[0].click().run()
    assert not app.markdown, "this run was cut off before the button was asked"
    app.run()
    assert not app.exception
    assert [word.value for word in app.markdown] == ["7"]
    assert not app.info, "and nothing is at work any more"


def test_a_failure_stays_on_the_page_and_makes_way_for_a_success() -> None:
    app = AppTest.from_function(page, default_timeout=60)
    app.session_state["fails"] = True
    app.run()
    app.button[0].click().run()
    assert sentences(app) == ["Nothing came of it."]
    app.run()
    assert sentences(app) == ["Nothing came of it."]
    app.session_state["fails"] = False
    app.button[0].click().run()
    assert not sentences(app)
    assert [word.value for word in app.markdown] == ["7"]


def waiting(go: threading.Event) -> Callable[[Tell], int]:
    """Work that tells steps until it may end."""

    def work(tell: Tell) -> int:
        while not go.wait(0.01):
            tell(1, 4, "passes")
        return 5

    return work


def test_what_is_stopped_ends_at_its_next_step_and_costs_nothing() -> None:
    record: LongWork[int] = LongWork("stopped")
    record.begin_for("a", waiting(threading.Event()), Work("weights", "stopped work"))
    record.stop()
    ended(record)
    assert (record.value, record.problem, record.was_stopped, record.successes) == (None, "", True, 0)
    assert costs().unit("weights", "stopped work") is None


def test_work_about_another_thing_stops_what_nobody_waits_for() -> None:
    go = threading.Event()
    record: LongWork[int] = LongWork("of a picture")
    record.begin_for("one", waiting(threading.Event()))
    first = record._job
    record.begin_for("one", waiting(go))
    assert record._job is first, "the same is not begun twice"
    record.begin_for("other", waiting(go))
    assert first is not None
    first.done.result(timeout=60)
    assert first.stopped
    go.set()
    ended(record)
    assert (record.key, record.value) == ("other", 5)


def test_what_a_cache_has_let_go_of_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    record: LongWork[int] = LongWork("kept elsewhere")
    record.begin_for("a", lambda _tell: None)  # type: ignore[arg-type,return-value]  # what it made lies in a cache
    assert not record.is_forgotten()
    ended(record)
    assert not record.is_forgotten(), "it was wanted at once: it gave what it could"
    monkeypatch.setattr(long_work, "_FORGOTTEN_SECONDS", -1.0)
    assert record.is_forgotten()
    record.value = 1
    assert not record.is_forgotten(), "it is here"
    record.value = None
    record.was_stopped = True
    assert not record.is_forgotten()


def test_queued_work_waits_for_its_turn_and_can_be_stopped_there() -> None:
    turn, go = threading.Lock(), threading.Event()
    first: LongWork[int] = LongWork("first", turn)
    second: LongWork[int] = LongWork("second", turn)
    first.begin_for(1, waiting(go))
    while not turn.locked():
        pass
    second.begin_for(1, lambda _tell: 9)
    second.stop()
    ended(second)
    assert second.was_stopped
    second.begin_for(2, lambda _tell: 9)
    go.set()
    ended(first)
    ended(second)
    assert (first.value, second.value) == (5, 9)


def test_what_it_took_is_what_is_promised_next() -> None:
    work = Work("weights", "counting", units=2.0)
    record: LongWork[int] = LongWork("counting")
    record.begin_for("a", lambda _tell: 1, work)
    assert record._job is not None
    assert record._job.promised is None
    ended(record)
    took = costs().unit("weights", "counting")
    assert took is not None
    record.begin_for("b", lambda _tell: 1, Work("weights", "counting", units=10.0))
    assert record._job is not None
    assert record._job.promised == pytest.approx(10.0 * took)


def test_a_bar_goes_by_its_steps_else_by_the_time_promised() -> None:
    assert share((3, 12, ""), 50.0, 10.0) == 0.25
    assert share((0, None, ""), 5.0, 10.0) == 0.5
    assert share((0, None, ""), 50.0, 10.0) == bar.ALMOST
    assert share((0, None, ""), 50.0, None) == 0.0
    assert bar_words("Explaining", (12, 65, "passes"), 3.2, 20.4) == "Explaining: 12 of 65 passes, 3 s of about 20 s"
    assert bar_words("Explaining", (0, None, ""), 3.2, None) == "Explaining: 3 s so far"
    assert bar_words("Reading", (1200, None, "frames"), 3.0, 0.2) == "Reading: 1,200 frames, 3 s of about 1 s"


def wanting() -> None:
    import streamlit as st

    from dashboard.shell import long_work
    from tests.dashboard.shell.test_long_work import GO, waiting

    record = long_work.have("wanted", "key", waiting(GO), "Making it", None)
    st.markdown(f"the rest of the page, {record.value}")


GO = threading.Event()


def test_the_rest_of_the_page_is_there_meanwhile_and_a_stop_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_work, "PATIENCE_SECONDS", 0.0)
    GO.clear()
    app = AppTest.from_function(wanting, default_timeout=60).run()
    assert [word.value for word in app.markdown] == ["the rest of the page, None"]
    (stop,) = app.button
    assert stop.label == "Stop"
    record = app.session_state["long work: wanted"]
    begun = record._job
    stop.click().run()
    begun.done.result(timeout=60)
    app.run()
    assert [button.label for button in app.button] == ["Go on"]
    assert "Making it: stopped." in [caption.value for caption in app.caption]
    app.run()
    assert [button.label for button in app.button] == ["Go on"], "nobody asked for it again"
    GO.set()
    monkeypatch.setattr(long_work, "PATIENCE_SECONDS", 60.0)
    app.button[0].click().run()
    assert [word.value for word in app.markdown] == ["the rest of the page, 5"]
    assert not app.button


def test_it_ends_when_its_visitor_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a closed page: a server would else compute for nobody."""
    monkeypatch.setattr(runtime, "exists", lambda: True)
    there = threading.Event()

    class Run:
        session_id = "somebody"

    class Server:
        def is_active_session(self, session: str) -> bool:
            assert session == "somebody"
            return not there.is_set()

    monkeypatch.setattr(job, "get_script_run_ctx", lambda **_: Run())
    monkeypatch.setattr(runtime, "get_instance", Server)
    clock = iter(range(0, 10_000, 40))
    monkeypatch.setattr(job, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    visitor = job.Visitor()
    assert [visitor.is_gone() for _ in range(3)] == [False, False, False]
    there.set()
    assert [visitor.is_gone() for _ in range(2)] == [False, True]
    monkeypatch.undo()

    monkeypatch.setattr(job.Visitor, "is_gone", lambda _: there.is_set())
    there.clear()
    begun = threading.Event()

    def work(tell: Tell) -> int:
        while True:
            tell(0, None, "")
            begun.set()

    record: LongWork[int] = LongWork("counting")
    record.begin_for("key", work)
    assert begun.wait(60)
    there.set()
    ended(record)
    assert record.was_stopped


@pytest.mark.parametrize(("promised", "bars"), [(0.3, 0), (5.0, 1)])
def test_what_is_promised_soon_is_waited_for_without_a_bar(
    promised: float, bars: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_work, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(long_work, "SHORT_SECONDS", 60.0 if promised < 1.0 else 1.0)
    drawn: list[str] = []
    monkeypatch.setattr(bar, "show", lambda _job, words, *, stoppable: drawn.append(f"{words} {stoppable}"))
    record: LongWork[int] = LongWork("soon")
    work = Work("weights", f"soon, {promised}")
    costs().note(work, promised)
    ready = threading.Event()
    threading.Timer(0.2, ready.set).start()
    record.begin_for("a", waiting(ready), work)
    assert record.follow("Making it", stoppable=True, rerun=False) is bool(bars)
    assert drawn == ["Making it True"] * bars

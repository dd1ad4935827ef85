"""Long work behind a button: no press is lost, nor what it came to, and every failure is one sentence."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.shell.long_work import UNKNOWN, LongWork
from engine.errors import UsageError
from tests.dashboard.made import sentences


def done(work: Callable[[], int]) -> LongWork[int]:
    """Return a record whose work has ended."""
    record: LongWork[int] = LongWork("counting")
    record.begin(work)
    assert record._job is not None
    record._job.result(timeout=60)
    return record


def test_what_it_came_to_is_kept() -> None:
    record = done(lambda: 3)
    assert (record.value, record.problem, record.successes) == (3, "", 1)
    assert record.is_at_work, "until a run of the page has followed it"


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
    assert record._job is not None
    record._job.result(timeout=60)
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

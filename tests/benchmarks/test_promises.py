"""What is promised beside what it took: heard where work ends, judged by the last round alone, with its own costs."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from benchmarks.promises import STEPS, Kept, _Ear, _fresh_costs, figures, main
from dashboard.shell import job, pages
from dashboard.shell.costs import FILE
from dashboard.shell.job import Job
from engine.errors import UsageError
from engine.places import CACHE_VARIABLE, cache_folder


def kept(work: str, promised: float, took: float) -> Kept:
    return Kept("cbam", 2, work, promised, took, 1.0)


def test_a_promise_is_kept_within_half_again_either_way() -> None:
    found = figures([kept("a", 10.0, 15.0), kept("b", 15.0, 10.0), kept("c", 10.0, 15.2), kept("d", 0.1, 0.9)])
    assert (found["works"], found["within_bar"], found["too_short_for_a_bar"]) == (3, 2, 1)
    assert [row["work"] for row in found["rows"]] == ["c", "a", "b", "d"]
    assert found["rows"][0]["ratio"] == 1.52


def test_every_work_that_was_promised_is_heard() -> None:
    ear, logger = _Ear(), logging.getLogger(job.__name__)
    logger.addHandler(ear)
    before = logger.level
    logger.setLevel(logging.INFO)
    try:
        for promised in (3.0, None):
            one: Job[int] = Job("counting", "key", None)
            one.promised = promised
            one.run(lambda: 1, None, None)
    finally:
        logger.removeHandler(ear)
        logger.setLevel(before)
    ((name, promised_then, took),) = ear.heard
    assert (name, promised_then) == ("counting", 3.0)
    assert took >= 0.0


def test_costs_are_learned_anew_and_what_else_is_kept_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    (tmp_path / FILE).write_text("{}")
    (tmp_path / "faces.npy").write_bytes(b"drawn")
    with _fresh_costs():
        assert cache_folder() != tmp_path
        assert [entry.name for entry in cache_folder().iterdir()] == ["faces.npy"]
    assert os.environ[CACHE_VARIABLE] == str(tmp_path)


def test_every_page_with_priced_work_is_walked() -> None:
    assert {step.page for step in STEPS} >= {pages.EXPLAIN, pages.COMPARE, pages.VIDEO, pages.WHAT_IF, pages.EVIDENCE}


def test_one_round_compares_nothing() -> None:
    with pytest.raises(UsageError, match="Expected --rounds to be 2 or more"):
        main(["--rounds", "1"])

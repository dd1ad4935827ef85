"""Work for all visitors: done once, heard of by each, ended when the last has gone, and begun anew after that."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from dashboard.shell.shared_work import Note, SharedWork, outcome
from engine.errors import DataError


class Kept:
    """What a cache keeps: the work that goes on, made where there is none."""

    def __init__(self, go: threading.Event, problem: str = "") -> None:
        self.go, self.problem = go, problem
        self.begun = 0
        self.ended = threading.Event()
        self.kept: SharedWork[int] | None = None

    def make(self) -> SharedWork[int]:
        if self.kept is None:
            self.begun += 1
            self.kept = SharedWork("counting", self._work)
        return self.kept

    def forget(self) -> None:
        self.kept = None

    def _work(self, note: Note) -> int:
        number = self.begun
        try:
            while not self.go.wait(0.01):
                note("counted", 3)
            if self.problem:
                raise DataError(self.problem)
            return number
        finally:
            self.ended.set()

    def outcome(self, told: Note) -> int:
        return outcome(self.make, self.forget, told)


class Gone(BaseException):
    pass


def leave(_doing: str, _done: int) -> None:
    raise Gone


def test_all_who_wait_hear_of_one_work() -> None:
    go, heard, both = threading.Event(), [], threading.Barrier(3)
    kept = Kept(go)
    kept.make()

    def told(doing: str, done: int) -> None:
        if doing:
            heard.append((doing, done))
            go.set()

    def ask(_: int) -> int:
        both.wait(60)
        return kept.outcome(told)

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(ask, range(3))) == [1, 1, 1]
    assert kept.begun == 1
    assert set(heard) == {("counted", 3)}
    assert kept.outcome(leave) == 1, "it is there, and nobody waits"


def test_one_who_leaves_does_not_end_it_for_the_others_but_the_last_does() -> None:
    go = threading.Event()
    kept = Kept(go)
    work = kept.make()
    assert work.join()
    assert work.join()
    with pytest.raises(Gone):
        work.wait(leave)
    assert not kept.ended.wait(0.2)
    with pytest.raises(Gone):
        work.wait(leave)
    assert kept.ended.wait(60), "nobody waits"
    go.set()
    assert kept.outcome(lambda *_: None) == 2, "begun anew for whoever comes now"


def test_a_failure_is_told_and_not_kept() -> None:
    go = threading.Event()
    go.set()
    kept = Kept(go, "Expected pictures.")
    with pytest.raises(DataError, match="Expected pictures"):
        kept.outcome(lambda *_: None)
    kept.problem = ""
    assert kept.outcome(lambda *_: None) == 2

"""One frame is worked on, the latest waits, the rest are dropped; an even pace may tremble."""

from __future__ import annotations

import threading

import pytest

from dashboard.live.pace import EARLY_FRAMES, Pace
from dashboard.live.turn import LatestTurn

PATIENCE = 30.0


class Caller(threading.Thread):
    """Takes the turn and keeps it until it is told to go."""

    def __init__(self, turn: LatestTurn) -> None:
        super().__init__(daemon=True)
        self.turn = turn
        self.granted: bool | None = None
        self.decided, self.leave = threading.Event(), threading.Event()
        self.start()

    def run(self) -> None:
        with self.turn.take() as self.granted:
            self.decided.set()
            if self.granted:
                self.leave.wait(PATIENCE)


def test_the_latest_waits_and_the_one_before_it_is_dropped() -> None:
    turn = LatestTurn()
    first = Caller(turn)
    assert first.decided.wait(PATIENCE)
    second = Caller(turn)
    assert not second.decided.wait(0.2)  # it waits
    third = Caller(turn)
    assert second.decided.wait(PATIENCE)  # dismissed although the first still works
    assert (first.granted, second.granted, third.decided.is_set()) == (True, False, False)
    first.leave.set()
    assert third.decided.wait(PATIENCE)
    assert third.granted
    third.leave.set()
    third.join(PATIENCE)
    with turn.take() as granted:
        assert granted


def test_work_that_fails_gives_the_turn_back() -> None:
    turn = LatestTurn()

    def fail() -> None:
        with turn.take():
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        fail()
    with turn.take() as granted:
        assert granted


def test_a_trembling_camera_loses_no_frame_and_a_faster_one_is_held_to_the_rate() -> None:
    times = [number / 30 + tremble for number, tremble in enumerate([0.0, 0.03, -0.02, 0.0, 0.025, -0.025] * 20)]
    pace = Pace(30)
    assert all(pace.allows(now) for now in sorted(times))
    fast = Pace(30)
    allowed = sum(fast.allows(number / 120) for number in range(240))  # two seconds
    assert allowed == pytest.approx(2 * 30 + EARLY_FRAMES, abs=1)
    assert fast.allows(10.0)  # a pause is no debt, and no credit either
    assert sum(fast.allows(10.0) for _ in range(50)) == int(EARLY_FRAMES)

from __future__ import annotations

import numpy as np
import pytest

from engine.benchmarks.endurance import EnduranceSamples, Gauges, endurance_report, run_for
from engine.errors import UsageError


class Machine:
    """A clock that only sleeping and working move, and memory that grows by 3 MiB a minute."""

    def __init__(self, work_seconds: float = 0.01) -> None:
        self.now, self.work_seconds = 100.0, work_seconds
        self.taken: list[int] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds

    def memory(self) -> float:
        return 500.0 + 3.0 * (self.now - 100.0) / 60.0

    def step(self, index: int) -> float:
        self.taken.append(index)
        self.now += self.work_seconds
        return 1000.0 * self.work_seconds

    def run(self, rate: float | None, minutes: float = 2.0) -> EnduranceSamples:
        return run_for(
            self.step,
            minutes=minutes,
            frames_per_second=rate,
            gauges=Gauges(self.clock, self.sleep, self.memory),
        )


def test_a_camera_pace_is_kept_where_the_machine_is_quick_enough() -> None:
    machine = Machine(0.01)
    samples = machine.run(10.0)
    assert machine.taken == list(range(1200))
    np.testing.assert_allclose(samples.at, np.arange(1200) / 10)
    assert samples.dropped == 0
    assert 100 < len(samples.memory_at) <= 120  # one a second


def test_frames_that_pass_meanwhile_are_dropped_never_queued() -> None:
    machine = Machine(0.25)  # frames 1 and 2 pass while frame 0 is worked on; 3 is there at 0.3 s
    samples = machine.run(10.0)
    assert machine.taken[:4] == [0, 3, 6, 9]
    np.testing.assert_allclose(samples.at[:4], [0.0, 0.3, 0.6, 0.9])
    assert samples.dropped == 2 * (len(machine.taken) - 1)


def test_without_a_pace_it_never_waits() -> None:
    machine = Machine(0.25)
    samples = machine.run(None)
    assert machine.taken == list(range(480))
    assert (samples.seconds, samples.dropped) == (120.0, 0)


def growing(minutes: int) -> EnduranceSamples:
    """Ten frames a second: 20 ms and half a millisecond more each minute, 100 ms each 20th; 2 MiB more a minute."""
    at = np.arange(600 * minutes) / 10
    took = 20.0 + 0.5 * at / 60
    took[::20] = 100.0
    memory_at = np.arange(60.0 * minutes)
    return EnduranceSamples(60.0 * minutes, at, took, memory_at, 300.0 + 2.0 * memory_at / 60, dropped=7)


def test_what_grows_is_found_and_slow_frames_do_not_hide_it() -> None:
    report = endurance_report(growing(5), window_seconds=20.0)
    assert (report.frames, report.dropped, len(report.minutes)) == (3000, 7, 5)
    assert report.time.windows == 15
    for slope, true in ((report.time, 0.5), (report.memory, 2.0)):
        assert slope.per_minute == pytest.approx(true, abs=1e-3)
        assert slope.low <= slope.per_minute <= slope.high
    # The middle of the first minute is half a minute in, of the last four and a half.
    assert report.first.median_ms == pytest.approx(20.25, abs=0.03)
    assert report.last.median_ms == pytest.approx(22.25, abs=0.03)
    assert report.first.p95_ms < 100 < report.first.p95_ms + 80  # just below the slow twentieth
    assert report.memory_growth_mib == pytest.approx(8.0, abs=1e-6)
    document = report.as_dict()
    assert document["minutes"][0] == document["first_minute"]
    assert document["milliseconds_slope"]["interval"][0] > 0.4


def test_what_stays_as_it_is_has_a_slope_about_nothing() -> None:
    rng = np.random.default_rng(0)
    at = np.arange(3000) / 10
    flat = EnduranceSamples(300.0, at, rng.normal(20.0, 2.0, 3000), np.arange(300.0), np.full(300, 400.0))
    report = endurance_report(flat, window_seconds=20.0)
    assert report.time.low < 0 < report.time.high
    assert (report.memory.per_minute, report.memory.low, report.memory.high) == (0.0, 0.0, 0.0)


def test_too_short_a_run_is_refused() -> None:
    for minutes in (0.0, 1.9, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="2 minutes or more"):
            Machine().run(10.0, minutes)
    with pytest.raises(UsageError, match="2 minutes and 4 films"):
        endurance_report(growing(1), window_seconds=10.0)
    with pytest.raises(UsageError, match="4 films"):
        endurance_report(growing(2), window_seconds=60.0)
    still = growing(3)
    nothing = EnduranceSamples(180.0, still.at[:600], still.milliseconds[:600], still.memory_at, still.memory_mib)
    with pytest.raises(UsageError, match="stood still"):
        endurance_report(nothing, window_seconds=20.0)
    with pytest.raises(ValueError, match="a time for each value"):
        EnduranceSamples(1.0, still.at, still.milliseconds[:1], still.memory_at, still.memory_mib)

"""Whether a stream's frames take longer, or its process more memory, the longer it runs.

[1] P. K. Sen. Estimates of the Regression Coefficient Based on Kendall's Tau. Journal of the American Statistical
    Association 63(324), 1968.

A slope is the median of the slopes between all pairs of windows, its interval the one of [1]: one slow window moves
neither. A window is as long as the film that is repeated, so that what happens in the film does not count as a change.

How much memory this process holds.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import theilslopes

from engine.errors import UsageError

MIB: Final = 2**20
IS_PEAK: Final = sys.platform != "linux"
"""Other systems tell the largest so far alone: it shows growth as well, but never falls."""


def resident_mib() -> float:
    """Return the resident memory of this process in MiB; the largest so far where :data:`IS_PEAK`."""
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / MIB
    else:  # noqa: RET505 - mypy leaves out another system's branch, but not what stands after one
        import resource

        largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return largest / MIB if sys.platform == "darwin" else largest / 1024


Float64 = NDArray[np.float64]

LEAST_MINUTES: Final = 2.0
"""The first minute and the last must not share a frame."""
MEMORY_EVERY_SECONDS: Final = 1.0
_LEAST_WINDOWS: Final = 4


@dataclass(frozen=True)
class Gauges:
    """What a run reads and waits with.

    Attributes:
        clock: seconds, never running backwards.
        sleep: waits for seconds.
        memory_mib: resident memory now.
    """

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    memory_mib: Callable[[], float] = resident_mib


@dataclass(frozen=True, eq=False)
class EnduranceSamples:
    """What was noted in one run; N frames, M readings of memory.

    Attributes:
        seconds: for how long it ran.
        at: (N,) float64, seconds from the run's start at which each frame was taken up.
        milliseconds: (N,) float64, what each frame took.
        memory_at: (M,) float64, seconds from the run's start.
        memory_mib: (M,) float64, resident memory.
        dropped: frames of the camera that passed while another was worked on.
    """

    seconds: float
    at: Float64
    milliseconds: Float64
    memory_at: Float64
    memory_mib: Float64
    dropped: int = 0

    def __post_init__(self) -> None:
        if self.at.shape != self.milliseconds.shape or self.memory_at.shape != self.memory_mib.shape:
            raise ValueError(
                f"expected a time for each value, got {self.at.shape} for {self.milliseconds.shape} frames and "
                f"{self.memory_at.shape} for {self.memory_mib.shape} readings"
            )


@dataclass(frozen=True)
class Slope:
    """Change a minute, the ends of its 95 % interval, and of how many windows."""

    per_minute: float
    low: float
    high: float
    windows: int

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON-ready document."""
        ends = [round(self.low, 4), round(self.high, 4)]
        return {"per_minute": round(self.per_minute, 4), "interval": ends, "windows": self.windows}


@dataclass(frozen=True)
class Minute:
    """One minute: how many frames, their median and 95th percentile in ms, and the median resident memory in MiB."""

    frames: int
    median_ms: float
    p95_ms: float
    memory_mib: float

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON-ready document."""
        return {
            "frames": self.frames,
            "median_ms": round(self.median_ms, 2),
            "p95_ms": round(self.p95_ms, 2),
            "memory_mib": round(self.memory_mib, 1),
        }


@dataclass(frozen=True)
class EnduranceReport:
    """A run's first and last minute, every whole minute, and what changed.

    Attributes:
        seconds, frames, dropped: of the run.
        first, last: its first and its last 60 seconds.
        minutes: each whole minute, from the start.
        time: slope of a window's median time, ms a minute.
        memory: slope of a window's median resident memory, MiB a minute.
    """

    seconds: float
    frames: int
    dropped: int
    first: Minute
    last: Minute
    minutes: tuple[Minute, ...]
    time: Slope
    memory: Slope

    @property
    def memory_growth_mib(self) -> float:
        """Median resident memory of the last minute less that of the first."""
        return self.last.memory_mib - self.first.memory_mib

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON-ready document."""
        return {
            "seconds": round(self.seconds, 1),
            "frames": self.frames,
            "dropped": self.dropped,
            "first_minute": self.first.as_dict(),
            "last_minute": self.last.as_dict(),
            "milliseconds_slope": self.time.as_dict(),
            "memory_growth_mib": round(self.memory_growth_mib, 2),
            "memory_mib_slope": self.memory.as_dict(),
            "minutes": [minute.as_dict() for minute in self.minutes],
        }


def run_for(
    step: Callable[[int], float],
    *,
    minutes: float,
    frames_per_second: float | None,
    gauges: Gauges | None = None,
    progress: Callable[[float], None] | None = None,
) -> EnduranceSamples:
    """Take frame after frame until the time is over.

    Args:
        step: does frame ``index`` and returns what it took in ms; what it does beyond that is not counted.
        minutes: for how long, 2 or more.
        frames_per_second: the camera's pace: frame ``index`` is there at ``index / frames_per_second`` seconds, and
            after a slow one the next to come is taken, not those that passed. None takes each as soon as it can.
        gauges: None for the machine's own.
        progress: called with the seconds that have passed.

    Raises:
        UsageError: the time is too short to compare a first and a last minute.
    """
    if not LEAST_MINUTES <= minutes < math.inf:
        raise UsageError(
            f"Expected {LEAST_MINUTES:g} minutes or more, so that the first and the last can be compared, got "
            f"{minutes:g}; choose a longer run."
        )
    at: list[float] = []
    took: list[float] = []
    memory: list[tuple[float, float]] = []
    with_what = gauges or Gauges()
    clock = with_what.clock
    began, index, dropped = clock(), 0, 0
    while (passed := clock() - began) < 60.0 * minutes:
        if not memory or passed - memory[-1][0] >= MEMORY_EVERY_SECONDS:
            memory.append((passed, with_what.memory_mib()))
        if frames_per_second is not None:
            coming = max(index, math.ceil(passed * frames_per_second - 1e-6))
            if coming >= 60.0 * minutes * frames_per_second:
                break
            dropped, index = dropped + coming - index, coming
            if (wait := index / frames_per_second - passed) > 0.0:
                with_what.sleep(wait)
                passed = clock() - began
        at.append(passed)
        took.append(step(index))
        index += 1
        if progress is not None:
            progress(passed)
    readings = np.array(memory, dtype=np.float64).reshape(-1, 2)
    return EnduranceSamples(clock() - began, np.array(at), np.array(took), readings[:, 0], readings[:, 1], dropped)


def endurance_report(samples: EnduranceSamples, *, window_seconds: float) -> EnduranceReport:
    """Compare a run's first minute with its last, and measure the change between.

    Args:
        samples: of a run of 2 minutes or more.
        window_seconds: length of the windows whose medians the slopes are taken from; at least four must fit.

    Raises:
        UsageError: the run is too short, or a minute of it has no frame or no reading.
    """
    if samples.seconds < 60.0 * LEAST_MINUTES or samples.seconds < _LEAST_WINDOWS * window_seconds:
        raise UsageError(
            f"Expected a run of {LEAST_MINUTES:g} minutes and {_LEAST_WINDOWS} films or more, got "
            f"{samples.seconds:.0f} seconds; let it run longer."
        )
    whole = [_minute(samples, 60.0 * number, 60.0 * (number + 1)) for number in range(int(samples.seconds // 60.0))]
    return EnduranceReport(
        seconds=samples.seconds,
        frames=len(samples.at),
        dropped=samples.dropped,
        first=whole[0],
        last=_minute(samples, samples.seconds - 60.0, math.inf),
        minutes=tuple(whole),
        time=_slope(samples.at, samples.milliseconds, window_seconds, samples.seconds),
        memory=_slope(samples.memory_at, samples.memory_mib, window_seconds, samples.seconds),
    )


def _minute(samples: EnduranceSamples, start: float, end: float) -> Minute:
    frames = samples.milliseconds[(samples.at >= start) & (samples.at < end)]
    readings = samples.memory_mib[(samples.memory_at >= start) & (samples.memory_at < end)]
    if not len(frames) or not len(readings):
        raise UsageError("Expected frames in every minute, but one has none: the machine stood still; run it again.")
    median, high = np.percentile(frames, [50, 95])
    return Minute(len(frames), float(median), float(high), float(np.median(readings)))


def _slope(at: Float64, values: Float64, window: float, seconds: float) -> Slope:
    """Return the slope of the medians of whole windows; the rest at the end, and empty windows, are left out."""
    middles: list[float] = []
    medians: list[float] = []
    for number in range(int(seconds // window)):
        inside = values[(at >= number * window) & (at < (number + 1) * window)]
        if len(inside):
            middles.append((number + 0.5) * window / 60.0)
            medians.append(float(np.median(inside)))
    return _sen(middles, medians)


def _sen(minutes: Sequence[float], values: Sequence[float]) -> Slope:
    found = theilslopes(values, minutes, alpha=0.95)
    return Slope(float(found.slope), float(found.low_slope), float(found.high_slope), len(values))

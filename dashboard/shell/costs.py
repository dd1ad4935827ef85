"""What work cost on this machine: by model and kind of work, so that every bar's time is one that was measured here.

A kind of work has a unit (a pass, a map, a gate, a frame), and what is kept is the seconds of a unit, the last few of
them: their median is what is promised next. It lies in one small file, so that a server that starts anew knows it.
Nothing of a picture is in it.
"""

from __future__ import annotations

import json
import math
import os
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from engine.errors import StorageError
from engine.writing.whole import whole_file

FILE: Final = "costs.json"
KINDS_KEPT: Final = 512
"""Models' kinds of work; what was done longest ago goes first."""
TIMES_KEPT: Final = 5
"""Of each kind: the median of so many follows a machine that became busier, and no single hiccup."""
_FORMAT: Final = 1

FORWARD: Final = "forward"
BACKWARD: Final = "backward"
"""Units of work that every model has: a picture's forward pass within a batch, and the backward pass after it."""


@dataclass(frozen=True)
class Work:
    """A piece of work, as its cost is kept.

    Attributes:
        sha256: of the model's weights; empty for work without one.
        kind: what sort, for example ``map by occlusion``.
        units: how much of it.
        passes: forward and backward passes that a unit takes at most, by which it is promised before any was done.
        usual: seconds of a unit where nothing at all was measured yet; None: nothing is promised then.
    """

    sha256: str
    kind: str
    units: float = 1.0
    passes: tuple[float, float] = (0.0, 0.0)
    usual: float | None = None

    def __post_init__(self) -> None:
        if self.units <= 0.0 or min(self.passes) < 0.0:
            raise ValueError(f"expected work of more than 0 units and passes of 0 or more, got {self}")


class Costs:
    """The record; safe to share between threads. A file that cannot be read or written is done without."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._lock = threading.Lock()
        self._times: OrderedDict[str, list[float]] = OrderedDict(self._read())

    def _read(self) -> dict[str, list[float]]:
        try:
            document = json.loads(self._file.read_text(encoding="utf-8"))
            times = document["times"] if document["format"] == _FORMAT and document["cores"] == os.cpu_count() else {}
            return {
                str(name): [float(one) for one in found if math.isfinite(one) and one >= 0.0][-TIMES_KEPT:]
                for name, found in list(times.items())[-KINDS_KEPT:]
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def note(self, work: Work, seconds: float) -> None:
        """Keep what a piece of work that ended took."""
        name = _name(work.sha256, work.kind)
        with self._lock:
            self._times[name] = [*self._times.get(name, ()), seconds / work.units][-TIMES_KEPT:]
            self._times.move_to_end(name)
            while len(self._times) > KINDS_KEPT:
                self._times.popitem(last=False)
            self._write()

    def _write(self) -> None:
        document = {"format": _FORMAT, "cores": os.cpu_count(), "times": self._times}
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(self._file) as part:
                part.write_text(json.dumps(document), encoding="utf-8")
        except (OSError, StorageError):
            return

    def unit(self, sha256: str, kind: str) -> float | None:
        """Return the seconds of a unit, the median of the last few, or None where none was measured here."""
        with self._lock:
            times = self._times.get(_name(sha256, kind))
            return median(times) if times else None

    def promise(self, work: Work) -> float | None:
        """Return how many seconds a piece of work will take: by its kind, else by the model's passes, else as usual.

        None where nothing is known.
        """
        known = self.unit(work.sha256, work.kind)
        if known is None:
            known = self._by_passes(work)
        if known is None:
            known = work.usual
        return None if known is None else known * work.units

    def _by_passes(self, work: Work) -> float | None:
        forwards, backwards = work.passes
        if not forwards and not backwards:
            return None
        forward, backward = self.unit(work.sha256, FORWARD), self.unit(work.sha256, BACKWARD)
        if forward is None or (backwards and backward is None):
            return None
        return forwards * forward + backwards * (backward or 0.0)


def time_words(seconds: float) -> str:
    """Return a duration as a person would say it: ``under a second``, ``about 4 s``, ``about 2 min``."""
    if seconds < 1.0:
        return "under a second"
    return f"about {seconds:.0f} s" if seconds < 90.0 else f"about {seconds / 60.0:.0f} min"


def _name(sha256: str, kind: str) -> str:
    return f"{sha256[:16]} {kind}"

"""One case, tried: answered, refused with a sentence, or wrong; how long it took and how much memory it held."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.errors import FerLensError
from tests.made import ROOT

SECONDS: Final = 5.0
BYTES: Final = 2**30
LONGEST: Final = 4_000
"""Characters of a sentence; the pages cut at less."""


@dataclass(frozen=True)
class Case:
    """What is tried.

    Attributes:
        what: in a few words.
        run: tries it; returns None where it was answered, or the sentence that a server refused it with. A sentence of
            FERLens is raised.
    """

    what: str
    run: Callable[[], str | None]


@dataclass(frozen=True)
class Verdict:
    """What became of a case.

    Attributes:
        outcome: ``answered``, ``refused`` or ``traceback``.
        said: the sentence, or the traceback.
        cpu_seconds: of this process and its children, so that a busy machine changes nothing.
        grown_bytes: by how much the memory held rose at its peak above what was held before.
        path: whether the sentence names a place of this machine.
    """

    what: str
    outcome: str
    said: str
    cpu_seconds: float
    grown_bytes: int
    path: bool

    @property
    def over_budget(self) -> bool:
        return self.cpu_seconds > SECONDS or self.grown_bytes > BYTES

    @property
    def wrong(self) -> bool:
        return self.outcome == "traceback" or self.path or self.over_budget


def places(*more: Path) -> tuple[str, ...]:
    """Return where things lie on this machine, none of which a message may name."""
    known = (ROOT, Path(tempfile.gettempdir()).resolve(), Path(sys.prefix), Path.home(), Path(os.__file__).parent)
    return tuple({str(place) for place in (*known, *more) if len(str(place)) > 3})


def judge(case: Case, hidden: tuple[str, ...]) -> Verdict:
    """Try a case; ``hidden`` are the places that its sentence may not name."""
    began, held = _cpu_seconds(), _held_bytes(reset=True)
    outcome, said = "answered", ""
    try:
        refused = case.run()
    except FerLensError as error:
        outcome, said = "refused", str(error)
    except Exception:  # noqa: BLE001 - whatever it is, it is what is looked for
        outcome, said = "traceback", traceback.format_exc()
    else:
        if refused is not None:
            outcome, said = "refused", refused
    if outcome == "refused" and (not said.strip() or "Traceback" in said or len(said) > LONGEST):
        outcome, said = "traceback", f"no sentence: {said[:500]!r}"
    path = outcome == "refused" and any(place in said for place in hidden)
    return Verdict(case.what, outcome, said, _cpu_seconds() - began, _held_bytes() - held, path)


def _cpu_seconds() -> float:
    children = 0.0
    tick = os.sysconf("SC_CLK_TCK")
    for task in Path("/proc/self/task").glob("*/children"):
        try:
            for child in task.read_text(encoding="ascii").split():
                fields = Path(f"/proc/{child}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
                children += (int(fields[11]) + int(fields[12])) / tick
        except OSError:  # the thread or the child has ended
            continue
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children + ended.ru_utime + ended.ru_stime


def _held_bytes(*, reset: bool = False) -> int:
    """Return the most memory held since the last reset, or what is held now where there is none; 0 but on Linux."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    if reset:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    for line in status.read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("VmHWM:"):
            return 1024 * int(line.split()[1])
    return 0

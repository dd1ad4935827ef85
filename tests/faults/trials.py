"""A trial: a command is killed with ``kill -9`` at a drawn moment of its work, then given again until it is done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from tests.faults.cases import Case, prepare
from tests.made import ROOT

SECONDS: Final = 600.0
"""That a command may take at most, on a busy machine."""


@dataclass(frozen=True)
class Undisturbed:
    """What a command gives that nobody kills, and how long it works from when it holds its folder."""

    result: Any
    seconds: float


@dataclass(frozen=True)
class Outcome:
    """What became of a trial.

    Attributes:
        killed: whether it was at work when it was killed; else it was quicker.
        finished: whether the result was there by then.
        half: what was under a final name and was not whole. left: what was still there at the end beside the results.
        same: whether the result equals the undisturbed one. says: what the second run printed, where it failed.
    """

    killed: bool
    finished: bool
    half: tuple[str, ...]
    left: tuple[str, ...]
    same: bool
    says: str = ""

    @property
    def fine(self) -> bool:
        """Whether nothing is wrong."""
        return self.same and not self.half and not self.left and not self.says


def begin(case: Case, given: Path, place: Path) -> subprocess.Popen[str]:
    """Start the command in the folder ``place``."""
    place.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-m", "engine", *map(str, case.words(given))],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "FERLENS_CHECKPOINTS": str(given / "none")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _until_it_holds(process: subprocess.Popen[str], case: Case, place: Path) -> None:
    """Return when the command holds its folder, or has ended."""
    lock = (place / case.watched).with_name(f".{Path(case.watched).name}.lock")
    ends = time.monotonic() + SECONDS
    while process.poll() is None and not lock.exists() and time.monotonic() < ends:
        time.sleep(0.002)


def _ended(process: subprocess.Popen[str]) -> str:
    """Wait for the end; return what it printed where it failed."""
    _, said = process.communicate(timeout=SECONDS)
    return "" if process.returncode == 0 else f"status {process.returncode}: {said[-2000:]}"


def undisturbed(case: Case, given: Path, place: Path) -> Undisturbed:
    """Run the command to its end. Raises RuntimeError where it fails."""
    process = begin(case, given, place)
    _until_it_holds(process, case, place)
    began = time.monotonic()
    if said := _ended(process):
        raise RuntimeError(said)
    return Undisturbed(case.of(place), time.monotonic() - began)


def trial(case: Case, known: Undisturbed, given: Path, place: Path, moment: float) -> Outcome:
    """Kill the command at ``moment``, in [0, 1] of its work, and give it again."""
    process = begin(case, given, place)
    _until_it_holds(process, case, place)
    try:
        process.wait(moment * known.seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
    process.communicate()
    killed = process.returncode == -signal.SIGKILL
    final = [name for name in case.results if not name.startswith("runs/")]
    there = [name for name in final if (place / name).exists()]
    half = _half(case, known, place, there, final)
    says = ""
    if there != final:
        says = _ended(begin(case, given, place))
    elif _left(case, place):
        begin(case, given, place).communicate(timeout=SECONDS)  # refused, as the result is there; yet it tidies up
    outcome = Outcome(killed, there == final, half, _left(case, place), False, says)
    return outcome if says else replace(outcome, same=case.of(place) == known.result)


def _half(case: Case, known: Undisturbed, place: Path, there: list[str], final: list[str]) -> tuple[str, ...]:
    """Return what has its name and is not what it should be."""
    if there == final:
        return () if case.of(place) == known.result else tuple(there)
    if len(final) == 1:
        return ()
    return tuple(name for name in there if case.of(place).get(name) != known.result[name])


def _left(case: Case, place: Path) -> tuple[str, ...]:
    """Return what lies in ``place``, hidden or not, that is no result nor holds one."""
    known = {Path(name) for name in case.results}
    allowed = known | {parent for name in known for parent in name.parents}
    found = (path.relative_to(place) for path in place.rglob("*"))
    return tuple(
        sorted(
            str(path)
            for path in found
            if path not in allowed and (path.name.startswith(".") or not any(one in path.parents for one in known))
        )
    )


def run_trials(cases: dict[str, Case], count: int, seed: int, tell: Any = None) -> dict[str, list[Outcome]]:
    """Kill commands in turn, ``count`` times together; return the outcomes by command."""
    draw = np.random.default_rng(seed)
    found: dict[str, list[Outcome]] = {name: [] for name in cases}
    with tempfile.TemporaryDirectory(prefix="ferlens-faults-") as folder:
        given = Path(folder) / "given"
        given.mkdir()
        prepare(given)
        known = {name: undisturbed(case, given, Path(folder) / f"{name}-known") for name, case in cases.items()}
        names = list(cases)
        for number in range(count):
            name = names[number % len(names)]
            place = Path(folder) / f"{name}-{number}"
            outcome = trial(cases[name], known[name], given, place, float(draw.uniform()))
            found[name].append(outcome)
            if tell is not None:
                tell(name, outcome)
    return found

"""The live page as a process beside this server: whether one answers, and starting one on this machine.

One is started at a time, bound to 127.0.0.1. It ends with this server, however that ends: it reads a pipe that closes
then.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Final

from engine.errors import FerLensError
from engine.places import CHANGING_VARIABLE, CODE

SAYS: Final = "Live page: "
"""What it prints, with its address, when it is there."""
_PATIENCE: Final = 240.0
"""Seconds; a busy machine imports torch in minutes."""
_ANSWER: Final = 1.0
_READ: Final = 65_536
_NAME: Final = b"FERLens"
_starting = threading.Lock()


@dataclass(frozen=True)
class Started:
    """A live page that this server started."""

    process: subprocess.Popen[str]
    address: str


_own: list[Started] = []


def answers(address: str) -> bool:
    """Whether a live page answers there within a second, and no other program."""
    try:
        with urllib.request.urlopen(address, timeout=_ANSWER) as answer:  # noqa: S310  # the caller checks that it is http
            return _NAME in answer.read(_READ)
    except urllib.error.HTTPError as error:
        return error.code in {401, 403}  # it asks for a login, or for another name
    except (OSError, ValueError):
        return False


def may_start() -> bool:
    """Whether whoever looks at the pages may start a process: not where others were let in."""
    return os.environ.get(CHANGING_VARIABLE) != "no"


def started() -> Started | None:
    """Return the one that this server started and that still runs."""
    with contextlib.suppress(IndexError):
        if _own[0].process.poll() is None:
            return _own[0]
    return None


def start(dashboard: str) -> Started:
    """Start one and wait until it serves; the one that runs already, if there is one.

    Args:
        dashboard: this server's address, where its snapshots open.

    Raises:
        FerLensError: it ended, or did not serve in time.
    """
    with _starting:
        running = started()
        if running is not None:
            return running
        _own.clear()
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and program
            [sys.executable, "-m", "dashboard.webcam", "--dashboard", dashboard, "--until-closed"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(CODE), os.environ.get("PYTHONPATH")]))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        said: list[str] = []
        threading.Thread(target=_listen, args=(process, said), name="live page", daemon=True).start()
        ends = time.monotonic() + _PATIENCE
        while time.monotonic() < ends and process.poll() is None:
            address = next((line.removeprefix(SAYS) for line in said if line.startswith(SAYS)), None)
            if address is not None:
                _own.append(Started(process, address))
                return _own[0]
            time.sleep(0.1)
        _end(process)
        why = f" ({said[-1][:200]})" if said else ""
        raise FerLensError(f"The live page could not be started here{why}; start it by hand to see more.")


def stop() -> None:
    """End the one that this server started."""
    while _own:
        _end(_own.pop().process)


atexit.register(stop)


def _listen(process: subprocess.Popen[str], said: list[str]) -> None:
    """Read all that it prints, so that it never waits for a reader, and keep the last lines."""
    if process.stdout is not None:
        for line in process.stdout:
            said.append(line.strip())
            del said[:-50]


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

"""Decode a picture in the process for large and suspicious ones: started when first needed, reused, ended on overrun.

It is started as a program of its own and never forked, so that it neither copies nor locks what a server or a training
run holds. There is one a process, and it does one picture at a time: that is the bound on what decoding may take from
the machine, however many people hand in pictures at once.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from typing import Final

from engine.errors import PictureError
from engine.media.budget import too_hungry, too_slow
from engine.media.decoder_process import READY, OutOfMemoryError, Request, read_reply
from engine.media.decoding import Decoded, damaged
from engine.places import CODE

START_SECONDS: Final = 60.0
_PATIENCE: Final = 3.0
"""Times a budget's seconds, on the clock: it counts computing, and a busy machine gives a process a third of a core."""
_PROGRAM: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from engine.media.decoder_process import main; main()"
)
# One thread, one heap: neither is worth its memory here, and each counts against the limit.
_ENVIRONMENT: Final = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
}


class _Decoder:
    """Owns the process. All methods but :meth:`decode` expect the turn to be held."""

    def __init__(self) -> None:
        self.turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def decode(self, request: Request) -> Decoded:
        """Wait for the turn, then decode. Raises PictureError."""
        if not self.turn.acquire(timeout=request.budget.wait_seconds):
            raise PictureError(
                f"Expected a free moment to decode '{request.shown}', but other large pictures are still being "
                "decoded; try again."
            )
        try:
            return self._decode(request)
        finally:
            self.turn.release()

    def _decode(self, request: Request) -> Decoded:
        process = self._running(request.shown)
        overran = threading.Event()

        def end() -> None:
            overran.set()
            process.kill()

        timer = threading.Timer(_PATIENCE * request.budget.seconds, end)
        timer.daemon = True
        timer.start()
        fit = False
        try:
            request.write(process.stdin)  # type: ignore[arg-type]  # a pipe's two ends are binary files
            decoded = read_reply(process.stdout, request.budget)  # type: ignore[arg-type]
            fit = True
        except OutOfMemoryError as error:
            raise too_hungry(request.budget, request.shown) from error
        except PictureError:
            fit = True
            raise
        except (EOFError, OSError, ValueError) as error:  # it ended: by the timer, by the system, or by a decoder
            raise self._why_it_ended(process, request, overran=overran.is_set()) from error
        finally:
            timer.cancel()
            # Whatever went wrong between request and reply, interrupts too, leaves the pipe in an unknown state.
            if not fit or overran.is_set():
                self.close()
        return decoded

    @staticmethod
    def _why_it_ended(process: subprocess.Popen[bytes], request: Request, *, overran: bool) -> PictureError:
        try:
            status = process.wait(timeout=request.budget.seconds)
        except subprocess.TimeoutExpired:  # it has written what it should not, and goes on
            return damaged(request.shown)
        if overran or status == -getattr(signal, "SIGPROF", 0):
            return too_slow(request.budget, request.shown)
        if status == -getattr(signal, "SIGKILL", 0):  # by the system, which does so when memory runs out
            return too_hungry(request.budget, request.shown)
        return damaged(request.shown)

    def _running(self, shown: str) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self.close()
        if self._process is None:
            self._process = _start()
        if self._process is None:
            raise PictureError(
                f"Expected to decode '{shown}' in a process of its own, as large and unusual pictures are, but none "
                "could be started; free some memory, or save the picture as a small JPEG or PNG."
            )
        return self._process

    def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):  # a pipe that broke still holds unsent bytes
                stream.close()  # type: ignore[union-attr]  # both are pipes
        process.wait()

    def forget(self) -> None:
        """Drop, in a forked child, what belongs to its parent."""
        self.turn = threading.Lock()
        self._process = None


def _start() -> subprocess.Popen[bytes] | None:
    """Start the process and wait until it is ready; None where that fails."""
    root = str(CODE)
    places = json.dumps([root, *(place for place in sys.path if place != root)])
    try:
        process = subprocess.Popen(  # noqa: S603  # this interpreter and a constant program
            [sys.executable, "-c", _PROGRAM, places],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **_ENVIRONMENT},
        )
    except (OSError, ValueError):
        return None
    timer = threading.Timer(START_SECONDS, process.kill)
    timer.daemon = True
    timer.start()
    try:
        ready = process.stdout is not None and process.stdout.read(len(READY)) == READY
    finally:
        timer.cancel()
    if ready:
        return process
    process.kill()
    process.communicate()
    return None


_DECODER: Final = _Decoder()
atexit.register(_DECODER.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_DECODER.forget)


def decode_apart(request: Request) -> Decoded:
    """Decode in the other process, one picture at a time.

    Raises:
        PictureError: one sentence; :class:`~engine.media.budget.OverBudgetError` where the budget was spent.
    """
    return _DECODER.decode(request)

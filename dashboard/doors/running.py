"""Both servers run here: uvicorn at one port, until Ctrl-C or SIGTERM, which end it in time whatever is at work.

uvicorn has a thread of its own, so that the main one is free for signals even where something holds up the event loop.
A process that ends leaves what is at work where it is: to cancel it, and to take the interpreter down around threads
that still compute, is what goes wrong at the end of a server (a traceback for each call, or SIGABRT).
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import uvicorn

from dashboard.doors.body_limit import Application
from dashboard.doors.own_folder import remove_folders
from engine.errors import UsageError

STOP_SECONDS: Final = 3.0
"""From the signal to the end of the process."""
_OPEN_SECONDS: Final = 2
"""Of it for open pages, whose connections never end by themselves."""
_TIDY_SECONDS: Final = 0.4
"""Of it for what must be tidied up where something else is still at work."""


@dataclass(frozen=True)
class Running:
    """A server in a thread of this process.

    Attributes:
        address: as a browser on this machine writes it, with a final slash.
        page: the ``gr.Blocks`` that it serves.
        tidy: called at the end; may be called more than once.
        served: set when it takes no more requests. cancel: what is at work is cancelled once this is set.
    """

    address: str
    page: Any
    tidy: Callable[[], None]
    server: uvicorn.Server
    thread: threading.Thread
    served: threading.Event
    cancel: threading.Event

    def close(self) -> None:
        """End it, and what is at work in it; the process goes on."""
        self.server.should_exit = True
        self.cancel.set()
        self.thread.join()
        self.tidy()

    def until_signal(self) -> NoReturn:
        """Serve until Ctrl-C or SIGTERM, which end the process in time: status 0."""
        ended = threading.Event()

        def end(*_: object) -> None:
            if ended.is_set():
                os._exit(0)  # asked twice: at once
            ended.set()
            threading.Thread(target=self._end_in_time, name="end", daemon=True).start()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, end)
        while self.thread.is_alive() and not ended.wait(0.5):
            pass
        self.server.should_exit = True
        while self.thread.is_alive() and not self.served.wait(0.1):
            pass
        self.tidy()
        atexit._run_exitfuncs()  # noqa: SLF001 - no public way; ends a public link's tunnel too
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):  # its reader went away
                stream.flush()
        os._exit(0)

    def _end_in_time(self) -> None:
        """End the process when it has had its time, whatever it waits for."""
        time.sleep(STOP_SECONDS - _TIDY_SECONDS)
        self.tidy()
        remove_folders()
        os._exit(0)


def start(app: Application, host: str, port: int, *, page: Any, tidy: Callable[[], None]) -> Running:
    """Serve in a thread; return when it answers. The arguments are those of :class:`Running`.

    Raises:
        UsageError: the port cannot be taken.
    """
    logging.getLogger("uvicorn.error").addFilter(_was_not_cut)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # `Forwarded` decides whose word counts
        timeout_graceful_shutdown=_OPEN_SECONDS,
    )
    server = uvicorn.Server(config)
    served, cancel = threading.Event(), threading.Event()

    async def until_closed() -> None:
        await server.serve()
        served.set()
        while not cancel.is_set():  # the end of the event loop cancels what is at work in it
            await asyncio.sleep(0.02)

    def serve() -> None:
        try:
            with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
                runner.run(until_closed())
        except SystemExit:  # uvicorn's word for a port that is taken
            return

    thread = threading.Thread(target=serve, name=f"server at {port}", daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise UsageError(f"Expected port {port} to be free, but it cannot be used; choose another with --port.")
        time.sleep(0.02)
    shown = f"[{host}]" if ":" in host else host
    return Running(f"http://{shown}:{port}/", page, tidy, server, thread, served, cancel)


def _was_not_cut(record: logging.LogRecord) -> bool:
    """Leave out that an open page's connection was cut: that is how serving ends, and no error."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))

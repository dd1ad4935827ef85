"""A server ends in time, whatever is at work."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from dashboard.doors.running import STOP_SECONDS
from tests.dashboard.made import ROOT
from tests.dashboard.test_webcam_api import free_port

BUSY_SECONDS = 120
SERVES = """
import sys, threading, time
from dashboard.doors.running import start

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            await receive()
            await send({"type": "lifespan.startup.complete"})
    if scope["path"] == "/loop":
        time.sleep(120)
    if scope["path"] == "/thread":
        threading.Thread(target=time.sleep, args=(120,)).start()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/open":
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        while True:
            await receive()
    await send({"type": "http.response.body", "body": b""})

running = start(app, "127.0.0.1", int(sys.argv[1]), page=None, tidy=lambda: print("tidied", flush=True))
print(running.address, flush=True)
running.until_signal()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("work", ["/", "/loop", "/thread", "/open"])
def test_a_signal_ends_it_with_status_0_and_tidies_up(work: str, number: signal.Signals, tmp_path: Path) -> None:
    port = free_port()
    said = tmp_path / "said"
    with (
        said.open("w") as sink,
        subprocess.Popen(
            [sys.executable, "-c", SERVES, str(port)], cwd=ROOT, stdout=subprocess.PIPE, stderr=sink, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == f"http://127.0.0.1:{port}/\n"
            try:
                with httpx.stream("GET", f"http://127.0.0.1:{port}{work}", timeout=2) as answer:
                    assert answer.status_code == 200
                    process.send_signal(number)
                    began = time.monotonic()
                    status = process.wait(BUSY_SECONDS)
            except httpx.ReadTimeout:  # it sleeps on the event loop
                process.send_signal(number)
                began = time.monotonic()
                status = process.wait(BUSY_SECONDS)
            # The promise is STOP_SECONDS; a busy machine is late in noticing, yet far from how long the work takes.
            assert time.monotonic() - began < BUSY_SECONDS / 4
            assert status == 0
            assert "tidied" in process.stdout.read()
        finally:
            process.kill()
    assert "Traceback" not in said.read_text()
    assert STOP_SECONDS == 3

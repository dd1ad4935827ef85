"""A live page beside the dashboard: whether one answers, one that is started here, and its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.report.text import plain
from dashboard.views.webcam import live_page
from engine.places import CHANGING_VARIABLE
from tests.dashboard.made import open_page
from tests.made import ROOT

PAGE = "views/webcam/page.py"
BODY = {"/": b"<title>FERLens</title>", "/other": b"another program"}


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(401 if self.path == "/login" else 200)
        self.end_headers()
        self.wfile.write(BODY.get(self.path, b""))

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_live_page_answers_and_another_program_does_not(address: str) -> None:
    assert live_page.answers(f"{address}/")
    assert live_page.answers(f"{address}/login")
    assert not live_page.answers(f"{address}/other")
    assert not live_page.answers("http://127.0.0.1:9/")


def test_the_page_says_that_one_answers(home: AppTest, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERLENS_LIVE_URL", address)
    app = open_page(home, PAGE)
    assert [one.value for one in app.success] == [plain(f"The live page answers at {address}.")]


def test_the_page_offers_to_start_one_where_a_person_may(home: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FERLENS_LIVE_URL", raising=False)
    monkeypatch.setattr(live_page, "answers", lambda _address: False)
    app = open_page(home, PAGE)
    assert [one.label for one in app.button if one.key == "start_live"] == ["Start it here"]
    monkeypatch.setenv(CHANGING_VARIABLE, "no")
    app.run()
    assert not [one for one in app.button if one.key == "start_live"]
    assert "make webcam" in app.code[0].value


def test_what_ends_at_once_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_page.sys, "executable", "/bin/false")
    with pytest.raises(live_page.FerLensError, match="could not be started here"):
        live_page.start("http://127.0.0.1:8501")


@pytest.mark.slow
def test_one_is_started_answers_and_ends() -> None:
    try:
        own = live_page.start("http://127.0.0.1:8501")
        assert live_page.start("http://127.0.0.1:8501") is own  # one at a time
        assert live_page.started() is own
        ends = time.monotonic() + 60
        while not live_page.answers(own.address) and time.monotonic() < ends:
            time.sleep(0.2)
        assert live_page.answers(own.address)
    finally:
        live_page.stop()
    assert own.process.poll() is not None
    assert live_page.started() is None


STARTS = """
import sys, time
from dashboard.report.text import plain
from dashboard.views.webcam import live_page
print(live_page.start("http://127.0.0.1:8501").process.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.slow
def test_it_ends_with_a_dashboard_that_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", STARTS], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    ends = time.monotonic() + 60
    while _runs(child) and time.monotonic() < ends:
        time.sleep(0.2)
    assert not _runs(child)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    said = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    return said.rpartition(")")[2].split()[0] != "Z"  # one that ended and that no parent looks after

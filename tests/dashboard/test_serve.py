"""Dashboard and live page from one port, as a deployment runs them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from gradio_client import Client, handle_file

from dashboard import serve
from engine.errors import CheckpointError, UsageError
from engine.models.checkpoint import load_checkpoint
from tests.dashboard.made import ROOT, SAMPLES
from tests.dashboard.test_webcam_api import free_port
from tests.made_adopted import write_code, write_live


class Served(NamedTuple):
    url: str
    process: subprocess.Popen[str]


@pytest.fixture(scope="module")
def served(seeded_checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    port = free_port()
    environment = {
        **os.environ,
        "FERLENS_CHECKPOINTS": str(seeded_checkpoints),
        "GRADIO_TEMP_DIR": str(tmp_path_factory.mktemp("uploads")),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "engine", "serve", "--port", str(port)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            for _ in range(600):
                try:
                    if httpx.get(f"{url}/_stcore/health", timeout=5).status_code == 200:
                        break
                except httpx.HTTPError:
                    assert process.poll() is None, process.stderr.read() if process.stderr else ""
                    time.sleep(0.25)
            yield Served(url, process)
        finally:
            if process.poll() is None:
                process.kill()


def test_both_answer_at_one_port(served: Served) -> None:
    home = httpx.get(f"{served.url}/", timeout=30)
    assert home.status_code == 200
    assert "streamlit" in home.text.lower()
    live = httpx.get(f"{served.url}/live/", timeout=30)
    assert live.status_code == 200
    assert "Live · FERLens" in live.text
    assert httpx.get(f"{served.url}/live", timeout=30).headers["location"] == "/live/"
    # What the page's script asks for lies below its own address, too.
    assert httpx.get(f"{served.url}/live/config", timeout=30).json()["title"] == "Live · FERLens"


def test_the_api_answers_below_live(served: Served) -> None:
    client = Client(f"{served.url}/live/", verbose=False)
    assert [model["name"] for model in client.predict(api_name="/models")] == ["baseline", "cbam"]
    found = client.predict(picture=handle_file(str(SAMPLES / "two-faces.jpg")), api_name="/predict")
    assert len(found["faces"]) == 2


def test_the_limits_hold_below_live_and_no_file_is_served(served: Served) -> None:
    too_large = httpx.post(f"{served.url}/live/gradio_api/upload", content=b"x" * (11 * 2**20), timeout=60)
    assert too_large.status_code == 413
    assert httpx.get(f"{served.url}/live/snapshot/nothing", timeout=30).status_code == 404
    secret = f"{served.url}/live/gradio_api/file={ROOT / 'README.md'}"
    assert httpx.get(secret, timeout=30).status_code in {403, 404}


def test_it_stops_cleanly(served: Served) -> None:  # the last one: it ends the server
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(timeout=60) == 0
    assert served.process.stdout is not None
    assert served.process.stderr is not None
    assert served.process.stdout.read().splitlines() == [
        f"Dashboard: {served.url}/",
        f"Live page: {served.url}/live/",
    ]
    said = served.process.stderr.read()
    assert "Traceback" not in said, said[said.index("Traceback") - 500 :]


@pytest.mark.parametrize(
    ("words", "runs"), [([], False), (["--trust-code", "other"], False), (["--trust-code", "live"], True)]
)
def test_a_served_live_network_runs_only_where_the_server_was_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], runs: bool
) -> None:
    """Whatever the environment says, which was meant for commands and for pages of one's own."""
    code = write_code(tmp_path / "code")
    write_live(tmp_path / "shelf" / "live", code)
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path / "shelf"))
    monkeypatch.setenv("FERLENS_TRUST_CODE", "live")
    monkeypatch.setattr("dashboard.live.page.build_page", stop_there)
    with pytest.raises(KeyboardInterrupt):
        serve.serve(serve.parse(["--port", str(free_port()), "--model", "live", *words]))
    if runs:
        load_checkpoint("live")
    else:
        with pytest.raises(CheckpointError, match="is a live network"):
            load_checkpoint("live")
    assert (code / "ran").exists() is runs


def stop_there(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_wrong_use_is_one_line(
    seeded_checkpoints: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(seeded_checkpoints))
    before = signal.getsignal(signal.SIGTERM)
    try:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            assert serve.main(["--port", str(other.getsockname()[1])]) == 2
        assert capsys.readouterr().err.startswith("error: Expected port ")
        assert serve.main(["--port", str(free_port()), "--model", "nothing"]) == 2
        assert capsys.readouterr().err == "error: Unknown model 'nothing'; valid: baseline, cbam.\n"
    finally:
        signal.signal(signal.SIGTERM, before)
    for host, port, words in (("127.0.0.1", 0, "--port from 1"), ("no such host", 80, "--host as an address")):
        with pytest.raises(UsageError, match=words):
            serve.check_free(host, port)

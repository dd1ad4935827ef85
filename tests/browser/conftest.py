"""A served dashboard and a real Chromium."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.setup import FLAGS, find_browser
from tests.dashboard.made import ROOT, write_seeded

START_SECONDS = 240
"""A busy machine imports torch in minutes."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_up(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(START_SECONDS * 5):
        if process.poll() is not None:
            raise RuntimeError(f"the dashboard ended with status {process.returncode} while starting")
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:  # noqa: S310  # our own server
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"the dashboard did not answer within {START_SECONDS} seconds")


@contextmanager
def serve(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run ``streamlit run dashboard/Home.py`` over the checkpoints in ``folder``; yield its address.

    ``settings`` are further variables of its environment.
    """
    port = free_port()
    words = ["streamlit", "run", "dashboard/Home.py", f"--server.port={port}", "--server.address=127.0.0.1"]
    with run_server(words, port, {"FERLENS_CHECKPOINTS": str(folder), **(settings or {})}) as url:
        yield url


@contextmanager
def run_server(words: Sequence[str], port: int, settings: Mapping[str, str]) -> Iterator[str]:
    """Run ``python -m WORDS``, which serves Streamlit's pages at ``port``; yield its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", *words],
        cwd=ROOT,
        env={**os.environ, **settings},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_up(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=60)


@pytest.fixture(scope="session")
def seeded_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two seeded, untrained models."""
    folder: Path = tmp_path_factory.mktemp("served")
    for name in ("baseline", "cbam"):
        write_seeded(folder, name)
    return folder


@pytest.fixture(scope="session")
def dashboard(seeded_store: Path) -> Iterator[str]:
    """The address of a dashboard with seeded, untrained models."""
    with serve(seeded_store) as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, as ``tests.browser.setup`` finds it."""
    system = find_browser()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=system, args=FLAGS)
        yield started
        started.close()

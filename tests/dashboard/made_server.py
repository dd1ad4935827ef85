"""The servers, started as their users start them: a process of its own, one port."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from tests.dashboard.made import ROOT
from tests.dashboard.test_webcam_api import free_port


class Server(NamedTuple):
    """Attributes: ``url`` of the whole, ``live`` of the Gradio page, ``uploads`` the folder for them, ``process``."""

    url: str
    live: str
    uploads: Path
    process: subprocess.Popen[str]


COMMANDS = {"serve": ("engine", "serve"), "webcam": ("dashboard.webcam",)}
"""Way of serving the live page → what stands behind ``python -m``."""


@contextmanager
def serving(way: str, checkpoints: Path, uploads: Path, *words: str, **environment: str) -> Iterator[Server]:
    """Start ``python -m engine serve`` or ``python -m dashboard.webcam``, and kill what is left of it."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    live = f"{url}/live" if way == "serve" else url
    set_here = {"FERLENS_CHECKPOINTS": str(checkpoints), "GRADIO_TEMP_DIR": str(uploads), **environment}
    with subprocess.Popen(
        [sys.executable, "-m", *COMMANDS[way], "--port", str(port), *words],
        cwd=ROOT,
        env={**os.environ, **set_here},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            for _ in range(1200):
                try:
                    if httpx.get(f"{live}/theme.css", timeout=5).status_code < 500:
                        break
                except httpx.HTTPError:
                    assert process.poll() is None, process.stderr.read() if process.stderr else ""
                    time.sleep(0.25)
            yield Server(url, live, uploads, process)
        finally:
            if process.poll() is None:
                process.kill()

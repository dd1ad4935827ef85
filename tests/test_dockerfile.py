"""What can be checked of the image without Docker: what it copies, how it is started, how it asks after its health."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from dashboard import serve
from tests.made import ROOT

TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
LINES = [line for line in TEXT.splitlines() if line and not line.startswith("#")]
IGNORED = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()


def command_of(instruction: str) -> list[str]:
    (line,) = (line for line in LINES if line.startswith(instruction))
    words: list[str] = json.loads(line[line.index("[") :])
    return words


def test_what_is_copied_exists_and_reaches_the_build() -> None:
    copied = [word for line in LINES if line.startswith("COPY") for word in line.split()[1:-1]]
    assert set(copied) >= {"requirements.txt", "engine", "dashboard", "checkpoints"}
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert IGNORED[1] == "*"
    assert {f"!{name}" for name in copied} == {line for line in IGNORED if line.startswith("!")}
    assert not {"data", "tests", ".git", "."} & set(copied)


def test_the_models_that_are_copied_are_the_ones_that_are_served() -> None:
    # No checkout lies there, whose folder would be known without being named.
    assert "pyproject.toml" not in TEXT
    (place,) = (line.split()[1] for line in LINES if line.startswith("WORKDIR"))
    assert f"FERLENS_CHECKPOINTS={place}/checkpoints " in TEXT


def test_it_runs_as_a_person_without_rights_and_keeps_python_at_what_the_project_needs() -> None:
    assert LINES[0] == "FROM python:3.11-slim"
    (user,) = (line.split()[1] for line in LINES if line.startswith("USER"))
    assert user != "root"
    assert re.search(rf"useradd .*--uid 1000 {user}$", TEXT, re.MULTILINE)
    assert LINES.index(f"USER {user}") < next(i for i, line in enumerate(LINES) if line.startswith("CMD"))


def test_the_last_line_is_a_command_that_serves_the_exposed_port() -> None:
    words = command_of("CMD")
    assert words[:4] == ["python", "-m", "engine", "serve"]
    given = serve.parse(words[4:])
    assert (given.host, given.port) == ("0.0.0.0", 7860)  # noqa: S104  # a container is reached from outside it
    assert f"EXPOSE {given.port}" in LINES
    documented = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    assert f"app_port: {given.port}" in documented
    assert f":{given.port}/_stcore/health" in TEXT


def test_torch_is_taken_from_its_own_index_as_a_pair() -> None:
    required = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert "grep -E '^torch' requirements.txt" in TEXT
    assert [re.split(r"[<>=]", line)[0] for line in required if line.startswith("torch")] == ["torch", "torchvision"]


@pytest.mark.parametrize(("answer", "healthy"), [(200, True), (503, False), (None, False)])
def test_the_health_check_tells_a_server_that_answers(answer: int | None, healthy: bool) -> None:
    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the library's name
            self.send_response(answer if self.path == "/_stcore/health" and answer else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    with HTTPServer(("127.0.0.1", 0), Health) as server:
        words = [word.replace("7860", str(server.server_address[1])) for word in command_of("HEALTHCHECK")]
        if answer is None:
            server.server_close()
        else:
            threading.Thread(target=server.handle_request, daemon=True).start()
        done = subprocess.run([sys.executable, *words[1:]], capture_output=True, check=False)
    assert words[0] == "python"
    assert (done.returncode == 0) is healthy

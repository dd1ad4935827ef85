"""``python -m tests.image`` does the Dockerfile's steps without Docker, in an empty folder, and tries what they make.

A fresh virtual environment stands for the image's Python. Everything else is as written there: what is copied, as far
as ``.dockerignore`` lets it; the variables; what pip installs, by the same lines; the last line's command, as user 1000
where this is started by root; the health check's command; and SIGTERM. It takes gigabytes and some minutes, so no test
runs it; ``tests/test_dockerfile.py`` has what can be told by reading.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
HOME: Final = "/home/user"
"""What the Dockerfile calls its user's home; here it is a folder in the empty one."""
USER_ID: Final = 1000
PATIENCE: Final = 300
"""Seconds for the server to be well."""
NOT_HERE: Final = ("useradd",)
"""Commands of RUN that a machine is not changed by."""


def instructions(text: str) -> list[tuple[str, str]]:
    """Return each instruction of a Dockerfile and what follows it, continued lines joined."""
    lines = text.replace("\\\n", " ").splitlines()
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines if line and not line.startswith("#")]


def words_of(rest: str) -> list[str]:
    """Return the command of a CMD or HEALTHCHECK."""
    words: list[str] = json.loads(rest[rest.index("[") :])
    return words


def copy(rest: str, app: Path) -> None:
    """Copy what COPY names, without what ``.dockerignore`` keeps back inside of folders."""
    *names, place = rest.split()
    for name in names:
        source, goal = ROOT / name, app / (name if place == "./" else place)
        if source.is_dir():
            shutil.copytree(source, goal, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        else:
            shutil.copy(source, goal)


def run(words: list[str], app: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
    """Run a command where the image would."""
    return subprocess.run(words, cwd=app, env=environment, check=False)


def fetched(url: str) -> int:
    """Return the status of a page."""
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310  # our own server
        return int(answer.status)


def may_be_another(python: str) -> bool:
    """Return whether user 1000 can run this Python: root starts this, and it does not lie in a home that is shut."""
    if os.geteuid() != 0:
        return False
    try:
        return not subprocess.run(
            [python, "-c", ""], user=USER_ID, group=USER_ID, extra_groups=[], check=False
        ).returncode
    except PermissionError:
        return False


def try_server(command: list[str], health: list[str], app: Path, environment: Mapping[str, str]) -> None:
    """Start what the last line starts, ask after its health as the image does, look at both pages, end it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    user = {"user": USER_ID, "group": USER_ID, "extra_groups": []} if may_be_another(command[0]) else {}
    print(f"served as {f'user {USER_ID}' if user else 'who started this'}")
    process = subprocess.Popen([*command[:-1], port], cwd=app, env=environment, **user)  # type: ignore[call-overload]
    try:
        asked = [word.replace("7860", port) for word in health]
        before = time.monotonic()
        while subprocess.run(asked, cwd=app, env=environment, capture_output=True, check=False).returncode:
            if process.poll() is not None or time.monotonic() - before > PATIENCE:
                raise SystemExit("error: the server did not become well.")
            time.sleep(1)
        print(f"health check: well after {time.monotonic() - before:.0f} s")  # a script's output
        for page in ("/", "/live/"):
            print(f"{page}: {fetched(f'http://127.0.0.1:{port}{page}')}")
        process.send_signal(signal.SIGTERM)
        print(f"SIGTERM: status {process.wait(timeout=30)}")
    finally:
        process.kill()
    if process.returncode:
        raise SystemExit("error: the server did not end by itself.")


def main() -> int:
    """Do the steps, one after the other, and say each."""
    with tempfile.TemporaryDirectory() as place:
        empty = Path(place)
        empty.chmod(0o755)  # for the user that it is served as
        home, venv = empty / "home", empty / "python"
        home.mkdir()
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        environment = {"PATH": f"{venv / 'bin'}:/usr/bin:/bin", "HOME": str(home), "TORCH_INDEX": ""}
        app, command, health = home, [""], [""]
        for name, rest in instructions((ROOT / "Dockerfile").read_text(encoding="utf-8")):
            print(f"{name} {' '.join(rest.split())}", flush=True)
            if name == "ENV":
                pairs = dict(re.findall(r"(\w+)=(\S+)", rest))
                environment |= {key: value.replace(HOME, str(home)) for key, value in pairs.items()}
            elif name == "WORKDIR":
                app = Path(rest.replace(HOME, str(home)))
                app.mkdir(parents=True)
            elif name == "COPY":
                copy(rest, app)
            elif name == "RUN" and not rest.startswith(NOT_HERE):
                if run(["sh", "-c", rest], app, environment).returncode:
                    raise SystemExit("error: the step before failed.")
            elif name == "HEALTHCHECK":
                health = words_of(rest)
            elif name == "CMD":
                command = words_of(rest)
        if os.geteuid() == 0:
            os.chown(home, USER_ID, USER_ID)
        # By path: a command's name is looked up in this process's PATH.
        python = str(venv / "bin" / "python")
        try_server([python, *command[1:]], [python, *health[1:]], app, environment)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The commands that become servers: what they become, from whatever folder they are started in."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from engine.cli import dashboard
from engine.cli.main import ferlens, main
from tests.made import ROOT

HOME = str(ROOT / "dashboard" / "Home.py")


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """What this process would have become; the code can be imported wherever that starts."""
    words: list[list[str]] = []

    def become(_: str, said: list[str], environment: dict[str, str]) -> None:
        assert environment["PYTHONPATH"].split(os.pathsep)[0] == str(ROOT)
        words.append(said)
        raise SystemExit(0)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(dashboard.os, "execve", become)
    return words


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            ["serve", "--port", "9000", "--model", "baseline"],
            ["dashboard.serve", "--host", "127.0.0.1", "--port", "9000", "--model", "baseline"],
        ),
        (
            ["dashboard", "--port", "9000"],
            ["streamlit", "run", HOME, "--server.address", "127.0.0.1", "--server.port", "9000"],
        ),
        (["webcam", "--share", "--port", "9000"], ["dashboard.webcam", "--share", "--port", "9000"]),
        (["webcam", "--help"], ["dashboard.webcam", "--help"]),
    ],
)
def test_a_command_becomes_its_server(became: list[list[str]], said: list[str], expected: list[str]) -> None:
    with pytest.raises(SystemExit):
        main(said)
    assert became == [[sys.executable, "-m", *expected]]


def test_the_installed_command_calls_itself_by_its_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["ferlens", "--help"])
    with pytest.raises(SystemExit):
        ferlens()
    assert capsys.readouterr().out.startswith("usage: ferlens ")


def test_the_engine_alone_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dashboard, "CODE", tmp_path)
    assert main(["dashboard"]) == 2
    assert capsys.readouterr().err.startswith("error: Expected the folder 'dashboard' beside 'engine'")

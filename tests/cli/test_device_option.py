"""Every command that runs a model has ``--device``, with the same choices and words."""

from __future__ import annotations

import argparse
import importlib
import os
from pathlib import Path

import pytest

from dashboard.serve import parse
from engine.cli import dashboard
from engine.cli.main import _MODULES, COMMANDS, PASSED_ON, main
from engine.places import DEVICE_VARIABLE
from engine.training import device

WITHOUT = {
    "audit": "looks at pictures, and at answers that are stored",
    "report": "shows answers that are stored",
    "models": "lists cards",
    "card": "writes down what is stored",
    "doctor": "says which devices there are",
    "export": "traces on the CPU, whose file runs anywhere",
    "benchmark": "its parts have it, see below",
}
"""Commands that run no model where it could matter, and why."""


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in PASSED_ON])
def test_commands_have_it(name: str) -> None:
    parser = argparse.ArgumentParser()
    importlib.import_module(f"engine.cli.{_MODULES.get(name, name)}").add_arguments(parser)
    found = [action for action in parser._actions if "--device" in action.option_strings]
    assert bool(found) is (name not in WITHOUT)
    assert all("auto, cuda, mps or cpu" in str(action.help) for action in found)


@pytest.mark.parametrize("name", ["evidence", "gates", "live", "robustness", "what_if"])
def test_so_do_the_benchmarks_that_run_a_model(name: str) -> None:
    source = Path(importlib.import_module(f"engine.cli.benchmark.{name}").__file__ or "").read_text()
    assert "add_device_option(" in source
    assert '"--device"' not in source


def test_the_servers_hand_it_on(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    became: list[list[str]] = []

    def become(_: str, words: list[str], environment: dict[str, str]) -> None:
        became.append([*words[3:], environment.get(DEVICE_VARIABLE, "")])
        raise SystemExit(0)

    monkeypatch.delenv(DEVICE_VARIABLE, raising=False)
    monkeypatch.setattr(dashboard.os, "execve", become)
    for words in (["dashboard", "--device", "cpu"], ["serve", "--device", "auto", "--allow-adding"]):
        with pytest.raises(SystemExit):
            main(words)
        monkeypatch.delenv(DEVICE_VARIABLE, raising=False)
    assert became[0][-1] == "cpu"
    assert became[1][-4:-1] == ["--device", "auto", "--allow-adding"]
    asked = parse(["--device", "auto", "--allow-adding"])
    assert (asked.device, asked.allow_adding) == ("auto", True)
    assert (parse([]).device, parse([]).allow_adding) == (None, False)
    assert main(["dashboard", "--device", "abacus"]) == 2
    assert "Device 'abacus' is not on this machine" in capsys.readouterr().err
    assert DEVICE_VARIABLE not in os.environ


def test_a_server_begins_with_what_it_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "_chosen", [])
    monkeypatch.setenv(DEVICE_VARIABLE, "auto")
    monkeypatch.setattr(device.torch.cuda, "is_available", lambda: True)
    assert device.preferred_device() == "cuda"
    device.prefer_device("cpu")
    assert device.preferred_device() == "cpu"
    monkeypatch.setattr(device, "_chosen", [])
    monkeypatch.setenv(DEVICE_VARIABLE, "")
    assert device.preferred_device() == "cpu"

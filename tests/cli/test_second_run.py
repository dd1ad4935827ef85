"""Two runs in one work folder, and a disk that is full, command by command."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.cli.main import main
from tests.faults.cases import CASES, prepare
from tests.made import ROOT
from tests.writing.made_writing import disk_of, holding

pytestmark = pytest.mark.slow

SECONDS = 300


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("given")
    prepare(folder)
    return folder


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def words(name: str, given: Path) -> list[str]:
    """Return a command that works in the folder (or file) of :data:`HELD`."""
    if name in CASES:
        return list(map(str, CASES[name].words(given)))
    more = {
        "export": ["export", "--model", given / "checkpoints" / "cbam", "--out", "a.onnx"],
        "loso": ["loso", "--recipe", given / "own.toml", "--data", given / "set"],
        "balance weights": ["balance", "--data", given / "set", "--method", "weights", "--out", "w.toml"],
        "train out": CASES["train"].words(given),
    }
    return list(map(str, more[name]))


HELD = {
    **{name: case.watched for name, case in CASES.items()},
    "train out": "made/own",
    "export": "a.onnx",
    "loso": "runs/loso-own",
    "balance weights": "w.toml",
}


@pytest.mark.parametrize("name", HELD)
def test_the_second_run_says_who_holds_the_folder(
    name: str, given: Path, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held = place / HELD[name]
    with holding(held) as other:
        before = sorted(place.rglob("*"))
        assert main(words(name, given)) == 1
        assert sorted(place.rglob("*")) == before
    said = capsys.readouterr().err
    assert re.search(rf"^error: Process {other.pid} \(.*, since .*\) works in '{held.name}'; ", said, re.MULTILINE)
    assert str(place) not in said


def test_two_trainings_into_one_folder_are_one(given: Path, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    long = [*words("train", given), "--epochs", "1000", "--seed"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "engine", *long, "1"]
    with subprocess.Popen(command, cwd=place, env=environment, stderr=subprocess.DEVNULL) as first:
        try:
            ends = time.monotonic() + SECONDS
            while not (place / "runs/own/state.safetensors").exists() and time.monotonic() < ends:
                assert first.poll() is None
                time.sleep(0.1)
            capsys.readouterr()
            assert main([*long, "2"]) == 1
            said = capsys.readouterr().err
            assert f"error: Process {first.pid} (engine train --recipe own.toml " in said
        finally:
            first.send_signal(signal.SIGKILL)
    assert main([*long, "2"]) == 1  # nobody holds it now, and the saved run is another
    assert "was made with another seed" in capsys.readouterr().err
    assert not list((place / "runs").glob(".*"))


@pytest.mark.parametrize("name", ["train", "analyze", "balance", "enhance", "report", "video", "export"])
def test_a_full_disk_is_one_line_and_leaves_no_half(
    name: str, given: Path, place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with disk_of(2_000 if name in {"balance", "enhance"} else 10_000):
        assert main(words(name, given)) == 1
    said = capfd.readouterr().err
    assert "Traceback" not in said
    assert re.search(r"^error: '[\w.-]+' could not be written \(.*make room on the disk", said, re.MULTILINE), said
    finals = CASES[name].results if name in CASES else ("a.onnx",)
    assert not [final for final in finals if not final.startswith("runs/") and (place / final).exists()]
    assert not [path for path in place.rglob(".*") if not path.name.endswith("-partial")]


def test_an_explanation_on_a_full_disk(given: Path, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = next((given / "set" / "train" / "happy").iterdir())
    command = ["explain", str(picture), "--whole", "--model", str(given / "checkpoints" / "cbam"), "--out", "out"]
    with disk_of(10_000):
        assert main(command) == 1
    said = capsys.readouterr().err
    assert re.match(r"error: '[\w.-]+' could not be written \(.*make room on the disk and run the command again", said)
    assert list(place.iterdir()) == []


def test_a_full_disk_under_the_printed_document(given: Path, place: Path) -> None:
    command = [sys.executable, "-m", "engine", "models", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "FERLENS_CHECKPOINTS": str(given / "checkpoints")}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, cwd=place, env=environment, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr == "error: No space left on device; mend that and run the command again.\n"

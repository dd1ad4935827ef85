from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.cli.main import COMMANDS, PASSED_ON, main
from engine.errors import DataError, UsageError
from tests.made import ROOT


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in PASSED_ON])
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert f"python -m engine {command}" in printed
    # Each benchmark has its own options; a server reports nothing.
    assert "--json" in printed or "BENCHMARK" in printed or command in {"serve", "dashboard"}


def test_the_whole_has_help_that_lists_the_commands() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "engine", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for command, summary in COMMANDS.items():
        assert command in done.stdout
        assert summary.split(",")[0] in done.stdout


@pytest.mark.parametrize("words", [[], ["dance"], ["predict"], ["models", "--colour"], ["explain"]])
def test_wrong_use_is_status_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "error: " in printed.err


def test_an_explanation_needs_a_place(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "a.png"]) == 2
    assert capsys.readouterr().err.startswith("error: Expected --out, the folder for the files, or --sheet")


@pytest.mark.parametrize(
    ("raised", "status", "line"),
    [
        (UsageError("Give one."), 2, "error: Give one.\n"),
        (DataError("There is none."), 1, "error: There is none.\n"),
        (KeyboardInterrupt(), 1, "error: Interrupted.\n"),
        (
            PermissionError(13, "Permission denied", "/secret/place/file.txt"),
            1,
            "error: 'file.txt': Permission denied; mend that and run the command again.\n",
        ),
        (
            OSError(28, "No space left on device"),
            1,
            "error: No space left on device; mend that and run the command again.\n",
        ),
    ],
)
def test_errors_are_one_line_and_a_status(
    raised: BaseException, status: int, line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(arguments: object) -> int:
        raise raised

    monkeypatch.setattr("engine.cli.models.run", fail)
    assert main(["models"]) == status
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", line)


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m engine models --json | head -c 1; exit ${{PIPESTATUS[0]}}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert done.stdout == "{"

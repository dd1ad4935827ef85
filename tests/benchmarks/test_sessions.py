from __future__ import annotations

import json

import pytest

from benchmarks.sessions import main, parse, without_time
from engine.errors import UsageError


def test_time_is_left_out_and_nothing_else() -> None:
    assert without_time({"a": [{"seconds": 1, "b": 2}], "took_seconds": 3, "c": None}) == {"a": [{"b": 2}], "c": None}


def test_too_few_are_refused() -> None:
    with pytest.raises(UsageError, match="10 sessions"):
        parse(["--sessions", "1"])


def test_the_command_says_what_it_found(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERLENS_CHECKPOINTS", "nowhere")  # what the command sets is put back
    main(["--sessions", "12", "--explanations", "10", "--uploads", "10"])
    said = json.loads(capsys.readouterr().out)
    assert said["answers that differ"] == 0
    assert set(said["memory"]) == {"after a tenth, MiB", "at the end, MiB", "growth"}

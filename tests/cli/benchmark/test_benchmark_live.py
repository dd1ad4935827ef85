from __future__ import annotations

import json

import pytest

from engine.cli.main import main
from tests.benchmarks.made_films import ONE

pytestmark = pytest.mark.usefixtures("checkpoints")


def test_the_document_and_the_words(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("engine.benchmarks.live.SCRIPTS", {"one": ONE})
    words = ["benchmark", "live", "--model", "cbam", "--films", "one", "--overlay", "none"]
    assert main([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["benchmark"], document["overlay"], list(document["films"])) == ("live", "none", ["one"])
    assert main(words) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("one: 1 face, median ")
    assert "identity switches" in printed.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--films", "nine"], "Unknown film 'nine'; valid: one, four, crossing."),
        (["--films", ""], "one film or more"),
        (["--overlay", "heat"], "Unknown overlay 'heat'"),
        (["--every", "0"], "detect_every from 1"),
        (["--seconds", "0"], "1 second of film"),
        (["--minutes", "1"], "2 minutes or more"),
        (["--minutes", "5", "--seconds", "3"], "--minutes without --seconds"),
        (["--minutes", "5", "--seed", "3"], "--minutes without --seconds"),
        (["--fast"], "--fast together with --minutes"),
    ],
)
def test_wrong_use_is_one_line(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["benchmark", "live", "--model", "cbam", *words]) == 2
    printed = capsys.readouterr()
    assert says in printed.err
    assert printed.err.count("\n") == 1


def test_endurance_is_reported(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    minute = {"frames": 1798, "median_ms": 9.1, "p95_ms": 26.4, "memory_mib": 801.2}
    film = {
        "frames_per_second": 30.0,
        "seconds": 600.02,
        "frames": 17990,
        "dropped": 10,
        "first_minute": minute,
        "last_minute": {**minute, "median_ms": 9.2},
        "milliseconds_slope": {"per_minute": 0.004, "interval": [-0.01, 0.02], "windows": 30},
        "memory_mib_slope": {"per_minute": 0.0, "interval": [0.0, 0.1], "windows": 30},
    }
    asked = {}

    def measured(_: object, **named: object) -> dict[str, object]:
        asked.update(named)
        return {"memory": "resident", "films": {"one": film}}

    monkeypatch.setattr("engine.benchmarks.live.live_endurance", measured)
    assert main(["benchmark", "live", "--model", "cbam", "--minutes", "10"]) == 0
    assert (asked["minutes"], asked["films"], asked["at_camera_pace"]) == (10.0, ("one",), True)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "one: 10.0 minutes at 30 frames a second, 17,990 frames, 10 dropped"
    assert lines[2] == "  last minute:  median 9.2 ms, 95th percentile 26.4 ms, 801 MiB"
    assert lines[3].startswith("  a minute adds +0.004 (-0.010 to +0.020) ms and +0.000 (+0.000 to +0.100) MiB")
    assert main(["benchmark", "live", "--model", "cbam", "--minutes", "10", "--fast", "--json"]) == 0
    assert asked["at_camera_pace"] is False
    assert json.loads(capsys.readouterr().out)["films"]["one"]["dropped"] == 10

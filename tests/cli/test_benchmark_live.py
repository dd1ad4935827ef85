from __future__ import annotations

import json

import pytest

from engine.cli.main import main
from tests.evaluate.made_films import ONE

pytestmark = pytest.mark.usefixtures("checkpoints")


def test_the_document_and_the_words(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("engine.evaluate.live_benchmark.SCRIPTS", {"one": ONE})
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
    ],
)
def test_wrong_use_is_one_line(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["benchmark", "live", "--model", "cbam", *words]) == 2
    printed = capsys.readouterr()
    assert says in printed.err
    assert printed.err.count("\n") == 1

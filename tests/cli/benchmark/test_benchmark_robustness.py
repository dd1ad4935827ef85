from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.cli.main import main
from engine.measure.robustness import read_robustness
from engine.models.checkpoint import read_card


def robust(*words: object) -> int:
    return main(["benchmark", "robustness", *map(str, words)])


def test_the_document_and_its_file(
    checkpoints: Path, patterns: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "robustness.json"
    words = ["--model", "baseline", "--data", patterns, "--split", "private", "--limit", 7]
    assert robust(*words, "--json", "--out", out) == 0
    document = json.loads(capsys.readouterr().out)
    assert json.loads(out.read_text()) == document
    assert (document["model"], document["split"], document["pictures"], document["total"]) == (
        "baseline",
        "private",
        7,
        14,
    )
    card = read_card(checkpoints / "baseline")
    report = read_robustness(out, card, dataset="fer2013", split="private")
    assert report is not None
    assert len(report.rows) == 25
    assert robust(*words, "--out", out) == 2
    assert "'robustness.json' exists already" in capsys.readouterr().err


@pytest.mark.parametrize(("words", "says"), [(["--limit", 0], "--limit of 1"), (["--seed", -1], "--seed of 0")])
def test_wrong_use_is_one_line(words: list[object], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert robust(*words) == 2
    printed = capsys.readouterr()
    assert says in printed.err
    assert printed.err.count("\n") == 1

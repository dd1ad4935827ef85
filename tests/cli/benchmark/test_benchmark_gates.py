from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.analysis.files.gate_use import read_gate_use
from engine.cli.main import main
from engine.models.checkpoint import read_card


def gates(*words: object) -> int:
    return main(["benchmark", "gates", *map(str, words)])


def test_the_document_and_its_file(
    checkpoints: Path, patterns: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "gate_use.json"
    words = ["--model", "cbam", "--data", patterns, "--split", "private", "--pictures", 2, "--out", out]
    assert gates(*words, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert json.loads(out.read_text()) == document
    assert sum(document["pictures"].values()) == 2
    assert document["total"] == 14
    use = read_gate_use(out, read_card(checkpoints / "cbam"), dataset="fer2013", split="private")
    assert use is not None
    assert len(use.gates) == 8
    assert gates(*words) == 2
    assert "exists already; replace it with --force" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--pictures", 0], "--pictures of 1"),
        (["--draws", 9], "--draws of 10"),
        (["--model", "cbam"], "analyse the split first"),
    ],
)
def test_wrong_use_is_one_line(
    checkpoints: Path, words: list[object], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gates(*words) == 2
    printed = capsys.readouterr()
    assert says in printed.err
    assert printed.err.count("\n") == 1

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.cli.main import main


def test_it_is_printed_or_written_once(checkpoints: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["card", "baseline"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith('---\nlicense: "unknown"\n')
    assert "## It must not be used for" in printed
    out = tmp_path / "README.md"
    assert main(["card", "baseline", "--out", str(out), "--license", "cc-by-4.0"]) == 0
    assert capsys.readouterr().out == "README.md: the card of baseline, 13 sections\n"
    assert out.read_text(encoding="utf-8") == printed.replace('"unknown"', '"cc-by-4.0"', 1)
    assert main(["card", "cbam", "--out", str(out)]) == 2
    assert "'README.md' exists already" in capsys.readouterr().err


def test_as_json_it_is_the_blocks(checkpoints: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["card", "cbam", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["name"] == "cbam"
    assert document["sections"][0]["heading"] == "Model details"
    assert any("4 channel, 4 spatial" in point for point in document["sections"][0]["points"])


def test_an_unknown_model_is_one_line(checkpoints: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["card", "nothing"]) == 2
    assert capsys.readouterr().err.count("\n") == 1

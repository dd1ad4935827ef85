from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.cli.main import main
from tests.made import write_patterns


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_patterns(tmp_path / "data", train=12)
    return tmp_path / "data"


def test_the_document(checkpoints: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "export",
        "--model",
        "cbam",
        "--dataset",
        "fer2013",
        "--data",
        str(data),
        "--out",
        str(tmp_path / "x.onnx"),
    ]
    assert main([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["file"] == "x.onnx"
    assert document["bytes"] == (tmp_path / "x.onnx").stat().st_size
    assert document["outputs"][0] == "logits"
    assert len(document["outputs"]) == 9
    assert document["logits_difference"] < 1e-4
    assert document["pictures"] > 0
    assert main(words) == 2
    assert "'x.onnx' is there already" in capsys.readouterr().err


def test_eight_bits(checkpoints: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "small.onnx"
    words = ["--dataset", "fer2013", "--data", str(data), "--int8", "--out", str(out)]
    assert main(["export", "--model", "baseline", *words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["int8"] is True
    assert document["bytes"] == out.stat().st_size
    assert sorted(file.name for file in tmp_path.iterdir() if file.is_file()) == ["small.onnx"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--format", "pt2", "--int8"], "--int8 with --format onnx"),
        (["--out", "nowhere/m.onnx"], "Expected --out in a folder that exists"),
    ],
)
def test_wrong_use_is_one_line(
    words: list[str], says: str, checkpoints: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "--model", "cbam", *words]) == 2
    printed = capsys.readouterr()
    assert says in printed.err
    assert printed.err.count("\n") == 1

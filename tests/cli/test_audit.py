from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.cli.main import main
from tests.made_audit import write_planted


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return write_planted(tmp_path / "set")


def test_the_document_goes_to_stdout_and_to_a_file(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "audit.json"
    assert main(["audit", "--data", str(place), "--json", "--out", str(file)]) == 0
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert document == json.loads(file.read_text())
    assert (document["dataset"], document["pictures"], document["distinct"]) == ("fer2013", 18, 13)
    assert document["exact"]["conflicting_labels"] == 1
    assert str(tmp_path) not in printed.out + printed.err


def test_in_words(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "train" / "happy" / "broken.png").write_bytes(b"no picture")
    assert main(["audit", "--data", str(place), "--near-bits", "0"]) == 0
    printed = capsys.readouterr()
    assert "fer2013: 18 pictures, 13 distinct\n" in printed.out
    assert (
        "exact copies: 4 groups of 9 pictures, 1 with conflicting labels; 1 between the training set and another part, "
        "2 between any two parts\n"
    ) in printed.out
    assert "near copies (at most 0 of 64 bits in both hashes)" in printed.out
    assert "blank: 2\n" in printed.out
    assert "private: 4 pictures, 1 with an exact copy in the training set" in printed.out
    assert "not looked for: text and cartoons" in printed.out
    assert "1 files could not be read, for example train/happy/broken.png" in printed.err


@pytest.mark.usefixtures("checkpoints", "narrow")
def test_with_a_model(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "--data", str(place), "--model", "cbam"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "python -m engine analyze --model cbam --dataset fer2013 --split test" in said.err


@pytest.mark.parametrize(
    ("words", "status", "line"),
    [
        (["--data", "nowhere"], 1, "error: Expected fer2013 at 'nowhere'"),
        (["--dataset", "mnist"], 2, "error: Unknown dataset to audit 'mnist'"),
        (["--near-bits", "40"], 2, "error: Expected 0 to 12 of 64 bits"),
    ],
)
def test_wrong_use(place: Path, capsys: pytest.CaptureFixture[str], words: list[str], status: int, line: str) -> None:
    given = words if "--data" in words else [*words, "--data", str(place)]
    assert main(["audit", *given]) == status
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(line)

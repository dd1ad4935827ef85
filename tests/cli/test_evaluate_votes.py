from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.cli.main import main
from engine.data.votes.file import VOTES_VARIABLE
from tests.made_votes import pattern_votes, votes, write_votes


@pytest.fixture
def file(tmp_path: Path, pattern_table: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(VOTES_VARIABLE, raising=False)
    changed = {
        ("PrivateTest", "sad", 0): votes(neutral=6, sad=4),
        ("PrivateTest", "sad", 1): votes(unknown=10),
        ("PrivateTest", "fear", 0): votes(contempt=10),
        ("PrivateTest", "fear", 1): votes(happy=5, fear=5),
    }
    return write_votes(tmp_path / "fer2013new.csv", pattern_votes(changed))


def evaluate(capsys: pytest.CaptureFixture[str], *words: object, status: int = 0) -> tuple[dict[str, Any], str]:
    assert main(["evaluate", "--model", "cbam", *map(str, words)]) == status
    printed = capsys.readouterr()
    return (json.loads(printed.out) if printed.out.startswith("{") else {"out": printed.out}), printed.err


def test_votes_beside_the_accuracy(
    checkpoints: Path, patterns: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document, _ = evaluate(capsys, "--data", patterns, "--votes", file, "--json")
    plain, said = evaluate(capsys, "--data", patterns, "--json")
    assert "votes" not in plain
    assert "What people saw in these pictures is not reported" in said
    assert "--votes PATH" in said
    report = document.pop("votes")
    assert document == plain
    assert (report["n"], report["without_emotion"], report["ties"]) == (13, 1, 1)
    assert report["label_is_majority"]["count"] == 13 - 3  # neutral, contempt, and happy of the tie
    assert report["accuracy_on_label"]["n"] == 13


def test_in_words(checkpoints: Path, patterns: Path, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document, said = evaluate(capsys, "--data", patterns, "--votes", file)
    text = document["out"]
    assert "what people saw (n = 13): cbam says what most saw in" in text
    assert "agreement with the other voters: one voter" in text
    assert "mistakes by the label, people side with cbam in" in text
    assert "unanimous" in said


def test_the_variable_names_the_file(
    checkpoints: Path, patterns: Path, file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VOTES_VARIABLE, str(file))
    assert evaluate(capsys, "--data", patterns, "--json")[0]["votes"]["n"] == 13


def test_a_model_of_seven_classes_on_ferplus(
    checkpoints: Path, patterns: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--dataset", "ferplus", "--data", patterns, "--votes", file, "--json")
    document, said = evaluate(capsys, *words)
    assert (document["dataset"], document["split"], document["n"]) == ("ferplus", "private", 11)
    assert document["mapped_classes"]["dropped"] == {"contempt": 1}
    assert document["protocol"].startswith("PrivateTest")
    assert "more than half of the votes; an emotion that one voter in ten chose is removed" in document["labels"]
    assert "2 pictures have no label by the votes and are left out: tie (1), unknown (1)." in said.replace("\n", " ")
    assert "mistakes" not in document["votes"]
    kept, _ = evaluate(capsys, *words, "--outliers", "kept")
    assert "single votes are kept" in kept["labels"]


@pytest.mark.parametrize(
    ("words", "status", "line"),
    [
        (["--dataset", "ckplus", "--votes", "v.csv", "--data", "DATA"], 1, "error: "),
        (["--dataset", "ferplus", "--data", "DATA"], 1, "error: This needs what people voted"),
        (["--votes", "gone.csv", "--data", "DATA"], 1, "error: Expected FER+'s votes at 'gone.csv' (--votes)"),
        (["--dataset", "synthetic", "--votes", "v.csv"], 2, "error: --votes is for fer2013 and ferplus; 'synthetic'"),
    ],
)
def test_wrong_use(
    checkpoints: Path,
    patterns: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    status: int,
    line: str,
) -> None:
    monkeypatch.delenv(VOTES_VARIABLE, raising=False)
    given = [str(patterns) if word == "DATA" else word for word in words]
    document, said = evaluate(capsys, *given, status=status)
    assert document == {"out": ""}
    assert said.startswith(line)
    assert said.count("\n") == 1


def test_compare_says_which_is_nearer_to_people(
    checkpoints: Path, patterns: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["compare", "--models", "cbam", "baseline", "--data", str(patterns), "--votes", str(file)]
    assert main([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)["votes"]
    assert (document["models"], document["n"], document["n_distances"]) == (["cbam", "baseline"], 13, 12)
    for index, model in (("first", "cbam"), ("second", "baseline")):
        assert main(["evaluate", "--model", model, "--data", str(patterns), "--votes", str(file), "--json"]) == 0
        own = json.loads(capsys.readouterr().out)["votes"]
        assert document["accuracy_on_majority"][index] == own["accuracy_on_majority"]["share"]
        mean = own["distributions"]["jensen_shannon_distance"]["mean"]
        assert document["jensen_shannon_distance"][index] == pytest.approx(mean, abs=1e-5)
    assert main(words) == 0
    said = capsys.readouterr().out
    assert document["verdict"] in said
    assert "right by what most people saw: cbam" in said
    assert main([*words[:-2], "--json"]) == 0
    assert "votes" not in json.loads(capsys.readouterr().out)


def test_compare_on_ferplus(checkpoints: Path, patterns: Path, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--dataset", "ferplus", "--data", str(patterns), "--votes", str(file), "--json"]
    assert main(["compare", "--models", "cbam", "baseline", *words]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["dataset"], document["n"], document["votes"]["n"]) == ("ferplus", 11, 11)

"""What ``audit``, ``balance`` and ``enhance`` make of the dataset ``ferplus``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.cli.main import main
from tests.made_votes import pattern_votes, votes, write_votes

CHANGED = {
    ("Training", "angry", 0): votes(contempt=9, angry=1),
    ("Training", "sad", 0): votes(sad=5, neutral=5),
    ("Training", "fear", 0): votes(surprise=10),
    ("PrivateTest", "happy", 0): votes(no_face=9, happy=1),
}


@pytest.fixture
def seen(tmp_path: Path, pattern_table: None) -> Path:
    return write_votes(tmp_path / "fer2013new.csv", pattern_votes(CHANGED))


def test_audit_looks_at_the_pictures_that_votes_label(
    patterns: Path, seen: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "--data", str(patterns), "--json"]) == 0
    whole = json.loads(capsys.readouterr().out)
    assert main(["audit", "--dataset", "ferplus", "--data", str(patterns), "--votes", str(seen), "--json"]) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert found["dataset"] == "ferplus"
    assert found["pictures"] == whole["pictures"] - 2
    assert found["distinct"] <= found["pictures"]
    assert "2 pictures have no label by the votes and are left out: no face (1), tie (1)." in said.err
    assert "contempt" in json.dumps(found)


def test_balance_counts_what_people_saw(patterns: Path, seen: Path, tmp_path: Path,
                                        capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    out = tmp_path / "weights.toml"
    words = ["balance", "--dataset", "ferplus", "--data", str(patterns), "--votes", str(seen), "--method", "weights"]
    assert main([*words, "--out", str(out), "--json"]) == 0
    before = json.loads(capsys.readouterr().out)["before"]
    assert main(["balance", "--data", str(patterns), "--method", "weights", "--out", str(tmp_path / "b.toml"),
                 "--json"]) == 0  # fmt: skip
    by_label = json.loads(capsys.readouterr().out)["before"]
    assert before["contempt"] <= 1
    assert before["surprise"] > by_label["surprise"] - 1
    assert sum(before.values()) in {sum(by_label.values()) - 1, sum(by_label.values())}


def test_pictures_without_votes_are_not_made(
    patterns: Path, seen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["balance", "--dataset", "ferplus", "--data", str(patterns), "--votes", str(seen), "--method", "random"]
    assert main([*words, "--out", str(tmp_path / "even")]) == 2
    assert "A made picture has nobody's votes" in capsys.readouterr().err
    assert not (tmp_path / "even").exists()


@pytest.mark.parametrize("command", ["audit", "balance"])
def test_without_the_votes_it_says_where_they_are(
    patterns: Path, pattern_table: None, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    out = ["--out", str(tmp_path / "even.toml"), "--method", "weights"] if command == "balance" else []
    assert main([command, "--dataset", "ferplus", "--data", str(patterns), *out]) == 1
    assert "take fer2013new.csv from" in capsys.readouterr().err


def test_votes_that_would_change_nothing_are_refused(
    patterns: Path, seen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "--data", str(patterns), "--votes", str(seen)]) == 2
    assert "--votes changes nothing here" in capsys.readouterr().err
    out = ["--out", str(tmp_path / "even")]
    assert main(["balance", "--data", str(patterns), "--votes", str(seen), *out]) == 2
    assert "--votes is for ferplus" in capsys.readouterr().err


def test_enhance_says_to_enhance_the_pictures_of_fer2013(
    patterns: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["enhance", "--dataset", "ferplus", "--data", str(patterns), "--out", str(tmp_path / "larger")]
    assert main(words) == 2
    assert "enhance --dataset fer2013, then give what is made as --data with --dataset ferplus" in (
        capsys.readouterr().err.replace("\n", " ")
    )

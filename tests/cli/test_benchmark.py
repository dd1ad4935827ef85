from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from engine.cli.main import main
from engine.models.checkpoint import write_checkpoint
from engine.models.registry import DEFAULT_INPUT, build_model

pytestmark = pytest.mark.usefixtures("checkpoints")


def benchmark(*words: object) -> int:
    return main(["benchmark", "evidence", *map(str, words)])


def test_the_document_and_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "evidence.json"
    assert benchmark("--model", "cbam", "--methods", "gradcam", "--limit", 14, "--json", "--out", out) == 0
    document = json.loads(capsys.readouterr().out)
    assert json.loads(out.read_text(encoding="utf-8")) == document
    assert [path.name for path in tmp_path.iterdir()] == ["evidence.json"]
    assert {key: document[key] for key in ("benchmark", "model", "dataset", "split", "variant", "pictures")} == {
        "benchmark": "evidence", "model": "cbam", "dataset": "synthetic", "split": "test", "variant": "plain",
        "pictures": 14,
    }  # fmt: skip
    assert document["scored"] == document["right"] + document["wrong"] == 12
    assert document["excluded"] == {"neutral": 2}
    assert [row["layer"] for row in document["maps"]] == [
        *(f"block{n}" for n in (1, 2, 3, 4)), *(f"block{n}.spatial" for n in (1, 2, 3, 4)),
    ]  # fmt: skip
    assert len(document["references"]) == 4 * 4
    for row in document["maps"]:
        assert row["groups"]["all"]["pictures"] == 12
        assert set(row["groups"]["all"]["minus"]) == {"random", "centre", "edges"}


def test_the_same_command_gives_the_same_document(capsys: pytest.CaptureFixture[str]) -> None:
    words = (
        "--model",
        "baseline",
        "--methods",
        "gradcam,hirescam",
        "--limit",
        7,
        "--variant",
        "spurious",
        "--split",
        "val",
        "--json",
    )
    assert benchmark(*words) == 0
    first = capsys.readouterr().out
    assert benchmark(*words) == 0
    assert capsys.readouterr().out == first
    document = json.loads(first)
    assert document["scored"] == 7
    assert set(document["cue"]) == {"differs", "followed"}
    assert {row["kind"] for row in document["maps"]} == {"method"}  # a baseline has no gates


@pytest.mark.parametrize(("variant", "column"), [("plain", "wrong"), ("spurious", "fooled")])
def test_for_people(variant: str, column: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark("--model", "cbam", "--limit", 7, "--variant", variant) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith(f"cbam on synthetic test ({variant}): ")
    assert ("mark's class" in printed.out) == (variant == "spurious")
    assert column in printed.err
    assert "gradcam block4" in printed.err
    assert "deeplift" in printed.err
    assert "occlusion" not in printed.err  # it takes long, and was not asked for
    assert "block1.channel" in printed.err


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["--dataset", "fer2013"], 2, "--dataset synthetic"),
        (["--split", "private"], 2, "train, val, test"),
        (["--variant", "odd"], 2, "plain, spurious"),
        (["--limit", "0"], 2, "--limit of 1"),
        (["--seed", "-1"], 2, "--seed of 0"),
        (["--methods", "gradcam,magic"], 2, "Unknown method 'magic'"),
        (["--model", "nothing"], 2, "baseline, cbam"),
        (["--out", "nowhere/evidence.json"], 2, "'nowhere'"),
    ],
)
def test_wrong_use_is_one_line(words: list[str], status: int, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark(*words) == status
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert says in printed.err


def test_an_existing_file_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "mine.json"
    out.write_text("mine")
    assert benchmark("--limit", 7, "--out", out) == 2
    assert "'mine.json' exists already" in capsys.readouterr().err
    assert out.read_text() == "mine"


def test_a_model_of_other_classes_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    write_checkpoint(
        tmp_path / "two",
        build_model("baseline", classes=2, spec=DEFAULT_INPUT),
        {
            "architecture": "baseline", "config": {}, "classes": ("happy", "sad"), "input": DEFAULT_INPUT,
            "recipe": {}, "data": {}, "metrics": {},
        },
    )  # fmt: skip
    assert benchmark("--model", tmp_path / "two", "--limit", 7) == 1
    assert "'two' knows happy, sad; choose" in capsys.readouterr().err


def test_help_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["benchmark", "evidence", "--help"])
    assert ended.value.code == 0
    assert "planted corner mark" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["benchmark"])
    assert ended.value.code == 2

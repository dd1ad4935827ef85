from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from engine.cli.main import main
from engine.models.architecture import DEFAULT_INPUT
from engine.models.checkpoint import write_checkpoint
from engine.models.registry import build_model

pytestmark = pytest.mark.usefixtures("checkpoints")


def benchmark(*words: object) -> int:
    return main(["benchmark", "evidence", *map(str, words)])


def test_the_document_and_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "evidence.json"
    assert benchmark("--model", "cbam", "--methods", "gradcam", "--limit", 14, "--json", "--out", out) == 0
    document = json.loads(capsys.readouterr().out)
    assert json.loads(out.read_text(encoding="utf-8")) == document
    assert sorted(path.name for path in tmp_path.iterdir()) == ["evidence.json", "evidence.readings.parquet"]
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
        (["--limit", "scorecam=7"], 2, "scorecam, which is not among --methods"),
        (["--resume"], 2, "say with --out which"),
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


def test_a_finished_result_is_added_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, once = tmp_path / "grown.json", tmp_path / "once.json"
    words = ("--model", "baseline", "--out")
    assert benchmark(*words, out, "--methods", "gradcam", "--limit", 7) == 0
    assert benchmark(*words, out, "--methods", "gradcam", "--limit", 9) == 2
    assert "add to it with --resume" in capsys.readouterr().err
    more = ("--methods", "gradcam,occlusion", "--limit", 12, "--limit", "occlusion=4")
    assert benchmark(*words, out, "--resume", *more) == 0
    printed = capsys.readouterr()
    assert "Going on with the pictures read in 'grown.readings.parquet': gradcam 7." in printed.err
    assert "occlusion" in printed.err
    assert benchmark(*words, once, *more) == 0
    assert out.read_text(encoding="utf-8") == once.read_text(encoding="utf-8")
    rows = {row["name"]: row["pictures"] for row in json.loads(out.read_text(encoding="utf-8"))["maps"]}
    assert rows == {"gradcam": 12, "occlusion": 4}


def test_a_killed_run_goes_on_by_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "evidence.json"
    words = ("--model", "baseline", "--methods", "gradcam", "--limit", 7, "--out", out)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("engine.cli.benchmark.evidence.write_document", killed)
        assert benchmark(*words) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["evidence.readings.parquet"]
    capsys.readouterr()
    assert benchmark(*words) == 0
    assert "Going on with" in capsys.readouterr().err
    assert out.is_file()


def test_readings_of_another_seed_and_a_result_without_readings_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "evidence.json"
    words = ("--model", "baseline", "--methods", "gradcam", "--limit", 7, "--out", out, "--resume")
    assert benchmark(*words) == 0
    before = out.read_text(encoding="utf-8")
    assert benchmark(*words, "--seed", 1) == 1
    assert "readings of another seed than are asked for" in capsys.readouterr().err
    (tmp_path / "evidence.readings.parquet").unlink()
    assert benchmark(*words) == 2
    assert "'evidence.readings.parquet' are not beside it" in capsys.readouterr().err
    assert out.read_text(encoding="utf-8") == before


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

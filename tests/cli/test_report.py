from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from engine.analysis.files.places import analysis_folder
from engine.analysis.sweep.block import SweepSettings
from engine.analysis.sweep.sweep import sweep
from engine.cli.main import main
from engine.data.registry import load_dataset
from engine.data.votes.file import VOTES_VARIABLE
from engine.models.checkpoint import load_checkpoint
from tests.made_votes import pattern_votes, votes, write_votes


@pytest.fixture
def own(seeded_store: Path, patterns: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``baseline``, analysed on the 14 public patterns and on some of ``val``; ``cbam``, not analysed."""
    folder = Path(shutil.copytree(seeded_store, tmp_path / "checkpoints"))
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(folder))
    loaded = load_checkpoint("baseline", folder=folder)
    for split in ("public", "val"):
        out = analysis_folder(folder / "baseline", "fer2013", split)
        settings = SweepSettings(batch_size=8, block=8, gradcam=False)
        sweep(loaded.model, loaded.card, load_dataset("fer2013", split, data=patterns), out, settings=settings, bare=4)
    return folder


def report(*words: object) -> int:
    return main(["report", *map(str, words)])


def test_page_figures_and_numbers(own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert report("--model", "baseline", "--dataset", "fer2013", "--split", "public", "--out", out, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["model"], document["split"], document["n"]) == ("baseline", "public", 14)
    assert document["calibration"]["temperature"]["fitted_on"] > 0
    assert "data:image/png" in (out / "report.html").read_text()
    assert {file.name for file in (out / "figures").iterdir()} >= {"roc.png", "confusion.png", "calibration.png"}
    assert report("--model", "baseline", "--out", out) == 2
    assert "'out' exists already" in capsys.readouterr().err


def test_no_stored_answers_is_one_line_with_the_command(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report("--model", "cbam", "--out", tmp_path / "out") == 1
    printed = capsys.readouterr()
    assert "python -m engine analyze --model cbam --dataset synthetic --split test" in printed.err
    assert printed.err.count("\n") == 1
    assert report("--model", "baseline", "--split", "private", "--out", tmp_path / "out") == 1
    assert "it was analysed on: fer2013-public, fer2013-val" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_damaged_val_is_said_and_the_rest_is_written(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (own / "baseline/analysis/fer2013-val/predictions.parquet").write_bytes(b"gone")
    assert report("--model", "baseline", "--split", "public", "--out", tmp_path / "out", "--json") == 0
    printed = capsys.readouterr()
    assert "No temperature: 'fer2013-val/predictions.parquet' of 'baseline' is damaged" in printed.err
    assert json.loads(printed.out)["calibration"]["temperature"] is None


def test_what_people_saw_is_in_the_report(
    own: Path, tmp_path: Path, pattern_table: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VOTES_VARIABLE, raising=False)
    file = write_votes(tmp_path / "v.csv", pattern_votes({("PublicTest", "sad", 0): votes(neutral=10)}))
    asked = ("--model", "baseline", "--dataset", "fer2013", "--split", "public", "--json")
    assert report(*asked, "--out", tmp_path / "with", "--votes", file) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["votes"]["label_is_majority"]["count"] == 13
    assert document["votes"]["uncertainty"]["n"] == 14
    page = (tmp_path / "with" / "report.html").read_text()
    assert "<h2>What people saw</h2>" in page
    assert "92.9 % (" in page  # the label, 13 of 14
    assert report(*asked, "--out", tmp_path / "without") == 0
    printed = capsys.readouterr()
    assert "votes" not in json.loads(printed.out)
    assert "not reported" in printed.err
    assert "Not reported: FER+&#x27;s votes are a download" in (tmp_path / "without" / "report.html").read_text()

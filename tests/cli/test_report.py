from __future__ import annotations

import csv
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


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


def test_the_paper_kit_says_what_evaluate_says(
    own: Path, patterns: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--dataset", "fer2013", "--split", "public", "--json")
    assert main(["evaluate", "--model", "baseline", "--data", str(patterns), *where]) == 0
    said = json.loads(capsys.readouterr().out)
    assert report("--model", "baseline", *where, "--paper", "--out", tmp_path / "out") == 0
    document = json.loads(capsys.readouterr().out)
    paper = tmp_path / "out" / "paper"
    assert {"paper/paper.tex", "paper/references.bib", "paper/figures/roc.pdf"} <= set(document["paper"])
    assert all((tmp_path / "out" / name).is_file() for name in document["paper"])
    (whole, *_) = rows(paper / "tables/overall.csv")
    assert float(whole["accuracy"]) == pytest.approx(said["accuracy"], abs=1e-5)
    assert [float(whole[f"accuracy {end}"]) for end in ("low", "high")] == pytest.approx(said["interval"], abs=1e-5)
    assert float(whole["macro F1"]) == pytest.approx(said["macro_f1"], abs=1e-5)
    for row in rows(paper / "tables/classes.csv"):
        known = said["per_class"][row["class"]]
        assert float(row["recall"]) == pytest.approx(known["recall"], abs=1e-5)
        assert float(row["F1"] or 0) == pytest.approx(known["f1"], abs=1e-5)
    text = (paper / "methods.tex").read_text(encoding="utf-8")
    assert json.loads((own / "baseline/card.json").read_text())["weights_sha256"] in text
    assert "not person-independent" in text


def test_against_another_model_has_its_tests(
    own: Path, patterns: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("--model", "baseline", "--dataset", "fer2013", "--split", "public", "--paper", "--against")
    assert report(*asked, "cbam", "--out", tmp_path / "none") == 1
    assert "engine analyze --model cbam --dataset fer2013 --split public" in capsys.readouterr().err
    loaded = load_checkpoint("cbam", folder=own)
    settings = SweepSettings(batch_size=8, block=8, gradcam=False)
    out = analysis_folder(own / "cbam", "fer2013", "public")
    sweep(loaded.model, loaded.card, load_dataset("fer2013", "public", data=patterns), out, settings=settings, bare=4)
    assert report(*asked, "cbam", "--out", tmp_path / "out") == 0
    capsys.readouterr()
    compared = ["compare", "--models", "cbam", "baseline", "--data", str(patterns), "--split", "public", "--json"]
    assert main(compared) == 0
    said = json.loads(capsys.readouterr().out)
    table = {row["figure"]: row for row in rows(tmp_path / "out/paper/tables/comparison.csv")}
    for name, known in (("accuracy", said["accuracy"]), ("macro F1", said["macro_f1"])):
        row = table[name]
        found = [float(row[key]) for key in ("cbam", "baseline", "difference", "difference low", "difference high")]
        assert found == pytest.approx(
            [known[key] for key in ("first", "second", "difference", "low", "high")], abs=1e-5
        )
        assert float(row["p"]) == pytest.approx(known["p"], rel=0.01)
    assert "mcnemar1947" in (tmp_path / "out/paper/references.bib").read_text()
    assert report(*asked, "baseline", "--out", tmp_path / "same") == 2
    assert report(*asked[:-2], "--against", "cbam", "--out", tmp_path / "same") == 2
    assert "Expected --against with --paper" in capsys.readouterr().err

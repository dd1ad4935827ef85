from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from engine.analysis.files.places import PREDICTIONS, partial_folder
from engine.analysis.store.store import open_store
from engine.cli.main import main
from tests.analysis.made import assert_same, report
from tests.made import ROOT


def analyze(*words: object) -> int:
    return main(["analyze", *map(str, words)])


@pytest.fixture
def own(seeded_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Checkpoints that may be written to, where names are looked up."""
    folder = Path(shutil.copytree(seeded_store, tmp_path / "checkpoints"))
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(folder))
    return folder


def test_the_files_lie_beside_the_checkpoint_and_open_as_a_store(
    own: Path, patterns: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for model in ("cbam", "baseline"):
        assert analyze("--model", model, "--data", patterns, "--split", "public", "--json") == 0
        printed = capsys.readouterr()
        document = json.loads(printed.out)
        out = own / model / "analysis" / "fer2013-public"
        assert document == report(out)
        assert (document["model"], document["split"], document["n"]) == (model, "public", 14)
    store = open_store(["cbam", "baseline"], "fer2013", "public")
    assert store.count() == 14
    assert store.confusion(model="baseline").tolist() == document["confusion"]


def test_the_speed_with_and_without_gradcam_and_what_was_kept_are_said(
    own: Path, patterns: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "seven"
    words = ["--data", patterns, "--split", "private", "--limit", 7, "--out", out]
    assert analyze(*words) == 0
    assert re.search(r"pictures/s; bare inference .*: [\d.]+ of it \(.*/s without Grad-CAM: ", capsys.readouterr().err)
    (out / "gate_use.json").write_text('{"weights_sha256": ""}', encoding="utf-8")
    assert analyze(*words, "--force") == 0
    said = "gate_use.json of the analysis before was dropped, for it was measured with other weights; measure again"
    assert said in capsys.readouterr().err


def test_in_words(own: Path, patterns: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["--data", patterns, "--split", "private", "--limit", 7, "--out", tmp_path / "seven", "--no-gradcam"]
    assert analyze(*words) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("cbam on fer2013 private (n = 7): accuracy ")
    assert "8 maps and gates by class" in printed.out
    assert "written to seven" in printed.out
    assert "pictures/s; bare inference" in printed.err
    assert "without Grad-CAM" not in printed.err  # there was none
    assert str(tmp_path) not in printed.out + printed.err
    table = pq.read_table(tmp_path / "seven" / PREDICTIONS)
    assert sorted(set(table["label"].to_pylist())) == sorted(
        ["angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"]
    )  # spread over the split, not its first pictures


def test_an_analysis_is_not_overwritten_unawares(own: Path, patterns: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--data", patterns, "--split", "private", "--no-gradcam"]
    assert analyze(*words) == 0
    out = own / "cbam" / "analysis" / "fer2013-private"
    before = (out / PREDICTIONS).stat().st_ino
    capsys.readouterr()
    assert analyze(*words) == 2
    printed = capsys.readouterr()
    assert printed.err == (
        "error: The analysis 'fer2013-private' exists already; replace it with --force, or choose another --out.\n"
    )
    assert (out / PREDICTIONS).stat().st_ino == before
    assert analyze(*words, "--force") == 0
    assert (out / PREDICTIONS).stat().st_ino != before
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def command(model: Path, data: Path, out: Path, *more: object, torchrun: int = 0) -> list[str]:
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(torchrun)]
    start = [*run, "-m"] if torchrun else [sys.executable, "-m"]
    words = ["engine", "analyze", "--model", model, "--data", data, "--out", out, *more]
    return [*start, *map(str, words)]


def test_two_processes_equal_one(seeded_store: Path, patterns: Path, tmp_path: Path) -> None:
    sizes = ["--split", "test", "--block", 5, "--batch-size", 3, "--json"]
    done = subprocess.run(
        command(seeded_store / "cbam", patterns, tmp_path / "two", *sizes, torchrun=2),
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["n"] == 28  # the first process alone reports
    assert analyze("--model", seeded_store / "cbam", "--data", patterns, "--out", tmp_path / "one", *sizes) == 0
    assert report(tmp_path / "one")["throughput"]["processes"] == 1
    assert report(tmp_path / "two")["throughput"]["processes"] == 2
    assert_same(tmp_path / "one", tmp_path / "two", tolerance=1e-6)


def test_a_killed_run_goes_on(
    seeded_store: Path, patterns: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--split", "trainval", "--block", 2, "--batch-size", 2]
    out = tmp_path / "killed"
    parts = partial_folder(out)
    with subprocess.Popen(
        command(seeded_store / "cbam", patterns, out, *words), cwd=ROOT, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        until = time.monotonic() + 120
        while not list(parts.glob("*.safetensors")) and process.poll() is None and time.monotonic() < until:
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
    kept = len(list(parts.glob("*.safetensors")))
    assert 0 < kept < 42
    assert not out.exists()
    given = ["--model", seeded_store / "cbam", "--data", patterns, *words]
    assert analyze(*given, "--out", out) == 0
    assert f"{84 - 2 * kept} of 84 pictures remain" in capsys.readouterr().err
    assert report(out)["throughput"]["pictures"] == 84 - 2 * kept
    assert analyze(*given, "--out", tmp_path / "whole") == 0
    assert_same(out, tmp_path / "whole")
    assert not parts.exists()


@pytest.mark.parametrize(
    ("words", "status", "line"),
    [
        (["--model", "vgg"], 2, "error: Unknown model 'vgg'; valid: baseline, cbam."),
        (["--split", "secret"], 2, "error: Unknown split of fer2013 'secret'; valid: "),
        (["--layer", "block9"], 2, "error: Unknown layer 'block9'; valid: block1, block2, block3, block4."),
        (["--limit", "0"], 2, "error: Expected --limit of 1 or more, got 0"),
        (["--batch-size", "0"], 2, "error: Expected --batch-size of 1 or more, got 0"),
        (["--limit", "3"], 2, "error: --limit gives a part of the split only; say with --out"),
        (["--data", "nowhere"], 1, "error: Expected fer2013 at 'nowhere'"),
    ],
)
def test_wrong_use(
    own: Path, patterns: Path, capsys: pytest.CaptureFixture[str], words: list[str], status: int, line: str
) -> None:
    assert analyze("--data", patterns, "--split", "private", "--json", *words) == status
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(line)
    assert printed.err.count("\n") == 1
    assert not (own / "cbam" / "analysis").exists()


def test_unreadable_pictures_are_said(
    own: Path, patterns: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(patterns, tmp_path / "set")
    (tmp_path / "set" / "test" / "happy" / "PrivateTest_0.png").write_bytes(b"broken")
    assert analyze("--data", tmp_path / "set", "--split", "private", "--no-gradcam", "--json") == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["skipped"] == 1
    assert "1 files could not be read" in printed.err

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from engine.cli.main import main
from engine.live.frame import LiveFrame
from engine.live.pipeline import LivePipeline
from engine.media.film import open_film
from engine.records import UInt8
from tests.live.made_live import photograph, scene, write_film
from tests.made_adopted import write_adopted

pytestmark = pytest.mark.usefixtures("checkpoints")


def video(*words: object) -> int:
    return main(["video", *map(str, words)])


@pytest.fixture
def portraits(tmp_path: Path) -> Path:
    return write_film(tmp_path / "portraits.avi", [photograph()] * 3)


def test_film_table_and_document(portraits: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, table = tmp_path / "annotated.mp4", tmp_path / "tracks.csv"
    words = ["--model", "cbam", "--overlay", "gate", "--layer", "block3", "--every", 2, "--smoothing", 0.5]
    assert video(portraits, "--out", out, "--csv", table, *words, "--json") == 0
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert document["source"] == "portraits.avi"
    assert (document["model"], document["frames"], document["tracks"], document["ended"]) == ("cbam", 3, 2, "end")
    assert document["files"] == ["annotated.mp4", "tracks.csv"]
    assert str(tmp_path) not in printed.out + printed.err
    with open_film(out) as written:
        assert sum(1 for _ in written.frames()) == 3
    assert len(table.read_text(encoding="utf-8").splitlines()) == 7


def test_a_sentence_without_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film = write_film(tmp_path / "wall.avi", [scene([])] * 2)
    assert video(film, "--csv", tmp_path / "tracks.csv") == 0
    printed = capsys.readouterr()
    assert printed.out == "wall.avi: 2 frames, 0.1 s, 0 faces; 0 % of the frames show one or more\n"
    assert "No face was found in any frame." in printed.err


def test_a_network_that_is_not_about_faces_reads_each_frame(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_adopted(tmp_path / "mine")
    film = write_film(tmp_path / "wall.avi", [scene([])] * 2)
    assert video(film, "--csv", tmp_path / "tracks.csv", "--model", tmp_path / "mine") == 0
    printed = capsys.readouterr()
    assert printed.out == "wall.avi: 2 frames, 0.1 s, each read as one picture\n"
    assert "face" not in printed.err


@pytest.mark.parametrize(
    ("words", "status", "line"),
    [
        ([], 2, "error: Expected --out, --csv or --json"),
        (["--json", "--model", "vgg"], 2, "error: Unknown model 'vgg'"),
        (["--json", "--overlay", "heat"], 2, "error: Unknown overlay 'heat'; valid: none, gate, gradcam."),
        (["--json", "--overlay", "gate", "--model", "baseline"], 2, "error: Expected a model with a spatial"),
        (["--json", "--every", "0"], 2, "error: Expected detect_every from 1 to 120"),
        (["--json", "--smoothing", "-1"], 2, "error: Expected smoothing from 0"),
        (["--json", "--opacity", "3"], 2, "error: Expected an opacity"),
        (["--out", "film.mov"], 2, "error: Unknown film ending '.mov'"),
    ],
)
def test_wrong_use(
    portraits: Path, capsys: pytest.CaptureFixture[str], words: list[str], status: int, line: str
) -> None:
    assert video(portraits, *words) == status
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(line)
    assert printed.err.count("\n") == 1


def test_what_is_no_film_is_status_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.mp4").write_text("no film")
    assert video(tmp_path / "notes.mp4", "--json") == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("error: Expected a film (MP4")
    assert printed.err.count("\n") == 1
    assert str(tmp_path) not in printed.err


def test_a_kill_leaves_a_film_that_plays(
    portraits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    process = LivePipeline.process

    def killed(self: LivePipeline, frame: UInt8, seconds: float) -> LiveFrame:
        if seconds > 0.05:
            os.kill(os.getpid(), signal.SIGTERM)
        return process(self, frame, seconds)

    monkeypatch.setattr(LivePipeline, "process", killed)
    assert video(portraits, "--out", tmp_path / "part.mp4") == 1
    assert signal.getsignal(signal.SIGTERM) is before
    assert capsys.readouterr().err == "error: Interrupted.\n"
    with open_film(tmp_path / "part.mp4") as written:
        assert sum(1 for _ in written.frames()) == 1

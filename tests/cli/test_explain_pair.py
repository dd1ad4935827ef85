"""``explain ONSET APEX --clips onset-apex``, for a model that takes the difference of two frames."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.cli.main import main
from engine.data.read.samm import difference
from engine.draw.overlay import overlay
from engine.media.faces import to_model_input
from engine.models.checkpoint import read_card, update_card
from engine.predictor import EmotionPredictor
from engine.trust.lenders import MOVED_LENDERS
from tests.made import write_seeded

PAIR = ("--clips", "onset-apex", "--whole")


@pytest.fixture(autouse=True)
def store(narrow: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``single`` and, with the same weights, ``pair``, which was trained on differences."""
    for name in ("single", "pair"):
        write_seeded(tmp_path / "store" / name, "cbam")
    place = tmp_path / "store" / "pair"
    update_card(place, replace(read_card(place), recipe={"data": {"clips": "onset-apex"}}))
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path / "store"))


def explain(*words: object) -> int:
    return main(["explain", *map(str, words)])


def test_what_moved_is_explained_and_drawn_over_the_apex(
    album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "made"
    given = (album / "one.png", album / "two.png")
    words = (*PAIR, "--model", "pair", "--method", "hirescam", "--target", "sad")
    assert explain(*given, *words, "--out", out, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["onset"], document["source"], document["clips"]) == ("one.png", "two.png", "onset-apex")
    assert set(document["files"]) == {path.name for path in out.iterdir()}
    onset, apex = (np.asarray(Image.open(path)) for path in given)
    shown = {
        "face": to_model_input(difference(onset, apex), 48, 1),
        "onset": to_model_input(onset, 48, 1),
        "apex": to_model_input(apex, 48, 1),
    }
    with np.load(out / "explanation.npz") as stored:
        for name, picture in shown.items():
            assert np.array_equal(np.asarray(Image.open(out / f"{name}.png")), picture)
            assert np.array_equal(stored[name], picture)
        gate = stored["gate/block3.spatial"]
    drawn = np.asarray(Image.open(out / "gate-block3.spatial.png"))
    assert np.array_equal(drawn, overlay(shown["apex"], gate, smooth=False))
    assert (out / "hirescam-block4.png").is_file()
    (answered,) = EmotionPredictor("pair").predict_pair(*given, whole=True).faces
    assert document["label"] == answered.prediction.label
    assert document["confidence"] == pytest.approx(answered.prediction.confidence, abs=1e-4)


def test_in_words_and_with_trust(album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [album / "one.png", album / "two.png", *PAIR, "--model", "pair", "--trust", "--out", tmp_path / "made"]
    assert explain(*words, "--json") == 0
    assert json.loads(capsys.readouterr().out)["trust"]["lenders"] == MOVED_LENDERS
    assert explain(*words[:-3], "--out", tmp_path / "again") == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("two.png: ")
    assert "What moved from one.png to two.png; maps lie over two.png." in printed.err


PAIRED = ("--clips", "onset-apex", "--model", "pair")


@pytest.mark.parametrize(
    ("pictures", "words", "line"),
    [
        (
            1,
            PAIRED,
            "Expected two pictures with --clips onset-apex, the onset frame and the apex frame of a clip, got 1;",
        ),
        (
            3,
            PAIRED,
            "Expected two pictures with --clips onset-apex, the onset frame and the apex frame of a clip, got 3;",
        ),
        (
            2,
            ("--model", "pair"),
            "Expected one picture, got 2; give them one by one, or the onset and apex frames of a",
        ),
        (1, ("--model", "pair"), "'pair' was trained on the difference of two frames of a clip (onset-apex) and can"),
        (2, (*PAIRED[:3], "single"), "'single' takes single pictures, not the two frames of a clip; give one, as"),
        (1, ("--clips", "apex"), "Unknown kind of clips 'apex'; valid: frames, onset-apex."),
        (2, (*PAIRED, "--face", "2"), "The picture has 1 face(s), counted from 0; face 2 is not among them."),
    ],
)
def test_wrong_use(
    album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], pictures: int, words: tuple[str, ...], line: str
) -> None:
    given = [album / "one.png", album / "two.png", album / "one.png"][:pictures]
    assert explain(*given, *words, "--out", tmp_path / "made", "--json") == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"error: {line}")
    assert printed.err.count("\n") == 1
    assert not (tmp_path / "made").exists()


def test_frames_of_two_sizes(album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(np.zeros((80, 96), np.uint8)).save(album / "low.png")
    assert explain(album / "one.png", album / "low.png", *PAIR, "--model", "pair", "--out", tmp_path / "made") == 2
    assert "Expected two frames of one size, got 96x96 and 96x80 pixels" in capsys.readouterr().err

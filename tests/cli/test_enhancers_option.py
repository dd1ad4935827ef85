"""``--enhancers FOLDER`` of ``predict`` and ``explain``: where a model's enhancement networks lie."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.cli.main import main
from engine.predictor import EmotionPredictor
from tests.made_enhance import make_swinir, save_network, write_enhanced


@pytest.fixture
def networks(tmp_path: Path, narrow: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with the network of the model ``enhanced``; the variable names a folder without it."""
    for name in ("networks", "empty"):
        (tmp_path / name).mkdir()
    network = save_network(tmp_path / "networks" / "mine.pth", make_swinir(5, scale=2))
    write_enhanced(tmp_path / "store" / "enhanced", network)
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path / "store"))
    monkeypatch.setenv("FERLENS_ENHANCERS", str(tmp_path / "empty"))
    return tmp_path / "networks"


def predicted(words: list[str], tmp_path: Path) -> list[str]:
    return ["predict", *words]


def explained(words: list[str], tmp_path: Path) -> list[str]:
    return ["explain", *words, "--out", str(tmp_path / "made")]


@pytest.mark.parametrize("command", [predicted, explained])
def test_the_folder_is_taken_and_asked_for(
    command: Callable[[list[str], Path], list[str]],
    album: Path,
    networks: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = command([str(album / "one.png"), "--model", "enhanced", "--whole", "--json"], tmp_path)
    assert main([*words, "--enhancers", str(networks)]) == 0
    document = json.loads(capsys.readouterr().out)
    found = document["results"][0]["faces"][0] if "results" in document else document
    (face,) = EmotionPredictor("enhanced", enhancers=networks).predict(album / "one.png", whole=True).faces
    assert found["label"] == face.prediction.label
    assert found["confidence"] == pytest.approx(face.prediction.confidence, abs=1e-4)

    said = []
    for option in ([], ["--enhancers", str(tmp_path / "empty")]):  # the variable, and the option
        assert main([*words, *option]) == 1
        said.append(capsys.readouterr().err)
    assert said[0] == said[1]
    assert said[0].startswith("error: 'enhanced' was trained on pictures enhanced by SwinIR from 'mine.pth' (sha256 ")
    assert "but 'empty' has no such file; put the file into a folder and name that with the " in said[0]
    assert "--enhancers" in said[0]
    assert str(tmp_path) not in said[0]


def test_the_explained_face_is_the_enhanced_one(
    album: Path, networks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = explained([str(album / "one.png"), "--model", "enhanced", "--whole"], tmp_path)
    assert main([*words, "--enhancers", str(networks)]) == 0
    picture = np.asarray(Image.open(album / "one.png").convert("RGB"))
    wanted = EmotionPredictor("enhanced", enhancers=networks).model_input(picture)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "made" / "face.png")), wanted)

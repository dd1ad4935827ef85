from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.cli.main import main
from engine.data.registry import load_dataset
from engine.models.checkpoint import read_card
from engine.predictor import EmotionPredictor
from tests.made import write_patterns
from tests.made_enhance import make_swinir, noise, save_network

RECIPE = "[optimiser]\nbatch_size = 4\n[schedule]\nepochs = 1\nwarmup_epochs = 0.5\n"


def enhance(*words: object) -> int:
    return main(["enhance", *map(str, words)])


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Two train and one public and private test pattern of each class."""
    write_patterns(tmp_path / "set", train=2, test=1)
    return tmp_path / "set"


@pytest.fixture
def sr(tmp_path: Path) -> Path:
    return save_network(tmp_path / "swinir.pth", make_swinir(2, scale=2), "params")


def test_a_dataset_is_enlarged(small: Path, sr: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "large"
    assert enhance("--data", small, "--out", out, "--sr", sr, "--limit", 7, "--batch", 4, "--json") == 0
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert document.pop("out") == "large"
    assert document == json.loads((out / "enhance.json").read_text())
    assert (document["made"], document["limit"], document["dataset"]) == (14, 7, "fer2013")
    (network,) = document["networks"]
    assert (network["architecture"], network["scale"], network["file"]) == ("SwinIR", 2, "swinir.pth")
    assert len(network["sha256"]) == 64
    assert document["versions"]["spandrel"]
    assert str(tmp_path) not in printed.out + printed.err
    with Image.open(next(out.rglob("*.png"))) as picture:
        assert (picture.size, picture.mode) == ((96, 96), "L")
    assert len(load_dataset("fer2013", "test", data=out)) == 7

    assert enhance("--data", small, "--out", out, "--sr", sr) == 2
    assert "'large' exists already" in capsys.readouterr().err
    assert enhance("--data", out, "--out", tmp_path / "twice", "--sr", sr) == 1
    assert "'large' is enhanced already" in capsys.readouterr().err


def test_the_same_command_goes_on(
    small: Path, sr: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.data.enhance.enhance import Enhancer

    whole, done = Enhancer.__call__, []

    def interrupted(self: Enhancer, pictures: list) -> list:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(len(pictures))
        return whole(self, pictures)

    words = ("--data", small, "--out", tmp_path / "large", "--sr", sr, "--limit", 7, "--batch", 4)
    monkeypatch.setattr(Enhancer, "__call__", interrupted)
    assert enhance(*words) == 1
    assert "Interrupted" in capsys.readouterr().err
    monkeypatch.undo()
    assert enhance(*words, "--tile", 64) == 2
    assert "'large.partial' was begun with other settings (--tile)" in capsys.readouterr().err
    assert enhance(*words) == 0
    printed = capsys.readouterr()
    assert "Going on with large.partial: 8 of 14 pictures are done." in printed.err
    assert "large: 14 pictures enhanced by SwinIR x2" in printed.out


def test_without_a_file_it_says_where_one_is(small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert enhance("--data", small, "--out", tmp_path / "out") == 2
    said = capsys.readouterr().err
    for part in (
        "JingyunLiang/SwinIR",
        "003_realSR_BSRGAN",
        "piddnad/DDColor",
        "Apache-2.0",
        "--sr FILE",
        "--color FILE",
    ):
        assert part in said
    assert said.count("\n") == 1
    assert enhance("--data", small, "--out", tmp_path / "out", "--color", tmp_path / "none.pth") == 2
    said = capsys.readouterr().err
    assert "There is no file 'none.pth' for --color; DDColor (ddcolor_modelscope" in said
    assert not (tmp_path / "out.partial").exists()


def test_wrong_use(
    small: Path, sr: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    for words, status, said in (
        (("--dataset", "synthetic"), 2, "The built-in faces are drawn at any size"),
        (("--dataset", "x"), 2, "Unknown dataset 'x'"),
        (("--tile", 8), 2, "Expected tiles of 32 pixels or more"),
        (("--limit", 0), 2, "Expected a --limit of 1 or more"),
        (("--color", sr), 1, "Expected the weights of a DDColor, but 'swinir.pth' is a SwinIR"),
    ):
        assert enhance("--data", small, "--out", out, "--sr", sr, *words) == status
        assert said in capsys.readouterr().err
    assert enhance("--data", small, "--out", small / "in", "--sr", sr) == 2
    assert "would lie inside 'set'" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "spandrel", None)
    assert enhance("--data", small, "--out", out, "--sr", sr) == 1
    assert capsys.readouterr().err == (
        "error: Super-resolution (--sr) needs spandrel, which is not installed; get it with: pip install -r "
        "requirements-extras.txt.\n"
    )
    assert not list(tmp_path.glob("out*"))


@pytest.mark.usefixtures("narrow")
def test_a_model_knows_that_its_pictures_were_enhanced(
    small: Path, sr: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    large = tmp_path / "large"
    (tmp_path / "own.toml").write_text(RECIPE)
    assert enhance("--data", small, "--out", large, "--sr", sr) == 0
    train = ["train", "--recipe", "own.toml", "--device", "cpu"]
    assert main([*train, "--data", str(large), "--val-data", str(small), "--out", "checkpoints/mixed"]) == 2
    assert "'set' was treated otherwise than the first" in capsys.readouterr().err
    assert main([*train, "--data", str(large), "--out", "checkpoints/own"]) == 0
    entry = read_card(tmp_path / "checkpoints" / "own").data["enhancement"]
    note = json.loads((large / "enhance.json").read_text())
    assert entry == {key: note[key] for key in ("networks", "tile", "overlap", "source")}
    assert entry["source"] == {"height": 48, "width": 48, "grey": True}

    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path / "checkpoints"))
    capsys.readouterr()
    for command in ("evaluate", "analyze"):
        assert main([command, "--model", "own", "--data", str(small), "--split", "public"]) == 2
        assert "'own' was trained on pictures enhanced by SwinIR ('swinir.pth')" in capsys.readouterr().err
    assert main(["evaluate", "--model", "own", "--data", str(large), "--split", "public", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 7

    monkeypatch.delenv("FERLENS_ENHANCERS", raising=False)
    Image.fromarray(noise(64, 64, 3)).save(tmp_path / "face.png")
    assert main(["predict", "--model", "own", str(tmp_path / "face.png")]) == 1
    assert "FERLENS_ENHANCERS" in capsys.readouterr().err
    monkeypatch.setenv("FERLENS_ENHANCERS", str(tmp_path))
    face = EmotionPredictor("own").model_input(noise(64, 64, 3))
    assert face.shape == (48, 48)
    assert face.dtype == np.uint8


def test_what_is_balanced_from_enhanced_pictures_stays_enhanced(tmp_path: Path, sr: Path) -> None:
    for word, count in (("happy", 4), ("sad", 2)):
        (tmp_path / "set" / "train" / word).mkdir(parents=True)
        for number in range(count):
            Image.fromarray(noise(16, 16, seed=number + 10 * count)).save(
                tmp_path / "set" / "train" / word / f"{number}.png"
            )
    (tmp_path / "set" / "val" / "happy").mkdir(parents=True)
    Image.fromarray(noise(16, 16, seed=99)).save(tmp_path / "set" / "val" / "happy" / "v.png")
    large, even = tmp_path / "large", tmp_path / "even"
    assert enhance("--data", tmp_path / "set", "--out", large, "--sr", sr) == 0
    assert main(["balance", "--data", str(large), "--out", str(even), "--method", "random", "--size", "32"]) == 0
    note = json.loads((large / "enhance.json").read_text())
    assert json.loads((even / "balance.json").read_text())["enhancement"]["networks"] == note["networks"]

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.cli.main import main
from tests.made import draw
from tests.made_people import write_people

RECIPE = """
[model]
architecture = "baseline"
input_size = 16
[data]
dataset = "samm"
[optimiser]
kind = "adamw"
learning_rate = 0.01
batch_size = 8
[schedule]
epochs = {epochs}
warmup_epochs = 0.5
[augmentation]
flip = 0.0
"""


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four people with four frames of anger and four of happiness each."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(3)
    for label, word in ((0, "angry"), (3, "happy")):
        (tmp_path / "samm" / word).mkdir(parents=True)
        for person in ("006", "007", "011", "020"):
            for frame in range(4):
                Image.fromarray(draw(label, rng)).save(tmp_path / "samm" / word / f"{person}_1_{frame}.png")
    (tmp_path / "own.toml").write_text(RECIPE.format(epochs=2))
    return tmp_path


def loso(*words: object) -> int:
    return main(["loso", "--recipe", "own.toml", "--data", "samm", "--device", "cpu", *map(str, words)])


@pytest.mark.usefixtures("narrow")
def test_each_person_is_left_out_once(people: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert loso("--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["subjects"], document["n"]) == (4, 32)
    assert set(document["per_subject"]) == {"6", "7", "11", "20"}
    assert all(row["n"] == 8 for row in document["per_subject"].values())
    # Every person counts alike here, so the pooled accuracy is the mean of theirs; so are both recalls' of 16 frames.
    assert document["accuracy"] == pytest.approx(np.mean([r["accuracy"] for r in document["per_subject"].values()]))
    assert document["mean_recall"] == pytest.approx(document["accuracy"])
    assert np.sum(document["confusion"]) == 32
    assert "interval" not in document
    assert loso("--json") == 2
    assert "'loso-own' are there already; go on with --resume" in capsys.readouterr().err
    assert loso("--json", "--resume") == 0
    assert json.loads(capsys.readouterr().out) == document


@pytest.mark.usefixtures("narrow", "people")
def test_ckplus_by_its_own_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_people(tmp_path / "ck", people=3)
    assert loso("--dataset", "ckplus", "--data", "ck", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["subjects"], document["n"], document["person_independent"]) == (3, 27, True)
    assert {name: row["n"] for name, row in document["per_subject"].items()} == {"S005": 9, "S006": 9, "S007": 9}


@pytest.mark.usefixtures("narrow", "people")
def test_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert loso("--dataset", "folder") == 1
    assert "does not tell who is shown" in capsys.readouterr().err
    path = Path("own.toml")
    path.write_text(path.read_text().replace("input_size = 16", 'input_size = 16\nstart_from = "trunk"'))
    assert loso() == 2
    assert "may have seen the person left out" in capsys.readouterr().err


@pytest.mark.usefixtures("narrow")
def test_differences_of_clips(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(3)
    lines = ["Subject,Filename,Onset Frame,Apex Frame,Emotion"]
    for person in ("006", "007", "011", "020"):
        for clip, (label, word) in enumerate([(0, "angry"), (3, "happy")] * 2):
            folder = tmp_path / "samm" / person / f"c{clip}"
            folder.mkdir(parents=True)
            for frame, kind in enumerate((5, label, 5)):
                Image.fromarray(draw(kind, rng)).save(folder / f"img{frame}.png")
            lines.append(f"{person},c{clip},0,1,{word}")
    (tmp_path / "samm" / "sheet.csv").write_text("\n".join(lines))
    (tmp_path / "own.toml").write_text(RECIPE.format(epochs=1))
    assert loso("--json", "--clips", "onset-apex") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["clips"], document["subjects"], document["n"]) == ("onset-apex", 4, 16)  # clips, not 48 frames
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["loso-own-onset-apex"]
    assert loso("--clips", "apex") == 2
    assert "[data] clips must be one of frames, onset-apex, got 'apex'" in capsys.readouterr().err

    train = ["train", "--recipe", "own.toml", "--data", "samm", "--device", "cpu", "--clips", "onset-apex"]
    assert main([*train, "--out", "checkpoints/own"]) == 0
    card = json.loads((tmp_path / "checkpoints" / "own" / "card.json").read_text())
    assert card["recipe"]["data"]["clips"] == "onset-apex"
    assert card["data"]["train"]["n"] + card["data"]["val"]["n"] <= 16
    words = [
        "evaluate",
        "--model",
        "checkpoints/own",
        "--dataset",
        "samm",
        "--data",
        "samm",
        "--split",
        "all",
        "--json",
    ]
    capsys.readouterr()
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 16
    assert main([*train, "--dataset", "folder", "--out", "checkpoints/other"]) == 2
    assert "clips must be frames for other datasets than samm" in capsys.readouterr().err

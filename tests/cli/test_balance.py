from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.cli.main import main
from engine.data.registry import load_dataset
from engine.training.recipe import load_recipe

CLASSES = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")


def balance(*words: object) -> int:
    return main(["balance", *map(str, words)])


@pytest.fixture
def uneven(tmp_path: Path) -> Path:
    """Noise: 20 happy, 10 angry, 2 of them for val and 1; 3 happy test pictures."""
    rng = np.random.default_rng(6)
    place = tmp_path / "set"
    for part, word, prefix, count in (
        ("train", "happy", "Training", 20),
        ("train", "angry", "Training", 10),
        ("test", "happy", "PrivateTest", 3),
    ):
        (place / part / word).mkdir(parents=True)
        for number in range(count):
            picture = Image.fromarray(rng.integers(0, 256, (48, 48), dtype=np.uint8))
            picture.save(place / part / word / f"{prefix}_{number}.png")
    return place


def test_the_document_and_the_set(uneven: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "even"
    assert balance("--data", uneven, "--out", out, "--neighbours", 3, "--seed", 5, "--json") == 0
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert document == json.loads((out / "balance.json").read_text())
    # A tenth of each class is val's: 2 of happy, 1 of angry.
    assert document["before"] == dict.fromkeys(CLASSES, 0) | {"happy": 18, "angry": 9}
    assert document["after"] == dict.fromkeys(CLASSES, 0) | {"happy": 18, "angry": 18}
    assert (document["made"], document["method"], document["space"], document["seed"]) == (
        9,
        "borderline-smote",
        "pixels",
        5,
    )
    assert document["space_means"].startswith("neighbours are near in pixels")
    assert document["empty"] == ["disgust", "fear", "neutral", "sad", "surprise"]
    assert str(tmp_path) not in printed.out + printed.err

    with (out / "balance.csv").open(encoding="utf-8") as file:
        sources = {name for row in csv.DictReader(file) for name in (row["source"], row["second_source"]) if name}
    assert sources == set(load_dataset("fer2013", "train", data=uneven).ids)  # none of val, none of test
    assert [path.name for path in sorted(out.iterdir())] == ["balance.csv", "balance.json", "train"]

    again = tmp_path / "again"
    assert balance("--data", uneven, "--out", again, "--neighbours", 3, "--seed", 5) == 0
    said = capsys.readouterr()
    assert "again: 9 pictures made by borderline-smote from the training split alone" in said.out
    assert "train with --data OUT --val-data IN" in said.err
    one, other = (load_dataset("fer2013", "train", data=place) for place in (out, again))
    assert one.fingerprint == other.fingerprint


@pytest.mark.usefixtures("checkpoints")
def test_the_feature_space_of_a_model(uneven: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--data", uneven, "--neighbours", 3, "--json"]
    assert balance(*words, "--out", tmp_path / "features", "--space", "features", "--model", "cbam") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["space"], document["model"], document["after"]["angry"]) == ("features", "cbam", 18)
    assert "a feature vector is no picture" in document["space_means"]
    assert balance(*words, "--out", tmp_path / "pixels") == 0
    pairs = []
    for name in ("features", "pixels"):
        with (tmp_path / name / "balance.csv").open(encoding="utf-8") as file:
            pairs.append(
                [(row["source"], row["second_source"]) for row in csv.DictReader(file) if row["second_source"]]
            )
    assert pairs[0] != pairs[1]


def test_weights_are_a_recipe(uneven: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "weights.toml"
    assert balance("--data", uneven, "--out", out, "--method", "weights", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    # 27 pictures, 7 classes: 27 / (7 x 18), 27 / (7 x 9), and 0 where there is none.
    assert document["weights"]["happy"] == pytest.approx(27 / 126, abs=1e-6)
    assert document["weights"]["angry"] == pytest.approx(27 / 63, abs=1e-6)
    assert document["weights"]["sad"] == 0
    assert document["after"] == document["before"]
    assert load_recipe(str(out)).loss.class_weights == "balanced"
    assert "#   angry: 0.428571  (9 pictures)" in out.read_text()
    assert balance("--data", uneven, "--out", out, "--method", "weights") == 2


def test_test_pictures_are_refused(uneven: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "even"
    assert balance("--data", uneven / "test", "--out", out) == 1
    assert "error: 'test' is by its name kept apart from training" in capsys.readouterr().err
    (uneven / "test").rename(uneven / "mine")
    assert balance("--data", uneven / "mine", "--out", out, "--method", "random") == 1
    assert "is by its name a test picture of FER2013" in capsys.readouterr().err
    (uneven / "mine").rename(uneven / "test")
    shutil.rmtree(uneven / "train")
    assert balance("--data", uneven, "--out", out) == 1
    assert "no pictures for the split 'train'; it has private" in capsys.readouterr().err
    assert not out.exists()


def test_once_is_enough(uneven: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert balance("--data", uneven, "--out", tmp_path / "even", "--method", "random") == 0
    assert balance("--data", tmp_path / "even", "--out", tmp_path / "twice") == 1
    assert "'even' is balanced already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "status", "line"),
    [
        (["--method", "smote"], 2, "error: Unknown method 'smote'; valid: borderline-smote, random, augment, weights."),
        (["--space", "colours"], 2, "error: Unknown space 'colours'; valid: pixels, features."),
        (["--space", "features"], 2, "error: --space features and --model NAME go together"),
        (["--model", "cbam"], 2, "error: --space features and --model NAME go together"),
        (["--method", "random", "--space", "pixels"], 2, "error: --space and --model belong to borderline-smote"),
        (["--method", "weights"], 2, "error: Expected --out FILE.toml with --method weights, got 'even'."),
        (["--seed", "-1"], 2, "error: Expected a --seed from 0"),
        (["--neighbours", "9"], 2, "error: Expected more than 9 training pictures in each class"),
        (["--dataset", "faces"], 2, "error: Unknown dataset 'faces'; valid: "),
        (["--data", "nowhere"], 1, "error: Expected fer2013 at 'nowhere'"),
    ],
)
def test_wrong_use(
    uneven: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], status: int, line: str
) -> None:
    assert balance("--data", uneven, "--out", tmp_path / "even", "--json", *words) == status
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(line)
    assert printed.err.count("\n") == 1
    assert not (tmp_path / "even").exists()

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from engine.cli.main import main
from engine.models.checkpoint import load_checkpoint, read_card


def evaluate(*words: object) -> int:
    return main(["evaluate", *map(str, words)])


def test_the_document(checkpoints: Path, patterns: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate("--model", "cbam", "--data", patterns, "--split", "private", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert {key: document[key] for key in ("model", "dataset", "split", "tta", "n", "n_clean", "skipped")} == {
        "model": "cbam", "dataset": "fer2013", "split": "private", "tta": False, "n": 14, "n_clean": 14, "skipped": 0,
    }  # fmt: skip
    confusion = document["confusion"]
    assert sum(map(sum, confusion)) == 14
    assert document["accuracy"] == pytest.approx(sum(confusion[k][k] for k in range(7)) / 14, abs=1e-5)
    assert set(document["per_class"]["happy"]) == {"precision", "recall", "f1", "support"}
    assert all(row["support"] == 2 for row in document["per_class"].values())
    assert 0 <= document["macro_f1"] <= 1


def test_the_card_takes_the_figures(
    checkpoints: Path, patterns: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine"
    shutil.copytree(checkpoints / "baseline", path)
    for words in ([], ["--tta"], ["--mirror"]):
        assert evaluate("--model", path, "--data", patterns, "--split", "public", "--write-card", *words) == 0
    capsys.readouterr()
    card = read_card(path)
    assert set(card.metrics) == {f"fer2013/public/{view}" for view in ("single", "mirror", "tta")}
    assert card.metrics["fer2013/public/tta"]["n"] == 14
    assert card.metrics["fer2013/public/tta"]["tta"] is True
    assert "mirror image" in card.metrics["fer2013/public/mirror"]["views"]
    load_checkpoint(path)


def test_in_words(checkpoints: Path, patterns: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate("--data", patterns) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("cbam on fer2013 private (single view, n = 14): accuracy ")
    assert "without copies of training pictures (n = 14)" in printed.out
    assert "surprise" in printed.err


def test_unreadable_pictures_are_counted(
    checkpoints: Path, patterns: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(patterns, tmp_path / "set")
    (tmp_path / "set" / "test" / "happy" / "PrivateTest_0.png").write_bytes(b"broken")
    assert evaluate("--data", tmp_path / "set", "--json") == 0
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert (document["n"], document["skipped"]) == (13, 1)
    assert "1 files could not be read" in printed.err
    assert "happy/PrivateTest_0.png" in printed.err
    assert str(tmp_path) not in printed.err


def test_classes_of_another_dataset_are_mapped(
    checkpoints: Path, patterns: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two pictures of each class, of which neutral is called contempt: CK+'s classes, a model of FER2013's."""
    for word in ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"):
        source = patterns / "test" / word
        shutil.copytree(source, tmp_path / "ck" / "test" / word.replace("neutral", "contempt"))
    words = ("--dataset", "ckplus", "--data", tmp_path / "ck", "--json")
    assert evaluate("--model", "cbam", *words) == 0
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert document["mapped_classes"] == {"dropped": {"contempt": 4}, "without_pictures": ["neutral"]}
    assert (document["dataset"], document["n"]) == ("ckplus", 24)
    assert document["per_class"]["neutral"]["support"] == 0
    assert all(document["per_class"][name]["support"] == 4 for name in document["classes"] if name != "neutral")
    assert "Left out, since the model has no such class: contempt (4)." in printed.err
    assert "mapped_classes" not in _own(patterns, capsys)


def _own(patterns: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    assert evaluate("--model", "cbam", "--data", patterns, "--json") == 0
    document: dict[str, object] = json.loads(capsys.readouterr().out)
    return document


@pytest.mark.parametrize(
    ("words", "status", "line"),
    [
        (["--model", "vgg"], 2, "error: Unknown model 'vgg'; valid: baseline, cbam."),
        (["--split", "secret"], 2, "error: Unknown split of fer2013 'secret'; valid: "),
        (["--dataset", "faces"], 2, "error: Unknown dataset 'faces'; valid: "),
        (["--data", "nowhere"], 1, "error: Expected fer2013 at 'nowhere'"),
        (["--device", "abacus"], 2, "error: Device 'abacus' is not on this machine"),
    ],
)
def test_wrong_use(
    checkpoints: Path,
    patterns: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    status: int,
    line: str,
) -> None:
    assert evaluate("--data", patterns, "--json", *words) == status
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(line)
    assert printed.err.count("\n") == 1
    assert str(patterns) not in printed.err

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine.analysis.evaluation import metric_rows
from engine.cli.main import main
from engine.labels import CK_EMOTIONS
from engine.models.architecture import DEFAULT_INPUT
from engine.models.checkpoint import load_checkpoint, read_card, write_checkpoint
from engine.models.registry import build_model
from tests.made_people import write_people


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


@pytest.fixture
def of_ckplus(tmp_path: Path) -> Path:
    """Return an untrained checkpoint for CK+'s classes whose card says that CK+ trained it."""
    torch.manual_seed(0)
    model = build_model("baseline", classes=7, spec=DEFAULT_INPUT)
    facts = {"architecture": "baseline", "config": {}, "classes": CK_EMOTIONS, "input": DEFAULT_INPUT,
             "recipe": {"seed": 0}, "data": {"dataset": "ckplus"}, "metrics": {}}  # fmt: skip
    write_checkpoint(tmp_path / "own", model, facts)
    return tmp_path / "own"


def test_a_split_that_leaks_has_no_clean_part(
    of_ckplus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = write_people(tmp_path / "ck", named=False)
    words = ("--model", of_ckplus, "--dataset", "ckplus", "--data", place)
    assert evaluate(*words) == 0
    said = capsys.readouterr().out
    assert "; split test; not person-independent: the source does not tell who is shown\n" in said
    assert "test leaks: " in said
    assert "so a figure on it measures memory" in said
    assert "without copies" not in said
    assert evaluate(*words, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["person_independent"] is False
    assert document["near_copies"]["leaks"] is True
    assert document["n_clean"] is document["accuracy_clean"] is document["interval_clean"] is None


def test_people_kept_apart_are_said_to_be(of_ckplus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = write_people(tmp_path / "ck")
    assert evaluate("--model", of_ckplus, "--dataset", "ckplus", "--data", place, "--json", "--write-card") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["n"], document["n_clean"], document["near_copies"]["near_copy_in_train"]) == (18, 18, 0)
    assert document["protocol"] == "split test; person-independent: nobody is in two splits"
    (row,) = metric_rows(read_card(of_ckplus))
    assert row.protocol == document["protocol"]  # what pages and reports print beside the figure


def test_numbered_classes_are_said_and_can_be_chosen(
    checkpoints: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for label in range(7):
        folder = tmp_path / "set" / "test" / str(label)
        folder.mkdir(parents=True)
        Image.fromarray(np.full((48, 48), 30 * label, np.uint8)).save(folder / "1.png")
    words = ("--dataset", "folder", "--split", "test", "--data", tmp_path / "set", "--json")
    assert evaluate(*words, "--codes", "alphabetical") == 0
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert document["class_codes"] == "0 angry, 1 disgust, 2 fear, 3 happy, 4 neutral, 5 sad, 6 surprise"
    assert document["n"] == 7
    assert evaluate(*words, "--codes", "yolo") == 2
    assert "Unknown class codes 'yolo'; valid: affectnet, rafdb, fer2013, alphabetical" in capsys.readouterr().err


def test_other_data_is_measured_whole(
    of_ckplus: Path, checkpoints: Path, patterns: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--dataset", "folder", "--data", patterns, "--json")
    assert evaluate("--model", of_ckplus, *words) == 0
    document = json.loads(capsys.readouterr().out)
    # 16 pictures of each class but neutral, which CK+ lacks.
    assert (document["split"], document["n"]) == ("all", 6 * 16)
    assert document["protocol"] == "split all; person-independent: the model was trained on ckplus, not on folder"
    assert evaluate("--model", of_ckplus, *words, "--split", "test") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["split"], document["n"]) == ("test", 6 * 4)
    place = write_people(tmp_path / "ck", people=3)
    assert evaluate("--model", of_ckplus, "--dataset", "ckplus", "--data", place, "--split", "all", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["n"], document["person_independent"]) == (27, False)
    assert "the pictures that trained the model are among these" in document["protocol"]


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

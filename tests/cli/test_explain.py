from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.cli.main import main
from engine.labels import EMOTIONS
from tests.made import write_seeded
from tests.made_cmaen import write_cmaen

pytestmark = pytest.mark.usefixtures("checkpoints")


def explain(*words: object) -> int:
    return main(["explain", *map(str, words)])


def test_gates_and_map_as_files_and_document(album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "made"
    words = ["--model", "cbam", "--layer", "block3", "--target", "sad", "--whole", "--out", out, "--json"]
    assert explain(album / "one.png", *words) == 0
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert "shares" not in document  # a cmaen's
    assert (document["source"], document["model"], document["box"]) == ("one.png", "cbam", None)
    assert set(document["files"]) == {path.name for path in out.iterdir()}
    with np.load(out / "explanation.npz") as stored:
        for gate in document["gates"]:
            weights = stored[f"gate/{gate['layer']}"]
            assert list(weights.shape) == gate["shape"]
            assert [gate["min"], gate["mean"], gate["max"]] == pytest.approx(
                [weights.min(), weights.mean(), weights.max()], abs=1e-5
            )
        (heat,) = document["maps"]
        assert (heat["layer"], heat["target"], heat["shape"]) == ("block3", "sad", [12, 12])
        assert stored["map/gradcam/block3"].shape == (12, 12)
    assert len(document["gates"]) == 8
    for name in document["files"]:
        if name.endswith(".png"):
            assert Image.open(out / name).size[0] >= 48
    assert str(tmp_path) not in printed.out + printed.err


def test_in_words(album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(album / "one.png", "--model", "baseline", "--minus", "fear", "--out", tmp_path / "made") == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("one.png: ")
    assert printed.out.count("\n") == 1
    assert "gradcam" in printed.err


@pytest.mark.parametrize(
    ("words", "status", "line"),
    [
        (["--target", "bored"], 2, "error: Unknown class 'bored'; valid: angry, "),
        (["--minus", "bored"], 2, "error: Unknown class 'bored'; valid: angry, "),
        (["--target", "happy-"], 2, "error: Expected one class, or two with a minus between as in 'happy-sad', got 'h"),
        (["--target", "sad-sad"], 2, "error: A contrast needs two different classes, but 'sad' is on both sides;"),
        (["--target", "true"], 2, "error: The true class of this picture is not known; say which it is, or"),
        (["--target", "true", "--true", "bored"], 2, "error: Unknown class 'bored'; valid: angry, "),
        (["--target", "sad-fear", "--minus", "happy"], 2, "error: --target 'sad-fear' has a minus already; leave"),
        (["--layer", "head"], 2, "error: Unknown layer 'head'; valid: block1, block2, block3, block4."),
        (["--method", "magic"], 2, "error: Unknown method 'magic'; valid: gradcam"),
        (["--method", "gradcam,magic"], 2, "error: Unknown method 'magic'; valid: gradcam"),
        (["--method", ","], 2, "error: Expected one method or more, got none; choose among gradcam, "),
        (["--baseline", "128"], 2, "error: Expected --baseline from 0 (black) to 1 (white), got 128.0; choose"),
        (["--seed", "-1"], 2, "error: Expected --seed of 0 or more, got -1; choose another."),
        (["--face", "3"], 2, "error: The picture has 1 face(s), counted from 0; face 3 is not among them."),
        (["--model", "vgg"], 2, "error: Unknown model 'vgg'; valid: baseline, cbam."),
    ],
)
def test_wrong_use(
    album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], status: int, line: str
) -> None:
    assert explain(album / "one.png", "--out", tmp_path / "made", "--json", *words) == status
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(line)
    assert printed.err.count("\n") == 1
    assert not (tmp_path / "made").exists()


def test_several_methods_give_a_map_each(album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "made"
    words = ["--method", "hirescam,integrated_gradients,deeplift", "--baseline", "0.25", "--whole", "--out", out]
    assert explain(album / "one.png", "--model", "cbam", "--json", *words) == 0
    document = json.loads(capsys.readouterr().out)
    assert [(row["kind"], row["layer"], row["shape"][0], row["signed"]) for row in document["maps"]] == [
        ("hirescam", "block4", 6, True), ("integrated_gradients", "", 48, True), ("deeplift", "", 48, True),
    ]  # fmt: skip
    assert {"hirescam-block4.png", "integrated_gradients.png", "deeplift.png"} <= set(document["files"])
    with np.load(out / "explanation.npz") as stored:
        assert stored["map/deeplift"].shape == (48, 48)
        assert float(stored["map/deeplift"].min()) < 0.0


@pytest.mark.parametrize("name", ["broken.png", "missing.png", "notes.txt"])
def test_what_is_no_picture_is_status_1(
    album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert explain(album / name, "--out", tmp_path / "made", "--json") == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: ")
    assert name in printed.err
    assert printed.err.count("\n") == 1
    assert str(tmp_path) not in printed.err


def test_a_folder_that_cannot_be_made(album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(album / "one.png", "--out", album / "one.png") == 1
    printed = capsys.readouterr().err
    assert printed.startswith("error: 'one.png' cannot be written")
    assert str(tmp_path) not in printed


@pytest.mark.parametrize(
    ("words", "target"),
    [
        (["--target", "happy-sad"], "happy − sad"),
        (["--target", "true - fear", "--true", "sad"], "sad − fear"),
        (["--target", "true", "--true", "sad", "--minus", "angry"], "sad − angry"),
    ],
)
def test_targets(
    album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], target: str
) -> None:
    assert explain(album / "one.png", "--model", "baseline", *words, "--out", tmp_path / "made", "--json") == 0
    assert json.loads(capsys.readouterr().out)["maps"][0]["target"] == target


@pytest.fixture
def narrow_store(checkpoints: Path, narrow: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_seeded(tmp_path / "store" / "cbam", "cbam")
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path / "store"))


@pytest.mark.usefixtures("narrow_store")
def test_sanity(album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--whole", "--sanity", "--method", "gradcam,hirescam", "--target", "sad-fear"]
    assert explain(album / "one.png", *words, "--out", tmp_path / "made", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert "trust" not in document
    kept = json.loads((tmp_path / "made" / "explanation.json").read_text(encoding="utf-8"))
    assert kept["sanity"] == document["sanity"]
    assert [(item["method"], item["layer"], item["target"]) for item in document["sanity"]] == [
        ("gradcam", "block4", "sad − fear"), ("hirescam", "block4", "sad − fear"),
    ]  # fmt: skip
    for item in document["sanity"]:
        assert (item["robustness"]["radius"], item["robustness"]["samples"]) == (5.0, 40)
        parts = [part["name"] for part in item["randomisation"]["parts"]]
        assert parts == ["output", "hidden", "block4", "block3", "block2", "block1"]
        assert len(item["class_sensitivity"]["correlation"]) == 7
    assert explain(album / "one.png", "--whole", "--sanity", "--out", tmp_path / "again") == 0
    said = capsys.readouterr().err
    assert "max-sens." in said
    assert "of 255 a pixel" in said


@pytest.mark.usefixtures("narrow_store")
def test_all_methods_that_the_model_can_take(
    album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.cli.explain.method_names", lambda _words: ("gradcam", "rollout", "hirescam"))
    assert explain(album / "one.png", "--whole", "--method", "all", "--out", tmp_path / "made", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert [item["kind"] for item in document["maps"]] == ["gradcam", "hirescam"]
    assert list(document["left_out"]) == ["rollout"]
    assert explain(album / "one.png", "--whole", "--method", "all", "--out", tmp_path / "again") == 0
    assert "rollout left out: attention rollout follows self-attention" in " ".join(capsys.readouterr().err.split())
    assert explain(album / "one.png", "--whole", "--method", "rollout", "--out", tmp_path / "none") == 2
    assert capsys.readouterr().err.startswith("error: Attention rollout cannot explain '")


def test_a_vit_gives_its_rollout(
    album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path / "store"))
    write_seeded(tmp_path / "store" / "vit", "vit")
    words = ["--model", "vit", "--whole", "--method", "rollout,gradcam", "--out", tmp_path / "made"]
    assert explain(album / "one.png", *words, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert [(item["kind"], item["shape"], item["class_agnostic"]) for item in document["maps"]] == [
        ("rollout", [12, 12], True), ("gradcam", [12, 12], False),
    ]  # fmt: skip
    assert {(gate["kind"], *gate["shape"]) for gate in document["gates"]} == {("cross", 720, 144)}
    assert {"rollout.png", "explanation.npz"} <= set(document["files"])
    with np.load(tmp_path / "made" / "explanation.npz") as stored:
        assert stored["map/rollout"].sum() == pytest.approx(1.0, abs=1e-4)
    words[-1] = tmp_path / "again"
    assert explain(album / "one.png", *words) == 0
    assert "rollout is class-agnostic" in " ".join(capsys.readouterr().err.split())


def test_a_cmaens_answer_is_taken_apart(
    album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path / "store"))
    write_cmaen(tmp_path / "store" / "cmaen")
    words = ["--model", "cmaen", "--whole", "--out", tmp_path / "made"]
    assert explain(album / "one.png", *words, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    shares = document["shares"]
    assert shares["gamma"] == 0.5
    assert shares["ratio"] > 0
    assert sum(shares["weights"].values()) == pytest.approx(1)
    drawn = {file for file in document["files"] if file.startswith("gate-emotion.spatial")}
    assert drawn == {f"gate-emotion.spatial.{name}.png" for name in EMOTIONS}
    assert all((tmp_path / "made" / file).is_file() for file in drawn)
    assert sum(shares["share"].values()) == pytest.approx(1)
    assert json.loads((tmp_path / "made" / "explanation.json").read_text(encoding="utf-8"))["shares"] == shares
    with np.load(tmp_path / "made" / "explanation.npz") as stored:
        logits = stored["logits"]
    assert sum(shares["above_mean"].values()) == pytest.approx(logits.max() - logits.mean(), rel=1e-3)
    words[-1] = tmp_path / "again"
    assert explain(album / "one.png", *words) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "Cross-modal attention: gamma 0.5, what it adds is" in said
    assert f"the emotion heads give {100 * shares['share']['emotion']:.1f} %" in said


@pytest.mark.usefixtures("narrow_store")
def test_trust(album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(album / "one.png", "--whole", "--trust", "--out", tmp_path / "made", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    gates = document["trust"]["gates"]
    assert [gate["layer"] for gate in gates] == [gate["layer"] for gate in document["gates"]]
    for gate in gates:
        assert gate["verdict"] in {"used", "weakly used", "not used"}
        assert set(gate["replacements"]) == {"mean", "permuted", "another picture", "ones"}
        assert gate["replacements"]["permuted"]["draws"] == 10
    (item,) = document["trust"]["maps"]
    assert item["verdict"] in {"faithful", "no better than random"}
    assert item["score"]["low"] <= item["score"]["mean"] <= item["score"]["high"]
    assert {curve["imputer"] for curve in item["curves"]} == {"blur", "road"}
    assert explain(album / "one.png", "--whole", "--trust", "--out", tmp_path / "again") == 0
    said = capsys.readouterr().err
    assert "block4.spatial" in said
    assert "verdict" in said

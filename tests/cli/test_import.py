"""Bring your own network, from the command line: a Python file, a library, weights as people save them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image

from engine.cli.main import main
from engine.models.checkpoint import file_sha256, load_checkpoint, read_card

pytestmark = pytest.mark.slow

NET = """
import os
from pathlib import Path
import torch
from torch import nn

Path(__file__).with_name("ran").write_text(str(os.getpid()))
print("a word on stdout")


class Gate(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc = nn.Linear(width, width)

    def forward(self, x):
        return x * torch.sigmoid(self.fc(x.mean((2, 3)))).view(len(x), -1, 1, 1)


class Net(nn.Module):
    def __init__(self, classes=3):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), Gate(8))
        self.head = nn.Linear(8, classes)

    def forward(self, x):
        return self.head(self.body(x).mean((2, 3)))


class Failing(nn.Module):
    def __init__(self):
        raise RuntimeError("it fails")


class Leaving(nn.Module):
    def __init__(self):
        os._exit(3)
"""
INPUT = ["--classes", "a,b,c", "--input", "24x32x1", "--mean", ".5", "--std", ".5"]


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path / "shelf"))
    (tmp_path / "net.py").write_text(NET)
    torch.manual_seed(0)
    state = {
        "body.0.weight": torch.randn(8, 1, 3, 3), "body.0.bias": torch.randn(8), "body.2.fc.weight": torch.randn(8, 8),
        "body.2.fc.bias": torch.randn(8), "head.weight": torch.randn(3, 8), "head.bias": torch.randn(3),
    }  # fmt: skip
    torch.save({"epoch": 3, "model_state_dict": {f"module.{k}": v for k, v in state.items()}}, tmp_path / "best.pth")
    torch.save({k: v for k, v in state.items() if k != "head.bias"}, tmp_path / "misfit.pth")
    for name in "abc":
        (tmp_path / "data" / name).mkdir(parents=True)
        pixels = np.random.default_rng(ord(name)).integers(0, 255, (24, 32), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "data" / name / "one.png")
    return tmp_path


def code(user: Path, kind: str = "Net", weights: str = "best.pth", name: str = "mine") -> list[str]:
    return ["import", f"{user / 'net.py'}:{kind}", "--weights", str(user / weights), *INPUT, "--name", name]


def test_a_python_file_runs_only_where_it_is_trusted(user: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(code(user)) == 2
    assert "say that you trust it with --trust-code" in capsys.readouterr().err
    assert not (user / "ran").exists()
    assert not (user / "shelf").exists()


def test_a_python_file_is_imported_in_a_process_of_its_own(user: Path, capfd: pytest.CaptureFixture[str]) -> None:
    import os

    assert main([*code(user), "--trust-code", "--claimed", ".7", "--check", str(user / "data"), "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert int((user / "ran").read_text()) != os.getpid()
    assert document["gates"] == [{"layer": "body.2.channel", "kind": "channel", "shape": [8]}]
    assert document["check"]["n"] == 3
    card = read_card(user / "shelf" / "mine")
    assert card.origin == {
        "source": "net.py:Net", "file": "best.pth", "sha256": file_sha256(user / "best.pth"), "claimed_accuracy": 0.7,
    }  # fmt: skip
    assert card.metrics["folder/data/single"]["n"] == 3
    (user / "net.py").unlink()
    loaded = load_checkpoint("mine").model
    weights = torch.load(user / "best.pth", weights_only=True)["model_state_dict"]
    torch.testing.assert_close(dict(loaded.named_parameters())["weights.head.bias"].data, weights["module.head.bias"])
    capfd.readouterr()
    assert main(["explain", str(user / "data" / "a" / "one.png"), "--model", "mine", "--out", str(user / "out")]) == 0


def test_a_network_of_timm_is_imported_and_checked(user: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    net = timm.create_model("resnet10t", block_args={"attn_layer": "eca"}, num_classes=3, in_chans=1)
    torch.save(net.state_dict(), user / "timm.pth")
    words = ["import", "timm:resnet10t", "--args", '{"block_args": {"attn_layer": "eca"}}', "--domain", "pictures"]
    words += ["--weights", str(user / "timm.pth"), "--classes", "a,b,c", "--input", "64x64x1", "--name", "eca"]
    assert main(words) == 0
    out = capsys.readouterr()
    assert "4 gates found" in out.out
    assert "channel gate of 64, by sigmoid" in out.out
    assert "timm's own settings of this network" in out.err
    assert "Not checked against your data" in out.err
    card = read_card(user / "shelf" / "eca")
    assert (card.input.height, card.input.channels, card.domain) == (64, 1, "pictures")
    assert card.input.mean == pytest.approx([(0.485 + 0.456 + 0.406) / 3])
    assert main(words) == 1
    assert "exists already; choose another --name" in capsys.readouterr().err


WRONG: dict[str, tuple[Callable[[Path], list[str]], int, str]] = {
    "weights that do not fit": (
        lambda user: [*code(user, weights="misfit.pth"), "--trust-code"],
        1,
        "'misfit.pth' do not fit this network: nothing for 'head.bias'",
    ),
    "no such class": (
        lambda user: [*code(user, "Nobody"), "--trust-code"],
        1,
        "holds no 'Nobody'; its networks: Gate, Net, Failing, Leaving",
    ),
    "a constructor that fails": (
        lambda user: [*code(user, "Failing"), "--trust-code"],
        1,
        r"'net.py:Failing' cannot be built (RuntimeError: it fails)",
    ),
    "code that ends its process": (lambda user: [*code(user, "Leaving"), "--trust-code"], 1, "ended its process"),
    "arguments of another network": (
        lambda user: [*code(user), "--trust-code", "--args", '{"depth": 3}'],
        1,
        "cannot be built (TypeError",
    ),
    "arguments that are no JSON": (
        lambda user: [*code(user), "--trust-code", "--args", "depth=3"],
        2,
        "Expected --args as a JSON",
    ),
    "no weights file": (lambda user: [*code(user, weights="no.pth"), "--trust-code"], 1, "no weights file 'no.pth'"),
    "no input": (
        lambda user: ["import", f"{user / 'net.py'}:Net", "--classes", "a,b,c", "--name", "x", "--trust-code"],
        2,
        "Expected --input and --mean and --std",
    ),
    "one class": (lambda user: [*code(user), "--trust-code", "--classes", "a"], 2, "two or more distinct class names"),
    "Keras": (lambda _: ["import", "net.keras", *INPUT, "--name", "x"], 2, "'net.keras': Keras files are not read"),
    "ONNX": (lambda _: ["import", "net.onnx", *INPUT, "--name", "x"], 2, "'net.onnx': ONNX files are not read"),
    "HDF5 weights": (
        lambda _: ["import", "timm:resnet18", "--weights", "w.h5", *INPUT, "--name", "x"],
        2,
        "'w.h5': Keras files are not read",
    ),
    "a library without weights": (
        lambda _: ["import", "timm:resnet18", *INPUT, "--name", "x"],
        2,
        "name its weights with --weights",
    ),
    "a hub": (
        lambda user: ["import", "timm:hf-hub:me/net", "--weights", str(user / "best.pth"), *INPUT, "--name", "x"],
        2,
        "Expected timm:NAME",
    ),
    "loading by the library": (
        lambda user: [
            "import", "timm:resnet18", "--weights", str(user / "best.pth"), *INPUT, "--args", '{"checkpoint_path": ""}',
            "--name", "x",
        ],
        2,
        "'checkpoint_path' in --args would load weights",
    ),
    "no such network": (
        lambda user: ["import", "torchvision:resnet1", "--weights", str(user / "best.pth"), *INPUT, "--name", "x"],
        1,
        "'torchvision:resnet1' cannot be built",
    ),
    "weights for a source": (lambda user: ["import", str(user / "best.pth"), *INPUT, "--name", "x"], 2, "to --weights"),
    "a hidden name": (lambda user: [*code(user, name=".x"), "--trust-code"], 2, "a name for the checkpoint"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_wrong_use(user: Path, capfd: pytest.CaptureFixture[str], what: str) -> None:
    words, status, said = WRONG[what]
    assert main(words(user)) == status
    err = capfd.readouterr().err
    assert said in err
    assert "Traceback" not in err
    assert str(user) not in err
    assert not list((user / "shelf").glob("*")) if (user / "shelf").exists() else True


@pytest.fixture
def deciding(user: Path) -> Path:
    """The user's network decides by the picture, which PyTorch cannot export."""
    last = "        return self.head"
    text = NET.replace(last, f"        if x.mean() > 100:\n            x = -x\n{last}")
    (user / "net.py").write_text(text)
    return user


def test_what_cannot_be_exported_is_offered_to_be_kept_live(deciding: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([*code(deciding), "--trust-code"]) == 1
    said = capfd.readouterr().err
    assert "so it cannot be stored without its code. With --live of import" in said
    assert str(deciding) not in said, "nor does PyTorch print the network with its places"
    assert not (deciding / "shelf" / "mine").exists()


def test_a_live_network_opens_where_each_start_is_told_to_trust_it(
    deciding: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERLENS_TRUST_CODE", "")
    words = [*code(deciding), "--trust-code", "--live", "--check", str(deciding / "data"), "--json"]
    assert main(words) == 0
    document = json.loads(capfd.readouterr().out)
    assert (document["live"], document["check"]["n"]) == (True, 3)
    (deciding / "ran").unlink()
    predict = ["predict", str(deciding / "data" / "a" / "one.png"), "--whole", "--model", "mine"]
    assert main(predict) == 1
    assert "'mine' is a live network" in capfd.readouterr().err
    assert main(["models"]) == 0
    assert not (deciding / "ran").exists(), "neither did listing it"
    assert main([*predict, "--trust-code", "mine"]) == 0
    assert (deciding / "ran").exists()
    capfd.readouterr()
    monkeypatch.setenv("FERLENS_TRUST_CODE", "other")
    assert main(predict) == 1
    with (deciding / "net.py").open("a") as file:
        file.write("# changed")
    assert main([*predict, "--trust-code", "mine"]) == 1
    assert "is not the code that 'mine' was imported with" in capfd.readouterr().err


def test_live_is_for_files(user: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["import", "timm:resnet10t", "--weights", str(user / "best.pth"), *INPUT, "--name", "mine", "--live"]
    assert main(words) == 2
    assert "--live is for a network in a Python file" in capsys.readouterr().err

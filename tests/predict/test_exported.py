"""Exported files give what the model gives: logits and every gate, in every format and at any batch size."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from engine.errors import CheckpointError
from engine.models.adopted.freeze import freeze
from engine.models.adopted.network import adopt
from engine.models.export import FORMATS, INPUT, ExportedFile, ExportedGraph, export_model, quantise_onnx
from engine.models.registry import build_model
from engine.models.taps import record_attention
from engine.predict.exported import check_exported, open_onnx
from tests.made import SMALL
from tests.models.adopted.made_nets import CLASSES, made
from tests.models.adopted.test_freeze import WIDE, thawed

pytestmark = pytest.mark.slow


def _model(architecture: str = "cbam") -> torch.nn.Module:
    torch.manual_seed(3)
    model = build_model(architecture, classes=7, spec=SMALL).eval()
    # Logits of about 1: the last features of the four-block nets start small, those of a vit at 1.
    torch.nn.init.normal_(model.output.weight, std=0.1 if architecture == "vit" else 50.0)
    return model


def _pictures(count: int) -> np.ndarray:
    return np.random.default_rng(5).random((count, 1, 16, 16), np.float32)


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_gives_the_models_logits_and_gates(format: str, tmp_path: Path) -> None:  # noqa: A002 - the option's name
    model = _model()
    exported = export_model(model, SMALL, tmp_path / "m", format=format, about={"classes": '["a"]'})
    assert exported.outputs == ("logits", *(f"block{n}.{kind}" for n in range(1, 5) for kind in ("channel", "spatial")))
    graph = ExportedGraph(model, SMALL).eval()
    check = check_exported(exported, graph, _pictures(5))
    assert check.logits_difference < 1e-4
    assert check.gates_difference < 1e-4
    assert check.same_answers == 1.0
    one = torch.from_numpy(_pictures(1))
    read_back = {  # as other programs do
        "onnx": lambda: [torch.from_numpy(part) for part in open_onnx(exported.path)(one.numpy())],
        "torchscript": lambda: torch.jit.load(str(exported.path))(one),
        "pt2": lambda: torch.export.load(str(exported.path)).module()(one),
    }[format]()
    for found, wanted in zip(read_back, graph(one), strict=True):
        assert torch.allclose(found, wanted, atol=1e-4)


@pytest.mark.parametrize("format", FORMATS)
def test_a_vits_file_gives_its_attention(format: str, tmp_path: Path) -> None:  # noqa: A002 - the option's name
    model = _model("vit")
    exported = export_model(model, SMALL, tmp_path / "m", format=format, about={"classes": '["a"]'})
    assert exported.outputs == ("logits", *(f"block{n}.attention" for n in range(1, 5)))
    check = check_exported(exported, ExportedGraph(model, SMALL).eval(), _pictures(5))
    assert check.logits_difference < 1e-4
    assert check.gates_difference < 1e-4


@pytest.mark.parametrize("design", ["hand-written CBAM", "windows"])
def test_anyones_networks_file_gives_its_logits_and_gates(design: str, tmp_path: Path) -> None:
    stored = thawed(freeze(adopt(made(design), WIDE, CLASSES), WIDE))
    exported = export_model(stored, WIDE, tmp_path / "m.onnx", format="onnx", about={})
    assert exported.outputs == ("logits", *(gate.name for gate in stored.findings.gates))
    pictures = np.random.default_rng(1).random((5, 1, 32, 48), np.float32)
    found = open_onnx(exported.path)(pictures)
    with torch.no_grad(), record_attention() as gates:
        logits = stored((torch.from_numpy(pictures) - 0.5) / 0.25)
    for part, wanted in zip(found, (logits, *(gate.weights for gate in gates)), strict=True):
        np.testing.assert_allclose(part, wanted.numpy(), rtol=1e-4, atol=1e-5)


def test_a_difference_is_seen(tmp_path: Path) -> None:
    exported = export_model(_model(), SMALL, tmp_path / "m.onnx", format="onnx", about={})
    torch.manual_seed(4)
    other = ExportedGraph(build_model("cbam", classes=7, spec=SMALL), SMALL).eval()
    check = check_exported(exported, other, _pictures(4))
    assert check.logits_difference > 0.1
    assert check.gates_difference > 0.001


def test_the_onnx_file_names_its_outputs_and_says_what_it_is(tmp_path: Path) -> None:
    about = {"classes": json.dumps(["a", "b"]), "model": "made"}
    export_model(_model("spatial"), SMALL, tmp_path / "m.onnx", format="onnx", about=about)
    assert [file.name for file in tmp_path.iterdir()] == ["m.onnx"]  # weights inside, one file to carry
    proto = onnx.load_model(str(tmp_path / "m.onnx"))
    assert [out.name for out in proto.graph.output] == ["logits", *(f"block{n}.spatial" for n in range(1, 5))]
    assert {prop.key: prop.value for prop in proto.metadata_props} == about
    assert str(tmp_path) not in str(proto)


def test_eight_bits_are_smaller_and_nearly_the_same(tmp_path: Path) -> None:
    model = _model()
    export_model(model, SMALL, tmp_path / "m.onnx", format="onnx", about={"model": "made"})
    quantise_onnx(tmp_path / "m.onnx", tmp_path / "m8.onnx", _pictures(70), INPUT)
    assert (tmp_path / "m8.onnx").stat().st_size < 0.3 * (tmp_path / "m.onnx").stat().st_size
    graph = ExportedGraph(model, SMALL).eval()
    check = check_exported(ExportedFile(tmp_path / "m8.onnx", "onnx", ()), graph, _pictures(64))
    assert 0.0 < check.logits_difference < 0.5
    assert check.same_answers > 0.9
    proto = onnx.load_model(str(tmp_path / "m8.onnx"))
    assert {prop.key: prop.value for prop in proto.metadata_props} == {"model": "made"}
    # A gate's own layers stay in floats.
    gates = [node for node in proto.graph.node if node.op_type == "Conv" and "_quantized" not in node.input[1]]
    assert len(gates) >= 4


def test_a_damaged_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(b"nothing of the kind")
    with pytest.raises(CheckpointError, match=r"'m.onnx' is not a whole ONNX file"):
        open_onnx(tmp_path / "m.onnx")

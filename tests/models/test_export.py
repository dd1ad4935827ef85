"""What the exported graph holds; that files hold the same is tested with their runner (tests/inference)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.errors import CheckpointError, UnknownNameError
from engine.models.adopted.freeze import freeze
from engine.models.adopted.network import adopt
from engine.models.export import ExportedGraph, export_model, output_names, quantise_onnx
from engine.models.registry import build_model
from engine.models.taps import record_attention
from engine.predict.exported import open_onnx
from tests.made import SMALL
from tests.models.adopted.made_nets import CLASSES, made
from tests.models.adopted.test_freeze import WIDE, thawed


@pytest.mark.parametrize("architecture", ["baseline", "spatial", "cbam", "vit"])
def test_the_graph_gives_what_the_model_and_its_taps_give(architecture: str) -> None:
    torch.manual_seed(0)
    model = build_model(architecture, classes=7, spec=SMALL).eval()
    pictures = torch.rand(3, 1, 16, 16)
    with torch.no_grad(), record_attention() as gates:
        logits = model((pictures - 0.5) / 0.25)  # SMALL's mean and std
    out = ExportedGraph(model, SMALL)(pictures)
    assert output_names(model) == ("logits", *(gate.layer for gate in gates))
    assert torch.equal(out[0], logits)
    assert len(out) == 1 + len(gates)
    for found, gate in zip(out[1:], gates, strict=True):
        assert torch.equal(found, gate.weights)


def test_the_model_is_left_as_it_was() -> None:
    torch.manual_seed(0)
    model = build_model("cbam", classes=7, spec=SMALL).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    modules = [type(module) for module in model.modules()]
    ExportedGraph(model, SMALL)(torch.rand(2, 1, 16, 16))
    assert model.training
    assert [type(module) for module in model.modules()] == modules
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_an_unknown_format_lists_the_known(tmp_path: Path) -> None:
    model = build_model("baseline", classes=7, spec=SMALL)
    with pytest.raises(UnknownNameError, match=r"onnx, torchscript, pt2"):
        export_model(model, SMALL, tmp_path / "m.bin", format="tflite", about={})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "design", ["hand-written CBAM", "coordinate attention", "fused attention", "selective kernels"]
)
def test_anyones_stored_network_gives_its_gates(design: str) -> None:
    stored = thawed(freeze(adopt(made(design), WIDE, CLASSES), WIDE))
    pictures = torch.rand(3, 1, 32, 48)
    with torch.no_grad(), record_attention() as gates:
        logits = stored((pictures - 0.5) / 0.25)  # WIDE's mean and std
    out = ExportedGraph(stored, WIDE).eval()(pictures)
    assert torch.equal(out[0], logits)
    assert output_names(stored) == ("logits", *(gate.layer for gate in gates))
    assert len(gates) > 0
    for found, gate in zip(out[1:], gates, strict=True):
        assert torch.equal(found, gate.weights)


def test_a_live_network_gives_its_gates_in_the_order_of_its_taps() -> None:
    live = adopt(made("coordinate attention"), WIDE, CLASSES).eval()
    pictures = torch.rand(3, 1, 32, 48)
    with torch.no_grad(), record_attention() as gates:
        live((pictures - 0.5) / 0.25)
    live.net.kept = []  # the network keeps what cannot be copied
    out = ExportedGraph(live, WIDE).eval()(pictures)
    assert [tuple(part.shape) for part in out[1:]] == [tuple(gate.weights.shape) for gate in gates]


def test_what_torchscript_would_fix_to_a_number_of_pictures_is_refused(tmp_path: Path) -> None:
    stored = thawed(freeze(adopt(made("self-attention"), WIDE, CLASSES), WIDE))
    with pytest.raises(CheckpointError, match=r"would hold this network to 2 pictures .* onnx or pt2"):
        export_model(stored, WIDE, tmp_path / "m.pt", format="torchscript", about={})
    assert list(tmp_path.iterdir()) == []


def test_what_pytorch_cannot_write_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = thawed(freeze(adopt(made("squeeze and excite"), WIDE, CLASSES), WIDE))

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no such operation\nand so on")

    monkeypatch.setattr(torch.export, "export", fail)
    with pytest.raises(CheckpointError, match=r"as pt2 \(no such operation\); choose another format, onnx or torchscr"):
        export_model(stored, WIDE, tmp_path / "m.pt2", format="pt2", about={})


def test_a_file_that_cannot_be_run_is_one_sentence(tmp_path: Path) -> None:
    stored = thawed(freeze(adopt(made("squeeze and excite"), WIDE, CLASSES), WIDE))
    file = export_model(stored, WIDE, tmp_path / "m.onnx", format="onnx", about={}).path
    run = open_onnx(file)
    with pytest.raises(CheckpointError, match=r"exported as ONNX cannot be run \(.*\); choose another --format"):
        run(np.zeros((1, 3, 48, 48), np.float32))


def test_what_onnxruntime_cannot_quantise_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from onnxruntime import quantization

    stored = thawed(freeze(adopt(made("squeeze and excite"), WIDE, CLASSES), WIDE))
    file = export_model(stored, WIDE, tmp_path / "m.onnx", format="onnx", about={}).path

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("Unable to find data type\nand so on")

    monkeypatch.setattr(quantization, "quantize_static", fail)
    with pytest.raises(CheckpointError, match=r"with 8 bit weights \(Unable to find data type\); leave --int8 out"):
        quantise_onnx(file, tmp_path / "q.onnx", np.zeros((1, 1, 48, 48), np.float32), "pictures")

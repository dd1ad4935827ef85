"""What the exported graph holds; that files hold the same is tested with their runner (tests/inference)."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engine.errors import UnknownNameError
from engine.models.export import ExportedGraph, export_model, output_names
from engine.models.registry import build_model
from engine.models.taps import record_attention
from tests.made import SMALL


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

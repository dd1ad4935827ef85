from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.analysis.sweep.block import CAMS, last_layer, observe
from engine.errors import CheckpointError
from engine.explain.methods.cams import gradcam
from engine.labels import EMOTIONS
from engine.models.architecture import DEFAULT_INPUT
from engine.models.registry import build_model
from engine.models.taps import AttentionTap, record_attention
from tests.explain.made import hooks_on

pytestmark = pytest.mark.usefixtures("narrow")


def made(name: str = "cbam") -> tuple[torch.nn.Module, torch.Tensor, torch.Tensor]:
    torch.manual_seed(2)
    model = build_model(name, classes=7, spec=DEFAULT_INPUT)
    with torch.no_grad():
        model.get_parameter("output.weight").mul_(50)
    return model.eval(), torch.randn(5, 1, 48, 48), torch.tensor([0, 3, 6, 1, 1])


@pytest.mark.parametrize("name", ["baseline", "spatial", "cbam"])
@pytest.mark.parametrize("layer", ["block1", "block4"])
def test_it_equals_separate_passes(name: str, layer: str) -> None:
    model, x, labels = made(name)
    seen = observe(model, x, labels, EMOTIONS, layer)
    with torch.no_grad(), record_attention() as recorded:
        logits = model(x)
    np.testing.assert_allclose(seen.logits, logits.numpy(), rtol=1e-5, atol=1e-6)
    assert list(seen.maps) == [*(gate.layer for gate in recorded), *CAMS]
    for gate in recorded:
        np.testing.assert_allclose(seen.maps[gate.layer], gate.weights.numpy(), rtol=1e-5)
    for cam, target in zip(CAMS, (logits.argmax(1), labels), strict=True):
        expected = gradcam(
            lambda pictures, t=target: model(pictures).gather(1, t[:, None])[:, 0], model.activation_module(layer), x
        ).relu()
        assert float(expected.max()) > 0
        np.testing.assert_allclose(seen.maps[cam], expected.numpy(), rtol=1e-3, atol=1e-6 * float(expected.max()))


def test_the_features_are_what_the_last_layer_takes() -> None:
    model, x, labels = made()
    seen = observe(model, x, labels, EMOTIONS, None)
    assert seen.features.shape == (5, 512)
    assert last_layer(model, 7) is model.output
    again = torch.from_numpy(seen.features) @ model.output.weight.T + model.output.bias
    np.testing.assert_allclose(again.detach().numpy(), seen.logits, rtol=1e-4, atol=1e-5)


def test_without_gradcam_there_are_gates_alone() -> None:
    model, x, labels = made()
    seen = observe(model, x, labels, EMOTIONS, None)
    assert not set(CAMS) & set(seen.maps)
    assert len(seen.maps) == 8


def test_nothing_stays_on_the_model() -> None:
    model, x, labels = made()
    model.train()
    observe(model, x, labels, EMOTIONS, "block4")
    assert hooks_on(model) == []
    assert model.training
    assert torch.is_grad_enabled()
    assert all(parameter.grad is None for parameter in model.parameters())


class OtherGates(torch.nn.Module):
    """A model with the two kinds of gate that the four-block nets lack."""

    def __init__(self, keys: int) -> None:
        super().__init__()
        self.keys = keys
        self.emotion = AttentionTap("heads.spatial", "emotion")
        self.cross = AttentionTap("fusion", "cross")
        self.out = torch.nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.emotion(x.flatten(1)[:, :8].view(-1, 2, 2, 2).sigmoid())
        self.cross(x.flatten(1)[:, : 3 * self.keys].view(-1, 3, self.keys).softmax(2))
        return self.out(x.flatten(1)[:, :4])


def test_other_kinds_of_gate_become_maps() -> None:
    x = torch.randn(3, 1, 8, 8)
    seen = observe(OtherGates(4), x, torch.zeros(3, dtype=torch.int64), ("happy", "sad"), None)
    assert {name: maps.shape for name, maps in seen.maps.items()} == {
        "heads.spatial.happy": (3, 2, 2), "heads.spatial.sad": (3, 2, 2), "fusion.received": (3, 2, 2),
    }  # fmt: skip
    np.testing.assert_allclose(seen.maps["fusion.received"].sum(axis=(1, 2)), 1.0, rtol=1e-5)
    with pytest.raises(CheckpointError, match="square"):
        observe(OtherGates(5), x, torch.zeros(3, dtype=torch.int64), ("happy", "sad"), None)


def test_of_self_attention_it_keeps_what_each_cell_received() -> None:
    model, x, labels = made("vit")
    seen = observe(model, x, labels, EMOTIONS, "block4")
    names = [f"block{n}.attention.received" for n in range(1, 5)]
    assert list(seen.maps) == [*names, *CAMS]
    with torch.no_grad(), record_attention() as recorded:
        logits = model(x)
    for name, gate in zip(names, recorded, strict=True):
        received = gate.weights.view(5, 5, 144, 12, 12).mean(dim=(1, 2))  # over heads and over those that ask
        np.testing.assert_allclose(seen.maps[name], received.numpy(), rtol=1e-4)
    assert seen.features.shape == (5, 160)
    expected = gradcam(
        lambda pictures: model(pictures).gather(1, labels[:, None])[:, 0], model.activation_module("block4"), x
    ).relu()
    assert float(expected.max()) > 0
    np.testing.assert_allclose(
        seen.maps["gradcam.true"], expected.numpy(), rtol=1e-3, atol=1e-5 * float(expected.max())
    )
    np.testing.assert_allclose(seen.logits, logits.numpy(), rtol=1e-4, atol=1e-5)


def test_a_model_without_a_last_layer_is_refused() -> None:
    with pytest.raises(CheckpointError, match="7 outputs"):
        last_layer(torch.nn.Conv2d(1, 7, 1), 7)

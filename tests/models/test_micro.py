from __future__ import annotations

import pytest
import torch

from engine.errors import UnknownNameError
from engine.models.registry import build_model, count_parameters, input_spec
from engine.models.taps import edit_attention, record_attention
from engine.records import InputSpec

SPEC = input_spec("micro")


def _net(**config: object) -> torch.nn.Module:
    torch.manual_seed(2)
    return build_model("micro", classes=6, spec=SPEC, config=config).eval()


def test_parameters() -> None:
    plain = (9 * 3 + 1) * 8 + (8 + 1) * 16 + (16 + 1) * 32 + (9 * 32 + 1) * 64 + (16_384 + 1) * 512 + (512 + 1) * 6
    assert count_parameters(_net(attention=False)) == plain == 8_411_606
    channel, spatial = 16 * 2 + 2 + 2 * 16 + 16, 2 * 9 + 2  # both layers of the MLP; convolution and BatchNorm
    assert count_parameters(_net()) == plain + channel + spatial == 8_411_708


def test_input() -> None:
    assert (SPEC.size, SPEC.channels) == (256, 3)
    assert SPEC.mean == (0.485, 0.456, 0.406)


def test_the_gates_stand_on_the_64_grid() -> None:
    with torch.no_grad(), record_attention() as gates:
        assert _net()(torch.randn(1, 3, 256, 256)).shape == (1, 6)
    assert [(gate.layer, tuple(gate.weights.shape)) for gate in gates] == [
        ("block2.channel", (1, 16)),
        ("block2.spatial", (1, 64, 64)),
    ]


@pytest.mark.parametrize("layer", ["block2.channel", "block2.spatial"])
def test_each_gate_changes_the_output_and_gets_gradient(layer: str) -> None:
    model = build_model("micro", classes=6, spec=InputSpec(32, 3, SPEC.mean, SPEC.std), config={"reduction": 1}).eval()
    x = torch.randn(2, 3, 32, 32)
    logits = model(x)
    with edit_attention({layer: torch.ones_like}):
        assert not torch.allclose(model(x), logits, atol=1e-5)
    logits.square().sum().backward()
    kind = layer.split(".")[1]
    part = getattr(model.block2.attention, kind)
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in part.parameters())


def test_every_layer_can_be_explained() -> None:
    model, seen = _net(), {}
    for layer in model.explained_layers:
        model.activation_module(layer).register_forward_hook(
            lambda _, __, out, layer=layer: seen.update({layer: tuple(out.shape[1:])})
        )
    with torch.no_grad():
        model(torch.randn(1, 3, 256, 256))
    assert seen == {
        "block1": (8, 256, 256),
        "block2": (16, 64, 64),
        "block3": (32, 64, 64),
        "block4": (64, 32, 32),
    }
    with pytest.raises(UnknownNameError, match="layer"):
        model.activation_module("block5")

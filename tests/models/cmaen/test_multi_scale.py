from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from engine.models.cmaen.attention import MultiScaleAttention, ScaleGate
from engine.models.taps import edit_attention, record_attention


def identity_gate(scale: int) -> ScaleGate:
    """One channel, hidden width one: the gate is sigmoid(relu(pooled))."""
    gate = ScaleGate(1, scale, 1, "g")
    with torch.no_grad():
        for module in gate.mlp:
            if isinstance(module, nn.Conv2d):
                module.weight.fill_(1.0)
                assert module.bias is not None
                module.bias.zero_()
    return gate


def test_the_gates_by_hand() -> None:
    x = torch.tensor([[[[1.0, 1.0], [3.0, -5.0]]]])
    one = identity_gate(1)(x)  # the mean is 0: sigmoid(0) = 1/2
    torch.testing.assert_close(one, torch.tensor([[[[0.5]]]]))
    two = identity_gate(2)(x)  # each cell its own: sigmoid(1), sigmoid(1), sigmoid(3), sigmoid(0)
    torch.testing.assert_close(two, torch.sigmoid(x.relu()))


def test_the_attention_is_the_mean_of_its_scales_products() -> None:
    torch.manual_seed(0)
    attention = MultiScaleAttention(8, "a")
    x = torch.randn(2, 8, 7, 7)
    torch.testing.assert_close(attention(x), sum(x * gate(x) for gate in attention.gates) / 3)


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_an_odd_grid_loses_no_row(scale: int) -> None:
    torch.manual_seed(1)
    gate = ScaleGate(8, scale, 1, "g")
    x = torch.rand(1, 8, 7, 7)
    with record_attention() as before:
        gate(x)
    for row in range(7):
        changed = x.clone()
        changed[:, :, row] += 5.0
        with record_attention() as after:
            gate(changed)
        assert not torch.allclose(before[0].weights, after[0].weights, atol=1e-6), row


def test_a_grid_smaller_than_the_scale_is_served() -> None:
    assert ScaleGate(4, 4, 2, "g")(torch.randn(1, 4, 2, 2)).shape == (1, 4, 2, 2)


def test_taps() -> None:
    attention = MultiScaleAttention(8, "ecnn")
    with record_attention() as gates:
        attention(torch.randn(3, 8, 7, 7))
    assert [(gate.layer, gate.kind, tuple(gate.weights.shape)) for gate in gates] == [
        ("ecnn.scale1.channel", "channel", (3, 8)),
        ("ecnn.scale2.channel", "channel", (3, 8)),
        ("ecnn.scale2.spatial", "spatial", (3, 2, 2)),
        ("ecnn.scale4.channel", "channel", (3, 8)),
        ("ecnn.scale4.spatial", "spatial", (3, 4, 4)),
    ]
    assert all(float(gate.weights.min()) > 0 and float(gate.weights.max()) < 1 for gate in gates)


def unchanged(weights: Tensor) -> Tensor:
    return weights


def more(weights: Tensor) -> Tensor:
    return weights + 0.25


def test_an_edit_takes_effect_and_none_changes_nothing() -> None:
    torch.manual_seed(2)
    gate = ScaleGate(4, 2, 1, "g")
    x = torch.rand(1, 4, 6, 6)
    plain = gate(x)
    with edit_attention({"g.channel": unchanged, "g.spatial": unchanged}):
        assert torch.equal(gate(x), plain)
    for name in ("g.channel", "g.spatial"):
        with edit_attention({name: more}):
            torch.testing.assert_close(gate(x), plain + 0.25)


def test_every_weight_gets_gradient() -> None:
    torch.manual_seed(3)
    attention = MultiScaleAttention(64, "a")
    attention(torch.randn(4, 64, 5, 5)).square().sum().backward()
    assert all(p.grad is not None and float(p.grad.abs().sum()) > 0 for p in attention.parameters())

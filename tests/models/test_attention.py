from __future__ import annotations

import math

import pytest
import torch

from engine.models.attention import CBAM, ChannelGate, SpatialGate
from engine.models.taps import edit_attention, record_attention


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


@torch.no_grad()
def hand_channel_gate() -> ChannelGate:
    """Two channels, one hidden unit: hidden = ReLU(a - 2b + 1), logits = (hidden, -hidden + .5)."""
    gate = ChannelGate(2, 2, "g")
    gate.mlp[0].weight.copy_(torch.tensor([[1.0, -2.0]]))
    gate.mlp[0].bias.fill_(1.0)
    gate.mlp[2].weight.copy_(torch.tensor([[1.0], [-1.0]]))
    gate.mlp[2].bias.copy_(torch.tensor([0.0, 0.5]))
    return gate


def test_channel_gate_by_hand() -> None:
    x = torch.tensor([[[[1.0, 3.0], [5.0, 7.0]], [[0.0, 0.0], [2.0, 2.0]]]])
    with record_attention() as gates:
        out = hand_channel_gate()(x)
    # Averages (4, 1): hidden 4 - 2 + 1 = 3; maxima (7, 2): hidden 7 - 4 + 1 = 4; the MLP runs once for each pool.
    expected = torch.tensor([sigmoid(3.0 + 4.0), sigmoid(-3.0 + 0.5 - 4.0 + 0.5)])
    torch.testing.assert_close(gates[0].weights[0], expected)
    torch.testing.assert_close(out, x * expected.view(1, 2, 1, 1))


@pytest.mark.parametrize("side", [1, 3, 6, 7, 12])
def test_channel_gate_takes_the_maximum_of_the_whole_map(side: int) -> None:
    torch.manual_seed(side)
    gate, x = ChannelGate(4, 2, "g"), torch.randn(2, 4, side, side)
    expected = torch.sigmoid(gate.mlp(x.mean(dim=(2, 3))) + gate.mlp(x.flatten(2).max(dim=2).values))
    with record_attention() as gates:
        gate(x)
    torch.testing.assert_close(gates[0].weights, expected)


def test_spatial_gate_by_hand() -> None:
    gate = SpatialGate(3, "g").eval()
    with torch.no_grad():
        gate.conv.weight.zero_()
        gate.conv.weight[0, 0, 1, 1] = 2.0  # the maximum over channels, here
        gate.conv.weight[0, 1, 1, 0] = -1.0  # the mean over channels, one to the left
        gate.norm.running_mean.fill_(0.5)
        gate.norm.running_var.fill_(4.0 - gate.norm.eps)
        gate.norm.weight.fill_(3.0)
        gate.norm.bias.fill_(0.25)
    x = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]], [[3.0, 0.0], [-1.0, 0.0]]]])
    # max = [[3, 2], [3, 4]], mean = [[2, 1], [1, 2]]; left of the first column lies padding, 0.
    convolved = [[6.0, 4.0 - 2.0], [6.0, 8.0 - 1.0]]
    expected = torch.tensor([[sigmoid((v - 0.5) / 2.0 * 3.0 + 0.25) for v in row] for row in convolved])
    with record_attention() as gates:
        out = gate(x)
    torch.testing.assert_close(gates[0].weights[0], expected)
    torch.testing.assert_close(out, x * expected)


def test_spatial_gate_has_no_bias_and_an_odd_kernel() -> None:
    assert SpatialGate(7, "g").conv.bias is None
    with pytest.raises(ValueError, match="odd"):
        SpatialGate(4, "g")


def test_cbam_is_channel_then_spatial_on_the_gated_features() -> None:
    torch.manual_seed(1)
    module, x = CBAM(4, 2, 3, "b").eval(), torch.randn(2, 4, 5, 5)
    with record_attention() as gates:
        out = module(x)
    assert [gate.layer for gate in gates] == ["b.channel", "b.spatial"]
    after_channel = x * gates[0].weights[:, :, None, None]
    pooled = torch.stack([after_channel.amax(1), after_channel.mean(1)], 1)
    spatial = torch.sigmoid(module.spatial.norm(module.spatial.conv(pooled)))
    torch.testing.assert_close(gates[1].weights, spatial[:, 0])
    torch.testing.assert_close(out, after_channel * spatial)
    # In parallel the spatial gate would see the ungated features, and would not notice the channel gate's edit.
    with edit_attention({"b.channel": torch.ones_like}), record_attention() as parallel:
        module(x)
    assert not torch.allclose(parallel[1].weights, gates[1].weights)


def test_gates_lie_between_0_and_1_and_vary() -> None:
    torch.manual_seed(2)
    with record_attention() as gates:
        CBAM(16, 4, 7, "b")(torch.randn(3, 16, 9, 9))
    for gate in gates:
        assert float(gate.weights.min()) > 0
        assert float(gate.weights.max()) < 1
        assert float(gate.weights.std()) > 0

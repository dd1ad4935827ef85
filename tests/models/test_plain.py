from __future__ import annotations

import pytest
import torch

from engine.errors import UnknownNameError
from engine.models.architecture import DEFAULT_INPUT
from engine.models.plain import FourBlockNet
from engine.models.registry import build_model
from engine.models.taps import edit_attention, record_attention, taps_of

SPATIAL = [f"block{i}.spatial" for i in (1, 2, 3, 4)]
CBAM = [f"block{i}.{kind}" for i in (1, 2, 3, 4) for kind in ("channel", "spatial")]
GATES = {"baseline": [], "spatial": SPATIAL, "cbam": CBAM}
EACH_GATE = [(name, gate) for name, gates in GATES.items() for gate in gates]


def net(name: str, **config: int) -> torch.nn.Module:
    torch.manual_seed(3)
    return build_model(name, classes=7, spec=DEFAULT_INPUT, config=config)


def count(name: str) -> int:
    return sum(p.numel() for p in net(name).parameters())


def test_parameters() -> None:
    # Convolutions with bias and BatchNorm: 64(9+1) + 128(64*9+1) + 256(128*9+1) + 512(256*9+1) + 2(64+128+256+512);
    # 4608 x 512 + 512 hidden; 512 x 7 + 7 out.
    blocks = 64 * 10 + 128 * 577 + 256 * 1153 + 512 * 2305 + 2 * 960
    assert count("baseline") == blocks + 4608 * 512 + 512 + 512 * 7 + 7 == 3_915_143
    spatial_gates = 4 * (2 * 49 + 2)
    channel_gates = sum(2 * c * (c // 16) + c // 16 + c for c in (64, 128, 256, 512))
    assert count("spatial") == 3_915_143 + spatial_gates
    assert count("cbam") == 3_915_143 + spatial_gates + channel_gates


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("name", GATES)
def test_every_block_has_its_gates_on_the_grid_before_its_pooling(name: str) -> None:
    with torch.no_grad(), record_attention() as gates:
        logits = net(name)(torch.randn(2, 1, 48, 48))
    assert logits.shape == (2, 7)
    assert [gate.layer for gate in gates] == GATES[name]
    assert [tuple(g.weights.shape) for g in gates if g.kind == "spatial"] == (
        [] if name == "baseline" else [(2, s, s) for s in (48, 24, 12, 6)]
    )
    assert [tuple(g.weights.shape) for g in gates if g.kind == "channel"] == (
        [(2, c) for c in (4, 8, 16, 32)] if name == "cbam" else []
    )


@pytest.mark.parametrize(("name", "layer"), EACH_GATE)
def test_each_gate_changes_the_output_and_gets_gradient(name: str, layer: str, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("narrow")
    # Narrow gates would have one hidden unit, which a ReLU may shut.
    model = net(name, **({"reduction": 1} if name == "cbam" else {})).eval()
    x = torch.randn(2, 1, 48, 48)
    logits = model(x)
    with edit_attention({layer: torch.ones_like}):
        open_gate = model(x)
    assert not torch.allclose(logits, open_gate, atol=1e-6)
    with edit_attention({layer: lambda weights: weights}):
        assert torch.equal(model(x), logits)

    model.train()
    model(x).square().sum().backward()
    block, kind = layer.split(".")
    attention = getattr(model, block).attention
    gate = attention if name == "spatial" else getattr(attention, kind)
    own = dict(gate.named_parameters())
    assert own
    for parameter, value in own.items():
        assert value.grad is not None, parameter
        assert float(value.grad.abs().sum()) > 0, parameter


@pytest.mark.usefixtures("narrow")
def test_the_taps_are_the_gates() -> None:
    assert [tap.layer for tap in taps_of(net("cbam"))] == CBAM


@pytest.mark.usefixtures("narrow")
def test_the_activation_is_the_map_after_attention_and_before_pooling() -> None:
    model = net("cbam").eval()
    kept = []
    handle = model.activation_module("block2").register_forward_hook(lambda _m, _i, out: kept.append(out))
    x = torch.randn(1, 1, 48, 48)
    model(x)
    handle.remove()
    block = model.block2
    expected = block.attention(block.relu(block.norm(block.conv(model.block1(x)))))
    assert expected.shape == (1, 8, 24, 24)
    torch.testing.assert_close(kept[0], expected)


@pytest.mark.usefixtures("narrow")
def test_wrong_choices_name_the_valid_ones() -> None:
    with pytest.raises(UnknownNameError, match="Unknown layer 'head'; valid: block1, block2, block3, block4"):
        net("cbam").activation_module("head")
    with pytest.raises(UnknownNameError, match="Unknown attention 'self'; valid: none, spatial, cbam"):
        FourBlockNet("self")
    with pytest.raises(ValueError, match="multiple of 16"):
        FourBlockNet(size=50)


@pytest.mark.usefixtures("narrow")
def test_larger_and_coloured_pictures() -> None:
    model = FourBlockNet("spatial", classes=3, size=64, channels=3)
    with record_attention() as gates:
        assert model(torch.randn(2, 3, 64, 64)).shape == (2, 3)
    assert [gate.weights.shape[-1] for gate in gates] == [64, 32, 16, 8]


@pytest.mark.parametrize("name", GATES)
def test_the_hidden_layer_starts_with_small_features_and_even_answers(name: str) -> None:
    model = net(name)
    seen: list[torch.Tensor] = []
    model.get_submodule("hidden").register_forward_hook(lambda _, given, __: seen.append(given[0]))
    with torch.no_grad():
        logits = model(torch.randn(32, 1, 48, 48))  # in training mode: BatchNorm uses the batch's own statistics
    features = seen[0]
    # A step of rate r moves a hidden unit by about r x (squared norm of its features): at a gain of 1 this is 6,000.
    assert 100 < float(features.square().sum(dim=1).mean()) < 400
    assert float(logits.abs().max()) < 0.5


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("name", GATES)
def test_normalised_hidden_units_stay_alive_wherever_their_inputs_push_them(name: str) -> None:
    plain, normed = net(name), net(name, hidden_norm=True)
    assert sum(p.numel() for p in normed.parameters()) == sum(p.numel() for p in plain.parameters())
    x = torch.randn(64, 1, 48, 48)
    before_output: list[torch.Tensor] = []
    for model in (plain, normed):
        with torch.no_grad():
            model.get_submodule("hidden").get_parameter("bias").fill_(-100.0)
            model.get_submodule("output").register_forward_pre_hook(lambda _, given: before_output.append(given[0]))
            model.get_submodule("dropout").eval()
            model(x)
    dead, alive = before_output
    assert float(dead.abs().max()) == 0
    active = (alive > 0).float().mean(dim=0)
    assert float(active.min()) > 0.1
    assert float(active.max()) < 0.9

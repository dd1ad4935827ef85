from __future__ import annotations

import pytest
import torch

from engine.errors import CheckpointError, UnknownNameError
from engine.models.architecture import DEFAULT_INPUT
from engine.models.registry import build_model, count_parameters
from engine.models.taps import record_attention
from engine.records import InputSpec


def _net(**config: float) -> torch.nn.Module:
    torch.manual_seed(2)
    return build_model("activation", classes=7, spec=DEFAULT_INPUT, config=config).eval()


def test_parameters() -> None:
    blocks = 64 * 10 + 128 * 577 + 256 * 1153 + 2 * (64 + 128 + 256)
    dense = 256 * 36 * 512 + 512 + 512 * 256 + 256 + 256 * 7 + 7
    assert count_parameters(_net()) == blocks + dense == 5_222_791


def test_it_answers_without_gates_and_every_layer_has_its_full_grid() -> None:
    model = _net()
    seen = {}
    for layer in model.explained_layers:
        model.activation_module(layer).register_forward_hook(
            lambda _, __, out, layer=layer: seen.update({layer: tuple(out.shape)})
        )
    with torch.no_grad(), record_attention() as gates:
        assert model(torch.randn(2, 1, 48, 48)).shape == (2, 7)
    assert gates == []
    assert seen == {"block1": (2, 64, 48, 48), "block2": (2, 128, 24, 24), "block3": (2, 256, 12, 12)}
    with pytest.raises(UnknownNameError, match="layer"):
        model.activation_module("block4")


def test_every_part_gets_gradient() -> None:
    model = _net().train()
    model(torch.randn(8, 1, 48, 48)).square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        # A bias in front of a normalisation is taken out again by it.
        if parameter.ndim > 1 or "norm" in name or name == "output.bias":
            assert parameter.grad.abs().sum() > 0, name


def test_hidden_units_stay_alive_wherever_their_inputs_push_them() -> None:
    model = _net(dropout=0.0).train()
    seen: list[torch.Tensor] = []
    model.get_submodule("output").register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    with torch.no_grad():
        for layer in ("hidden1", "hidden2"):
            model.get_submodule(layer).get_parameter("bias").fill_(-100.0)
        model(torch.randn(64, 1, 48, 48))
    active = (seen[0] > 0).float().mean(dim=0)
    assert float(active.min()) > 0.1
    assert float(active.max()) < 0.9


def test_dropout_is_there_only_in_training() -> None:
    model, x = _net(dropout=0.9), torch.randn(4, 1, 48, 48)
    with torch.no_grad():
        assert torch.equal(model(x), model(x))
        model.train()
        for module in model.modules():
            if isinstance(module, (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)):
                module.eval()
        assert not torch.equal(model(x), model(x))


def test_an_odd_size_is_refused() -> None:
    with pytest.raises(CheckpointError, match="multiple of 8"):
        build_model("activation", classes=7, spec=InputSpec(50, 1, (0.5,), (0.25,)))

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import nn

from engine.errors import CheckpointError, UnknownNameError
from engine.models.architecture import DEFAULT_INPUT, IMAGENET_INPUT
from engine.models.registry import ARCHITECTURES, build_model, count_parameters, input_spec, parameters_by_module
from engine.models.taps import taps_of
from engine.records import InputSpec

pytestmark = pytest.mark.usefixtures("narrow")


def test_the_promised_names_are_there() -> None:
    assert {"baseline", "spatial", "cbam"} <= set(ARCHITECTURES)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_what_is_said_of_a_network_is_true_of_it(name: str) -> None:
    known = ARCHITECTURES[name]
    spec = InputSpec(64, known.input.channels, known.input.mean, known.input.std)
    build = partial(build_model, classes=5, spec=spec)
    model = build(name).eval()
    x = torch.randn(1, spec.channels, 64, 64)
    assert model(x).shape == (1, 5)
    assert all(isinstance(model.activation_module(layer), nn.Module) for layer in model.explained_layers)
    assert bool(taps_of(model)) == (known.attention != "none")
    for part in known.parts.values():
        fewer = build(part.plainer or name, config=dict.fromkeys(part.off, False))
        assert fewer.eval()(x).shape == (1, 5)
        assert count_parameters(fewer) < count_parameters(model)
    assert all(hasattr(model.parts(x), answer) for answer in known.answers)
    other = torch.randn(1, spec.channels, 96, 96)
    if known.any_size:
        assert model(other).shape == (1, 5)
    else:
        with pytest.raises(RuntimeError):
            model(other)


def test_an_unknown_name_lists_the_valid_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown architecture 'vgg'; valid: .*baseline.*cbam"):
        build_model("vgg", classes=7, spec=DEFAULT_INPUT)


def test_config_reaches_the_architecture() -> None:
    model = build_model("cbam", classes=5, spec=DEFAULT_INPUT, config={"reduction": 2, "kernel": 3})
    assert model.block4.attention.channel.mlp[0].out_features == 16
    assert model.block1.attention.spatial.conv.kernel_size == (3, 3)
    assert model.output.out_features == 5


@pytest.mark.parametrize("config", [{"heads": 3}, {"kernel": 4}, {"reduction": 0}, {"dropout": 2.0}, {"kernel": "x"}])
def test_a_config_that_cannot_be_is_one_sentence(config: dict[str, object]) -> None:
    with pytest.raises(CheckpointError, match="config of 'cbam'"):
        build_model("cbam", classes=7, spec=DEFAULT_INPUT, config=config)


def test_count_parameters_counts_what_is_trained() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    assert count_parameters(model) == 8 + 4
    model[0].bias.requires_grad_(False)
    assert count_parameters(model) == 10


def test_inputs() -> None:
    assert input_spec("cbam") == DEFAULT_INPUT
    assert input_spec("cbam", size=64) == InputSpec(64, 1, (0.5,), (0.25,))
    assert input_spec("baseline", channels=3) == InputSpec(48, 3, (0.5,) * 3, (0.25,) * 3)
    assert input_spec("cmaen") == IMAGENET_INPUT
    assert input_spec("cmaen", size=64, channels=1) == InputSpec(64, 1, (0.449,), (0.226,))


def test_parameters_by_module_add_up() -> None:
    model = build_model("cbam", classes=7, spec=DEFAULT_INPUT)
    counts = parameters_by_module(model)
    assert list(counts) == ["block1", "block2", "block3", "block4", "hidden", "output"]
    assert sum(counts.values()) == count_parameters(model)

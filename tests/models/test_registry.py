from __future__ import annotations

import pytest
from torch import nn

from engine.errors import CheckpointError, UnknownNameError
from engine.models.registry import ARCHITECTURES, DEFAULT_INPUT, build_model, count_parameters

pytestmark = pytest.mark.usefixtures("narrow")


def test_the_promised_names_are_there() -> None:
    assert {"baseline", "spatial", "cbam"} <= set(ARCHITECTURES)


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

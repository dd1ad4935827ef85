from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.explain.methods.cams import layer_gradients
from tests.explain.flat import FlatHead
from tests.explain.made import hooks_on

X = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])


def test_by_hand_also_where_every_weight_is_frozen() -> None:
    model = FlatHead().requires_grad_(False)
    features, gradients = layer_gradients(lambda x, *_: model(x)[:, 0], model.features, X)
    assert features.tolist() == [[[[1.0, 2.0], [3.0, 4.0]], [[-1.0, -2.0], [-3.0, -4.0]]]]
    assert gradients.flatten().tolist() == model.output.weight.flatten().tolist()
    assert hooks_on(model) == []


def test_what_follows_in_place_does_not_change_the_features() -> None:
    model = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.ReLU(inplace=True))
    nn.init.constant_(model[0].weight, -1.0)  # type: ignore[arg-type]
    features, gradients = layer_gradients(lambda x, *_: model(x).sum(dim=(1, 2, 3)), model[0], X)
    assert features.flatten().tolist() == [-1.0, -2.0, -3.0, -4.0]
    assert float(gradients.abs().max()) == 0.0  # the ReLU is shut


def test_an_error_leaves_no_hook() -> None:
    model = FlatHead()
    with pytest.raises(RuntimeError):
        layer_gradients(lambda x, *_: model(x.flatten()), model.features, X)
    assert hooks_on(model) == []

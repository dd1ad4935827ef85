from __future__ import annotations

import math

import torch
from torch import nn

from engine.models.cmaen.net import AdaptiveEnsemble, FusionClassifier


def test_every_input_counts() -> None:
    torch.manual_seed(0)
    fusion = FusionClassifier(9, 3, hidden=(8, 4), dropout=0.5).eval()
    pooled = [torch.randn(2, 4), torch.randn(2, 3), torch.randn(2, 2)]
    before = fusion(pooled)
    assert before.shape == (2, 3)
    for index in range(3):
        other = list(pooled)
        other[index] = pooled[index] + 1.0
        assert not torch.allclose(fusion(other), before)


def test_layers_are_as_described() -> None:
    kinds = [type(layer) for layer in FusionClassifier(9, 3, hidden=(8, 4), dropout=0.5).layers]
    assert kinds == [*([nn.Linear, nn.LayerNorm, nn.ReLU, nn.Dropout] * 2), nn.Linear]


def test_the_ensemble_starts_even_and_is_a_softmax() -> None:
    ensemble = AdaptiveEnsemble()
    assert ensemble.weights().tolist() == [0.5, 0.5]
    with torch.no_grad():
        ensemble.balance.copy_(torch.tensor([math.log(3.0), 0.0]))
    torch.testing.assert_close(ensemble.weights(), torch.tensor([0.75, 0.25]))

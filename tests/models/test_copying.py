"""A network is copied in whole, whatever it keeps."""

from __future__ import annotations

import threading

import pytest
import torch
from torch import Tensor, nn

from engine.errors import NetworkError
from engine.models.copying import copied
from engine.models.export import ExportedGraph
from engine.records import InputSpec
from tests.made_adopted import live


class Computed(nn.Module):
    """Keeps tensors that are results of computations with gradients, one of them in a list."""

    def __init__(self) -> None:
        super().__init__()
        self.raw = nn.Parameter(torch.tensor([1.0, 2.0]))
        self.scale = self.raw * 2
        self.seen: list[Tensor] = [self.raw * 3]

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale


def test_computed_tensors_are_copied_without_their_history() -> None:
    net = Computed()
    with pytest.raises(RuntimeError, match="deepcopy"):
        __import__("copy").deepcopy(net)
    twin = copied(net)
    x = torch.ones(1, 2)
    torch.testing.assert_close(twin(x), net(x))
    assert not twin.scale.requires_grad
    assert net.scale.requires_grad  # left as it was
    assert twin.seen[0] is not net.seen[0]
    assert twin.raw is not net.raw


def test_old_weight_norm_is_copied() -> None:
    with pytest.warns(FutureWarning):
        net = nn.utils.weight_norm(nn.Linear(3, 2))
    net(torch.ones(1, 3))
    torch.testing.assert_close(copied(net)(torch.ones(1, 3)), net(torch.ones(1, 3)))


def test_a_live_network_that_kept_its_features_is_exported() -> None:
    network = live("squeeze and excite")
    network.net(torch.randn(1, 1, 32, 48))  # which it keeps, with their gradients
    spec = InputSpec(size=32, columns=48, channels=1, mean=(0.5,), std=(0.25,), fit="stretch")
    assert any(kept.requires_grad for kept in network.net.kept)
    assert len(ExportedGraph(network, spec)(torch.rand(1, 1, 32, 48))) == 2


def test_what_cannot_be_copied_is_said() -> None:
    net = nn.Linear(1, 1)
    net.lock = threading.Lock()
    with pytest.raises(NetworkError, match="cannot be copied, as this needs: cannot pickle"):
        copied(net)

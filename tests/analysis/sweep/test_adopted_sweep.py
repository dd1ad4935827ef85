"""The sweep over an adopted network: features before its last linear layer, gates by their cells, Grad-CAM."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.analysis.sweep.block import observe
from engine.models.adopted.network import AdoptedModel
from engine.models.checkpoint import load_checkpoint
from tests.made_adopted import CLASSES, live, write_adopted


def seen(model: AdoptedModel) -> tuple[torch.Tensor, dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]]:
    x = torch.randn(3, 1, 32, 48, generator=torch.Generator().manual_seed(0))
    found = observe(model, x, torch.tensor([0, 1, 2]), CLASSES, model.explained_layers[-1])
    with torch.no_grad():
        np.testing.assert_allclose(found.logits, model(x).numpy(), atol=1e-5)
    head = dict(model.named_parameters())
    weight, bias = (
        next(value for key, value in head.items() if key.endswith(end)) for end in ("head.weight", "head.bias")
    )
    np.testing.assert_allclose(
        found.features @ weight.detach().numpy().T + bias.detach().numpy(), found.logits, atol=1e-4
    )  # the features are what the last layer takes
    return x, found.maps


@pytest.mark.parametrize("stored", [True, False])
def test_gates_and_maps_of_an_adopted_network(stored: bool, tmp_path: Path) -> None:
    network: AdoptedModel = live()
    if stored:
        write_adopted(tmp_path / "mine")
        network = load_checkpoint(tmp_path / "mine").model  # type: ignore[assignment]
    _, maps = seen(network)
    assert maps["gates.0.channel"].shape == (3, 8)
    assert maps["gates.1.spatial"].shape == (3, 16, 24)
    assert sum(map_.shape == (3, 16, 24) for map_ in maps.values()) == 3  # two Grad-CAMs beside it


def test_what_cells_receive_leaves_the_class_token_out() -> None:
    _, maps = seen(live("class and register tokens"))
    (received,) = [map_ for name, map_ in maps.items() if name.endswith(".received")]
    assert received.ndim == 3
    assert 0.0 < float(received.sum(axis=(1, 2)).max()) < 1.0


def test_a_gate_over_branches_is_what_passes_of_each() -> None:
    """Selective kernels: two branches, whose shares of each of the 8 channels sum to 1."""
    _, maps = seen(live("selective kernels"))
    first, second = (map_ for name, map_ in maps.items() if ".branch" in name)
    assert first.shape == second.shape == (3, 8)
    np.testing.assert_allclose(first + second, 1.0, atol=1e-6)

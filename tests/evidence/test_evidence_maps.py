from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.evidence.maps import compute_maps, refused_methods
from engine.explain.methods.registry import METHODS, QUICK_METHODS
from engine.labels import EMOTIONS
from engine.models.locking import model_lock
from engine.models.plain import FourBlockNet
from tests.evidence.made_readers import SPEC, MarkReader


def test_every_layer_and_gate_of_a_real_net(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.models.plain.WIDTHS", (4, 4, 8, 8))
    torch.manual_seed(0)
    model = FourBlockNet("cbam").train()
    images = np.random.default_rng(0).integers(0, 256, (3, 48, 48), np.uint8)
    found = compute_maps(model, images, classes=EMOTIONS, spec=SPEC)
    assert [(source.kind, source.layer, source.grid[0]) for source in found.maps] == [
        ("method", "block1", 48), ("method", "block2", 24), ("method", "block3", 12), ("method", "block4", 6),
        ("gate", "block1.spatial", 48), ("gate", "block2.spatial", 24),
        ("gate", "block3.spatial", 12), ("gate", "block4.spatial", 6),
    ]  # fmt: skip
    assert all(heat.shape == (3, *source.grid) for source, heat in found.maps.items())
    assert found.not_scored == tuple(f"block{n}.channel" for n in (1, 2, 3, 4))
    assert model.training  # its mode is restored
    assert not any(module._forward_hooks for module in model.modules())
    # A picture's maps are its own: alone it gets the same.
    single = compute_maps(model, images[1:2], classes=EMOTIONS, spec=SPEC)
    assert single.answers[0] == found.answers[1]
    for source, heat in single.maps.items():
        np.testing.assert_allclose(heat[0], found.maps[source][1], rtol=1e-3, atol=1e-6)


def test_the_lock_is_held_while_the_model_runs() -> None:
    held: list[bool] = []

    class Watched(MarkReader):
        def forward(self, x: Tensor) -> Tensor:
            held.append(model_lock(self)._is_owned())  # type: ignore[attr-defined]
            return super().forward(x)

    compute_maps(Watched(), np.zeros((1, 48, 48), np.uint8), classes=EMOTIONS, spec=SPEC)
    assert held
    assert all(held)


def test_a_real_net_takes_every_quick_method(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.models.plain.WIDTHS", (4, 4, 8, 8))
    torch.manual_seed(0)
    images = np.random.default_rng(0).integers(0, 256, (2, 48, 48), np.uint8)
    found = compute_maps(FourBlockNet("cbam"), images, classes=EMOTIONS, spec=SPEC, methods=QUICK_METHODS)
    taken = [name for name in QUICK_METHODS if METHODS[name].grid != "attending"]  # its cells attend to no others
    assert set(found.refused) == set(QUICK_METHODS) - set(taken)
    layers = {name: [source.layer for source in found.maps if source.name == name] for name in taken}
    blocks = ["block1", "block2", "block3", "block4"]
    assert layers == {name: blocks if METHODS[name].needs_layer else [""] for name in taken}


def test_without_methods_there_are_answers_and_gates_alone() -> None:
    images = np.zeros((2, 48, 48), np.uint8)
    found = compute_maps(MarkReader(), images, classes=EMOTIONS, spec=SPEC, methods=())
    assert [source.kind for source in found.maps] == ["gate"]
    assert found.answers.shape == (2,)


def test_what_is_known_to_be_refused_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.zeros((2, 48, 48), np.uint8)
    names = ("gradcam", "guided_gradcam")
    refused = refused_methods(MarkReader(), images, spec=SPEC, methods=names)
    assert list(refused) == ["guided_gradcam"]

    def fails(*_: object) -> dict[str, str]:
        raise AssertionError("the model was asked again")

    monkeypatch.setattr("engine.evidence.maps.refusals", fails)
    found = compute_maps(MarkReader(), images, classes=EMOTIONS, spec=SPEC, methods=names, refused=refused)
    assert {source.name for source in found.maps} == {"gradcam", "spatial"}
    assert found.refused == refused

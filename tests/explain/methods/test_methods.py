"""What holds for every method, on models whose truth is known."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engine.data.transforms import normalise, to_tensor
from engine.draw.overlay import resize_map
from engine.errors import UnknownNameError, UsageError
from engine.explain.explainer import explain_face
from engine.explain.methods.method import GRIDS, Method, Setup
from engine.explain.methods.registry import METHODS, QUICK_METHODS, check_methods, method_names, refusals
from engine.explain.target import ResolvedTarget, Target
from engine.labels import EMOTIONS
from engine.models.architecture import DEFAULT_INPUT
from engine.models.locking import holding, model_lock
from engine.models.registry import build_model
from engine.predict.bundle import raw_arrays, write_bundle
from engine.records import FaceExplanation
from tests.explain.known import BLOCK, CLASSES, SPEC, ReluBlock, noise, unchanged

EVERY = tuple(METHODS)
GENERAL = tuple(name for name in METHODS if name != "rollout")
"""Those that any model can take; attention rollout needs self-attention and has tests of its own."""
SIGNED = {"hirescam", "integrated_gradients", "guided_gradcam", "deeplift", "occlusion"}


@pytest.fixture
def cbam(narrow: None) -> nn.Module:
    torch.manual_seed(6)
    model = build_model("cbam", classes=7, spec=DEFAULT_INPUT)
    with torch.no_grad():
        model(torch.randn(16, 1, 48, 48))
        model.get_parameter("output.weight").normal_()
    return model


def bright() -> np.ndarray:
    """Return a noisy face whose block is brighter than mid grey."""
    face = noise(1)[0]
    face[BLOCK] = 140 + face[BLOCK] // 4
    return face


def explain(model: nn.Module, method: str | tuple[str, ...], target: str = "angry", **how: object) -> FaceExplanation:
    return explain_face(
        model, bright(), model_name="block", classes=CLASSES, spec=SPEC, layer="features", target=Target(target),
        method=method, **how,  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.parametrize("name", GENERAL)
def test_a_model_that_reads_one_block_gives_every_method_its_block(name: str) -> None:
    (item,) = explain(ReluBlock(), name).maps
    assert (item.method, item.layer) == (name, "features" if METHODS[name].needs_layer else "")
    assert item.heatmap.shape == {"layer": (16, 16), "pixels": (16, 16), "cells": (8, 8)}[METHODS[name].grid]
    shown = resize_map(item.heatmap, 16, smooth=False)
    inside = np.zeros((16, 16), np.bool_)
    inside[BLOCK] = True
    assert item.has_positive_evidence
    assert float(np.abs(shown[~inside]).max()) < 1e-6
    assert float(shown[inside].mean()) > 0.0


@pytest.mark.parametrize("name", GENERAL)
def test_what_speaks_against_a_class_keeps_its_sign(name: str) -> None:
    (item,) = explain(ReluBlock(), name, "sad").maps
    assert item.signed == (name in SIGNED)
    if name in SIGNED - {"guided_gradcam"}:
        assert item.raw_minimum < 0.0
        assert float(item.heatmap.min()) == pytest.approx(item.raw_minimum)
    assert float(np.maximum(item.heatmap, 0.0).sum()) < 1e-6 or name == "smoothgrad"


@pytest.mark.parametrize("name", GENERAL)
def test_a_model_that_reads_nothing_gives_zeros_and_says_so(name: str, tmp_path: Path) -> None:
    found = explain(ReluBlock(gain=0.0), name)
    (item,) = found.maps
    assert float(np.abs(item.heatmap).max()) == 0.0
    assert not item.has_positive_evidence
    assert not [file for file in write_bundle(found, tmp_path) if file.startswith(name)]


@pytest.mark.parametrize("name", GENERAL)
def test_a_picture_in_a_batch_gets_the_map_that_it_gets_alone(name: str, cbam: nn.Module) -> None:
    cbam.eval()
    x = normalise(to_tensor(noise(3, side=48)), DEFAULT_INPUT)
    target, setup = ResolvedTarget((3, 5, 0), (0, 1, 6), "x"), Setup(DEFAULT_INPUT, steps=5, samples=3)
    layer = cbam.activation_module("block3")  # type: ignore[operator]
    together = METHODS[name].compute(target.of_model(cbam), layer, x, setup)
    assert together.dtype == torch.float32
    assert not together.requires_grad
    assert float(together.abs().max()) > 0.0
    for picture in range(3):
        alone = METHODS[name].compute(target.of(picture).of_model(cbam), layer, x[picture : picture + 1], setup)
        size = float(alone.abs().max())
        torch.testing.assert_close(together[picture], alone[0], rtol=1e-3, atol=1e-4 * size)


def test_the_model_and_the_random_numbers_are_as_before(cbam: nn.Module) -> None:
    cbam.get_parameter("block1.conv.weight").requires_grad_(False)
    cbam.block2.eval()
    how = {"model_name": "m", "classes": EMOTIONS, "spec": DEFAULT_INPUT, "layer": "block4", "method": GENERAL}
    with unchanged(cbam):
        found = explain_face(cbam, noise(1, side=48)[0], **how)  # type: ignore[arg-type]
    again = explain_face(cbam, noise(1, side=48)[0], **how)  # type: ignore[arg-type]
    assert [item.method for item in found.maps] == list(GENERAL)
    assert len(found.gates) == 8
    for one, two in zip(found.maps, again.maps, strict=True):
        assert np.array_equal(one.heatmap, two.heatmap)
    assert {"map/deeplift", "map/gradcam/block4"} <= set(raw_arrays(found))


class Failing(ReluBlock):
    """Fails from its N-th forward pass on, N being how many it is told to bear."""

    bears = 0

    def forward(self, x: Tensor) -> Tensor:
        self.bears -= 1
        out = super().forward(x)
        if self.bears < 0:
            raise KeyboardInterrupt
        return out


@pytest.mark.parametrize("name", GENERAL)
def test_interrupted_it_leaves_the_model(name: str) -> None:
    model = Failing()
    target = ResolvedTarget((0,), None, "angry")
    x = to_tensor(noise(1))
    with unchanged(model), pytest.raises(KeyboardInterrupt), holding(model):
        METHODS[name].compute(target.of_model(model), model.features, x, Setup(SPEC))
    assert model_lock(model).acquire(blocking=False)


def test_answers_in_another_thread_stay_the_same(cbam: nn.Module) -> None:
    cbam.eval()
    x = normalise(to_tensor(noise(2, side=48)), DEFAULT_INPUT)
    with torch.no_grad():
        expected = cbam(x)
    working, failures = threading.Event(), list[Exception]()

    def work() -> None:
        try:
            for name in GENERAL:
                explain_face(
                    cbam, noise(1, side=48)[0], model_name="m", classes=EMOTIONS, spec=DEFAULT_INPUT, layer="block2",
                    method=name, setup=Setup(DEFAULT_INPUT, steps=5, samples=3),
                )  # fmt: skip
        except Exception as error:  # noqa: BLE001 - whatever it is, the test's own thread tells it
            failures.append(error)
        working.set()

    worker = threading.Thread(target=work)
    worker.start()
    answered = 0
    while not working.is_set() or answered < 20:
        with holding(cbam), torch.no_grad():
            torch.testing.assert_close(cbam(x), expected, rtol=0, atol=0)
        answered += 1
    worker.join()
    assert not failures


def test_seeds_and_baselines_count() -> None:
    def made(name: str, **how: object) -> np.ndarray:
        curved = ReluBlock()
        curved.features[1] = nn.Softplus()
        return explain(curved, name, setup=Setup(SPEC, **how)).maps[0].heatmap  # type: ignore[arg-type]

    assert np.array_equal(made("smoothgrad", seed=1), made("smoothgrad", seed=1))
    assert not np.array_equal(made("smoothgrad", seed=1), made("smoothgrad", seed=2))
    for name in ("integrated_gradients", "deeplift", "occlusion", "scorecam"):
        black, grey = made(name, baseline=0.0), made(name)
        assert not np.allclose(black, grey), name


def test_a_method_that_a_model_cannot_take_says_why() -> None:
    model = ReluBlock()
    model.features[1] = nn.Identity()
    with (
        unchanged(model),
        pytest.raises(UsageError, match=r"Guided Grad-CAM cannot explain 'block': .* has none; choo"),
    ):
        explain(model, ("gradcam", "guided_gradcam"))
    assert set(refusals(model.eval(), torch.rand(2, 1, 16, 16), EVERY)) == {"guided_gradcam", "rollout"}


def test_names() -> None:
    assert method_names("gradcam, deeplift,gradcam") == ("gradcam", "deeplift")
    assert method_names("all") == EVERY
    with pytest.raises(UnknownNameError, match="Unknown method 'lrp'; valid: gradcam, layercam"):
        method_names("gradcam,lrp")
    with pytest.raises(UsageError, match="one method or more, got none"):
        check_methods(())
    assert set(EVERY) - set(QUICK_METHODS) == {"occlusion", "smoothgrad", "scorecam"}
    assert EVERY[: len(QUICK_METHODS)] == QUICK_METHODS


@pytest.mark.parametrize("method", METHODS.values(), ids=EVERY)
def test_each_is_described(method: Method) -> None:
    assert METHODS[method.name] is method
    assert method.grid in GRIDS
    assert method.assumes.endswith(".")
    assert "20" in method.paper
    assert "forward" in method.passes


@pytest.mark.parametrize("name", GENERAL)
def test_as_many_pictures_pass_as_a_method_says(name: str, cbam: nn.Module) -> None:
    cbam.eval()
    x, passed = normalise(to_tensor(noise(1, side=48)), DEFAULT_INPUT), []
    layer = cbam.activation_module("block4")  # type: ignore[operator]
    target = ResolvedTarget((3,), (0,), "x").of_model(cbam)
    with cbam.register_forward_pre_hook(lambda _module, given: passed.append(len(given[0]))):
        METHODS[name].compute(target, layer, x, Setup(DEFAULT_INPUT))
    channels = 32  # of the narrow net's last block
    assert sum(passed) == (channels if METHODS[name].a_channel else METHODS[name].forwards)

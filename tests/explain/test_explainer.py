from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
from torch import nn

from engine.data.transforms import normalise, to_tensor
from engine.errors import UnknownNameError
from engine.explain.explainer import explain_face, explain_targets, layer_activation, to_prediction
from engine.explain.methods.cams import gradcam
from engine.explain.methods.registry import METHODS, refusals
from engine.explain.target import Target
from engine.labels import EMOTIONS
from engine.models.architecture import DEFAULT_INPUT
from engine.models.locking import holding
from engine.models.registry import build_model
from engine.models.taps import record_attention
from engine.records import FaceBox, FaceExplanation, InputSpec
from tests.explain.made import CLASSES, TwoLayers, hooks_on
from tests.made import draw

PLAIN = InputSpec(size=16, channels=1, mean=(0.0,), std=(1.0,))
FACE = np.arange(256, dtype=np.uint8).reshape(16, 16)


@pytest.fixture
def cbam(narrow: None) -> nn.Module:
    """A narrow, untrained net, left in training mode so that it can be seen whether its mode is restored."""
    torch.manual_seed(6)
    model = build_model("cbam", classes=7, spec=DEFAULT_INPUT)
    with torch.no_grad():
        model(torch.randn(16, 1, 48, 48))
        model.get_parameter("output.weight").normal_()
    return model


def faces(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [draw(index % 7, rng) for index in range(count)]


def explain(model: nn.Module, face: np.ndarray, **how: object) -> FaceExplanation:
    given = {"model_name": "m", "classes": EMOTIONS, "spec": DEFAULT_INPUT, "layer": "block4", **how}
    return explain_face(model, face, **given)  # type: ignore[arg-type]


def by_hand(target: Target | None = None) -> FaceExplanation:
    return explain_face(
        TwoLayers(), FACE, model_name="two", classes=CLASSES, spec=PLAIN, layer="features", target=target
    )


def test_prediction_by_hand() -> None:
    found = to_prediction(np.log(np.array([1, 6, 3], dtype=np.float32)) + np.float32(100), CLASSES, 0.5)
    np.testing.assert_allclose(found.probabilities, [0.1, 0.6, 0.3], atol=1e-5)
    assert (found.label, found.seconds) == ("happy", 0.5)
    assert found.confidence == pytest.approx(0.6, abs=1e-5)


def test_prediction_of_a_very_sure_model_stays_finite() -> None:
    found = to_prediction(np.array([1e4, -1e4], dtype=np.float32), ("a", "b"), 0.0)
    assert found.probabilities.tolist() == [1.0, 0.0]


def test_the_map_by_hand() -> None:
    x = FACE.astype(np.float32) / 255
    found = by_hand(Target("angry"))
    (item,) = found.maps
    # As in test_gradcam: mean gradients W / 256 times features (x, -2x): (3 - 2) x / 256 for angry.
    np.testing.assert_allclose(item.heatmap, x / 256, atol=1e-7)
    assert (item.method, item.layer, item.target, item.signed) == ("gradcam", "features", "angry", False)
    assert item.raw_minimum == 0.0
    assert item.raw_maximum == pytest.approx(1 / 256)
    assert item.has_positive_evidence
    # GAP(x) = .5: logits W (.5, -1).
    np.testing.assert_allclose(found.prediction.logits, [0.5, -2.5, 4.0], rtol=1e-5)
    assert found.prediction.label == "sad"
    assert found.gates == ()
    assert np.array_equal(found.face, FACE)


def test_a_map_without_positive_evidence_says_so_and_keeps_its_range() -> None:
    (item,) = by_hand(Target("happy")).maps  # (-1 - 4) x / 256
    assert not item.has_positive_evidence
    assert item.raw_minimum == pytest.approx(-5 / 256)
    assert item.raw_maximum == 0.0
    assert float(np.abs(item.heatmap).max()) == 0.0


def test_without_a_target_the_predicted_class_is_explained() -> None:
    (item,) = by_hand().maps
    assert item.target == "sad"
    np.testing.assert_allclose(item.heatmap, 8 * FACE.astype(np.float32) / 255 / 256, atol=1e-6)


def test_a_contrast_is_the_difference_of_the_two_maps(cbam: nn.Module) -> None:
    cbam.eval()
    (face,) = faces(1)
    x = normalise(to_tensor(face[None]), DEFAULT_INPUT)
    maps = [
        gradcam(lambda p, k=k: cbam(p)[:, k], cbam.activation_module("block3"), x)[0].numpy()  # type: ignore[operator]
        for k in (3, 5)
    ]
    (item,) = explain(cbam, face, layer="block3", target=Target("happy", "sad")).maps
    assert item.target == "happy − sad"
    np.testing.assert_allclose(item.heatmap, np.maximum(maps[0] - maps[1], 0), rtol=1e-4, atol=1e-6)
    assert item.raw_minimum == pytest.approx(float((maps[0] - maps[1]).min()), rel=1e-3)


def test_one_pass_gives_what_separate_passes_give(cbam: nn.Module) -> None:
    cbam.eval()
    (face,) = faces(1)
    box = FaceBox(1, 2, 3, 4)
    found = explain(cbam, face, target=Target("fear"), box=box)
    with torch.no_grad(), record_attention() as gates:
        logits = cbam(normalise(to_tensor(face[None]), DEFAULT_INPUT))
    np.testing.assert_allclose(found.prediction.logits, logits[0].numpy(), rtol=1e-5)
    assert [gate.layer for gate in found.gates] == [gate.layer for gate in gates]
    for one, other in zip(found.gates, gates, strict=True):
        np.testing.assert_allclose(one.weights, other.weights[0].numpy(), rtol=1e-5)
    assert [gate.shape for gate in found.gates_of("spatial")] == [(48, 48), (24, 24), (12, 12), (6, 6)]
    assert found.maps[0].heatmap.shape == (6, 6)
    assert (found.model, found.box) == ("m", box)


def explain_several(model: nn.Module, face: np.ndarray, targets: list[Target], **how: object) -> list[FaceExplanation]:
    given = {"model_name": "m", "classes": EMOTIONS, "spec": DEFAULT_INPUT, "layer": "block4", **how}
    return list(explain_targets(model, face, targets=targets, **given))  # type: ignore[arg-type]


def test_several_targets_together_are_what_each_is_by_itself(cbam: nn.Module) -> None:
    cbam.eval()
    (face,) = faces(1)
    targets = [Target(), Target("happy"), Target("fear", "sad"), Target("true")]
    found = explain_several(cbam, face, targets, layer="block2", truth="sad", box=FaceBox(1, 2, 3, 4))
    for target, together in zip(targets, found, strict=True):
        alone = explain(cbam, face, layer="block2", target=target, truth="sad")
        (one,), (other,) = together.maps, alone.maps
        assert (one.target, one.method, one.layer) == (other.target, "gradcam", "block2")
        np.testing.assert_allclose(one.heatmap, other.heatmap, rtol=1e-4, atol=1e-6)
        assert one.raw_minimum == pytest.approx(other.raw_minimum, rel=1e-3)
        np.testing.assert_allclose(together.prediction.logits, alone.prediction.logits, rtol=1e-5)
        assert together.box == FaceBox(1, 2, 3, 4)
        for gate, same in zip(together.gates, alone.gates, strict=True):
            np.testing.assert_allclose(gate.weights, same.weights, rtol=1e-5)
    with pytest.raises(UnknownNameError):
        explain_several(cbam, face, [Target("bored")])
    assert hooks_on(cbam) == []


@pytest.fixture
def passes(cbam: nn.Module, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How many passes were made."""
    passes = {"forward": 0, "backward": 0}
    cbam.register_forward_hook(lambda *_: passes.update(forward=passes["forward"] + 1))
    for name in ("grad", "backward"):
        own = getattr(torch.autograd, name)

        def counted(*given: object, own=own, **how: object) -> object:
            passes["backward"] += 1
            return own(*given, **how)

        monkeypatch.setattr(torch.autograd, name, counted)
    return passes


def test_several_targets_take_one_pass_each_way(cbam: nn.Module, passes: dict[str, int]) -> None:
    explain_several(cbam, faces(1)[0], [Target(name) for name in EMOTIONS])
    assert passes == {"forward": 1, "backward": 1}


def test_it_is_exactly_one_forward_and_one_backward(cbam: nn.Module, passes: dict[str, int]) -> None:
    found = explain(cbam, faces(1)[0])
    assert passes == {"forward": 1, "backward": 1}
    assert len(found.gates) == 8


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({}, None),
        ({"layer": "head"}, "Unknown layer 'head'; valid: block1"),
        ({"target": Target("bored")}, "Unknown class 'bored'; valid: angry"),
        ({"target": Target("happy", "bored")}, "Unknown class 'bored'"),
        ({"method": "guessing"}, "Unknown method 'guessing'; valid: .*gradcam"),
    ],
)
def test_the_model_is_left_as_it_was(cbam: nn.Module, training: bool, how: dict[str, object], says: str | None) -> None:
    cbam.train(training)
    cbam.get_parameter("block1.conv.weight").requires_grad_(False)
    before = {key: value.clone() for key, value in cbam.state_dict().items()}
    wanted = [parameter.requires_grad for parameter in cbam.parameters()]
    if says is None:
        explain(cbam, faces(1)[0], **how)
    else:
        with pytest.raises(UnknownNameError, match=says):
            explain(cbam, faces(1)[0], **how)
    assert hooks_on(cbam) == []
    assert all(module.training is training for module in cbam.modules())
    assert [parameter.requires_grad for parameter in cbam.parameters()] == wanted
    assert all(parameter.grad is None for parameter in cbam.parameters())
    assert all(torch.equal(value, before[key]) for key, value in cbam.state_dict().items())
    with holding(cbam), torch.no_grad():  # nothing is still recorded, and the lock is free
        cbam(torch.zeros(1, 1, 48, 48))


def test_frozen_models_can_be_explained(cbam: nn.Module) -> None:
    expected = explain(cbam, faces(1)[0]).maps[0].heatmap
    cbam.requires_grad_(False)
    found = explain(cbam, faces(1)[0]).maps[0].heatmap
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_four_threads_explaining_and_predicting_get_what_one_gets(cbam: nn.Module) -> None:
    cbam.eval()
    pictures = faces(20)

    def predict(face: np.ndarray) -> np.ndarray:
        with holding(cbam), torch.no_grad():
            return cbam(normalise(to_tensor(face[None]), DEFAULT_INPUT))[0].numpy()

    def work(face: np.ndarray, index: int) -> list[np.ndarray]:
        found = explain(cbam, face, layer=f"block{index % 4 + 1}", target=Target(EMOTIONS[index % 7]))
        return [
            *(gate.weights for gate in found.gates),
            found.maps[0].heatmap,
            found.prediction.logits,
            predict(face),
        ]

    expected = [work(face, index) for index, face in enumerate(pictures)]
    together = threading.Barrier(4)
    wrong: list[str] = []

    def thread(number: int) -> None:
        together.wait()
        for step in range(20):
            index = (step + 5 * number) % 20
            try:
                results = work(pictures[index], index)
            except Exception as error:  # noqa: BLE001
                wrong.append(f"thread {number}: {error!r}")
                continue
            if not all(np.array_equal(a, b) for a, b in zip(results, expected[index], strict=True)):
                wrong.append(f"thread {number} picture {index}")

    threads = [threading.Thread(target=thread, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert wrong == []
    assert hooks_on(cbam) == []


def test_the_activation_of_a_layer(cbam: nn.Module) -> None:
    (face,) = faces(1)
    found = layer_activation(cbam, face, spec=DEFAULT_INPUT, layer="block2")
    assert found.shape == (8, 24, 24)
    assert hooks_on(cbam) == []
    assert cbam.training
    cbam.eval()
    x = normalise(to_tensor(face[None]), DEFAULT_INPUT)
    with torch.no_grad():
        h = cbam.block1(x)  # type: ignore[operator]
        block = cbam.block2
        expected = block.attention(block.relu(block.norm(block.conv(h))))  # type: ignore[operator, union-attr]
    np.testing.assert_allclose(found, expected[0].numpy(), rtol=1e-5, atol=1e-6)
    with pytest.raises(UnknownNameError, match="Unknown layer 'head'"):
        layer_activation(cbam, face, spec=DEFAULT_INPUT, layer="head")


def test_a_vit_gives_its_attention_and_takes_most_methods() -> None:
    torch.manual_seed(6)
    config = {"width": 16, "depth": 2, "heads": 2, "expansion": 2}
    model = build_model("vit", classes=3, spec=PLAIN, config=config).eval()
    with torch.no_grad():
        model.output.weight.normal_()
    reasons = refusals(model, torch.rand(1, 1, 16, 16), tuple(METHODS))
    assert list(reasons) == ["guided_gradcam", "deeplift"]
    assert "made for ReLUs, and this model has gelu" in reasons["guided_gradcam"]
    assert "no rule for what this model computes with (layer_norm" in reasons["deeplift"]
    taken = tuple(name for name in METHODS if name not in reasons)
    face = np.random.default_rng(0).integers(0, 256, (16, 16), dtype=np.uint8)
    found = explain(model, face, layer="block2", classes=CLASSES, spec=PLAIN, method=taken)
    assert [(gate.layer, gate.kind, gate.shape) for gate in found.gates] == [
        ("block1.attention", "cross", (32, 16)),
        ("block2.attention", "cross", (32, 16)),
    ]
    grids = {"layer": (4, 4), "attending": (4, 4), "cells": (8, 8), "pixels": (16, 16)}
    for item in found.maps:
        assert item.heatmap.shape == grids[METHODS[item.method].grid]
        assert item.raw_maximum > item.raw_minimum
    assert layer_activation(model, face, spec=PLAIN, layer="block1").shape == (16, 4, 4)

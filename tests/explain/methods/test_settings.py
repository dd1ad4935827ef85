"""Settings: bounds with one clear sentence, words, what they cost, and that they reach the method."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from engine.errors import UnknownNameError, UsageError
from engine.explain.explainer import explain_face
from engine.explain.methods.method import Setup
from engine.explain.methods.registry import METHODS, read_settings
from engine.explain.methods.settings import read
from engine.labels import EMOTIONS
from engine.models.architecture import DEFAULT_INPUT
from engine.models.registry import build_model
from engine.records import Explanation


@pytest.fixture
def cbam(narrow: None) -> nn.Module:
    torch.manual_seed(0)
    return build_model("cbam", classes=7, spec=DEFAULT_INPUT)


def test_each_method_says_its_settings_with_their_usual_values() -> None:
    assert {name: [one.name for one in method.settings] for name, method in METHODS.items() if method.settings} == {
        "integrated_gradients": ["steps", "baseline"],
        "deeplift": ["baseline"],
        "occlusion": ["cells", "baseline"],
        "smoothgrad": ["samples", "noise"],
        "scorecam": ["baseline"],
    }
    usual = Setup(DEFAULT_INPUT)
    for method in METHODS.values():
        assert method.values({}, DEFAULT_INPUT) == method.values_in(usual)
        assert method.unusual(method.values_in(usual)) == ""


def test_what_costs_says_its_price_in_passes() -> None:
    assert METHODS["integrated_gradients"].price((("steps", 200.0), ("baseline", 0.1))) == (200, 200)
    assert METHODS["occlusion"].price((("cells", 12.0),)) == (145, 0)
    assert METHODS["smoothgrad"].price((("samples", 7.0), ("noise", 0.1))) == (7, 7)
    assert METHODS["deeplift"].price((("baseline", 0.0),)) == METHODS["deeplift"].price() == (2, 2)
    assert METHODS["integrated_gradients"].passes_at((("steps", 200.0),)) == "200 forward, 200 backward"


@pytest.mark.parametrize(
    ("method", "name", "value", "words"),
    [
        ("integrated_gradients", "steps", 501, "steps of Integrated Gradients as a whole number from 2 to 500"),
        ("integrated_gradients", "steps", 2.5, "as a whole number from 2 to 500, got 2.5; choose another."),
        ("occlusion", "cells", 33, "Expected cells of Occlusion as a whole number from 2 to 32, got 33"),
        ("smoothgrad", "noise", float("nan"), "Expected noise of SmoothGrad as a number from 0.01 to 0.5, got nan"),
        ("deeplift", "baseline", -0.1, "Expected baseline of DeepLIFT as a number from 0 to 1, got -0.1"),
        ("gradcam", "steps", 5, "Grad-CAM has no setting 'steps'; it has: none."),
        ("occlusion", "steps", 5, "Occlusion has no setting 'steps'; it has: cells, baseline."),
    ],
)  # fmt: skip
def test_what_is_out_of_bounds_is_one_sentence(method: str, name: str, value: float, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        METHODS[method].values({name: value}, DEFAULT_INPUT)
    assert words in str(caught.value)


def test_a_small_picture_has_fewer_cells() -> None:
    small = DEFAULT_INPUT.__class__(16, 1, DEFAULT_INPUT.mean, DEFAULT_INPUT.std)
    with pytest.raises(UsageError, match="from 2 to 16, got 20"):
        METHODS["occlusion"].values({"cells": 20}, small)


def test_settings_are_read_from_words() -> None:
    assert read(" steps=100") == ("", "steps", 100.0)
    assert read("occlusion.baseline=.25") == ("occlusion", "baseline", 0.25)
    for text in ("steps", "steps=", "=5", "steps=many", "occlusion.=4"):
        with pytest.raises(UsageError, match="as NAME=VALUE"):
            read(text)
    found = read_settings(
        ["baseline=0", "occlusion.baseline=1", "steps=9"],
        ["gradcam", "integrated_gradients", "occlusion"],
        DEFAULT_INPUT,
    )
    assert found == {
        "gradcam": (),
        "integrated_gradients": (("steps", 9.0), ("baseline", 0.0)),
        "occlusion": (("cells", 8.0), ("baseline", 1.0)),
    }
    with pytest.raises(UsageError, match="takes 'samples=3'; settings of gradcam, occlusion: baseline"):
        read_settings(["samples=3"], ["gradcam", "occlusion"], DEFAULT_INPUT)
    with pytest.raises(UsageError, match=r"No method asked for takes 'smoothgrad\.samples=3'"):
        read_settings(["smoothgrad.samples=3"], ["occlusion"], DEFAULT_INPUT)
    with pytest.raises(UnknownNameError, match="sorcery"):
        read_settings(["sorcery.samples=3"], ["occlusion"], DEFAULT_INPUT)


def maps(model: nn.Module, **settings: dict[str, float]) -> tuple[Explanation, ...]:
    setups = {
        name: METHODS[name].setup(METHODS[name].values(asked, DEFAULT_INPUT), DEFAULT_INPUT)
        for name, asked in settings.items()
    }
    face = np.random.default_rng(3).integers(0, 255, (48, 48), dtype=np.uint8)
    return explain_face(
        model, face, model_name="m", classes=EMOTIONS, spec=DEFAULT_INPUT, layer="block4", method=list(settings),
        setup=setups,
    ).maps  # fmt: skip


def test_each_method_works_with_its_own_and_its_map_says_them(cbam: nn.Module) -> None:
    cbam.eval()
    first, second = maps(cbam, occlusion={"cells": 4, "baseline": 0.0}, integrated_gradients={"steps": 3})
    assert first.heatmap.shape == (4, 4)
    assert first.settings == (("cells", 4.0), ("baseline", 0.0))
    assert second.settings == (("steps", 3.0), ("baseline", 0.5))
    (white,) = maps(cbam, occlusion={"cells": 4, "baseline": 1.0})
    assert not np.allclose(white.heatmap, first.heatmap)


def test_the_passes_are_told_and_what_telling_raises_ends_the_work(cbam: nn.Module) -> None:
    cbam.eval()
    face = np.zeros((48, 48), dtype=np.uint8)
    how = {"model_name": "m", "classes": EMOTIONS, "spec": DEFAULT_INPUT, "layer": "block4"}
    told: list[tuple[int, int]] = []
    setup = Setup(DEFAULT_INPUT, samples=3)
    explain_face(cbam, face, method="smoothgrad", setup=setup, progress=lambda *at: told.append(at), **how)  # type: ignore[arg-type]
    assert [done for done, _ in told] == [0, 1, 2, 3]  # the answer, then each sample
    assert {wanted for _, wanted in told} == {3}

    def stop(done: int, _wanted: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    hooks = sum(len(module._forward_hooks) for module in cbam.modules())
    with pytest.raises(KeyboardInterrupt):
        explain_face(cbam, face, method="smoothgrad", setup=setup, progress=stop, **how)  # type: ignore[arg-type]
    assert sum(len(module._forward_hooks) for module in cbam.modules()) == hooks

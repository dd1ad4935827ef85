from __future__ import annotations

import re

import pytest
import torch
from captum.attr import GuidedBackprop, GuidedGradCam
from torch import Tensor, nn

from engine.explain.methods.guided import guided_backpropagation, guided_gradcam, guided_refusal
from engine.explain.target import ResolvedTarget
from tests.explain.nets import Functions, Modules, pictures

TARGET = ResolvedTarget((1, 2), None, "x")


@pytest.mark.filterwarnings("ignore:Setting backward hooks")
def test_it_equals_captums_where_relus_are_modules() -> None:
    model, x = Modules(), pictures(2)
    expected = GuidedGradCam(model, model.two).attribute(x, target=torch.tensor([1, 2]), interpolate_mode="bilinear")
    found = guided_gradcam(TARGET.of_model(model), model.two, x)
    assert float(found.abs().max()) > 0.0
    torch.testing.assert_close(found, expected.sum(dim=1).detach(), rtol=1e-4, atol=1e-6)


@pytest.mark.filterwarnings("ignore:Setting backward hooks")
def test_relus_that_are_functions_are_guided_too() -> None:
    x = pictures(2)
    found = guided_backpropagation(TARGET.of_model(Functions()), x)
    torch.testing.assert_close(found, guided_backpropagation(TARGET.of_model(Modules()), x))
    unguided = GuidedBackprop(Functions()).attribute(x, target=torch.tensor([1, 2]))
    assert not torch.allclose(found, unguided, atol=1e-3)


class OtherActivation(Modules):
    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.silu(super().forward(x))


class Linear(Modules):
    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.output(self.hidden(self.two(self.one(x))[:, :, ::4, ::4].flatten(1)))
        return out


class Careless(Linear):
    def forward(self, x: Tensor) -> Tensor:
        x = self.one(x)
        x.relu_()
        out: Tensor = self.output(self.hidden(self.two(x)[:, :, ::4, ::4].flatten(1)))
        return out


@pytest.mark.parametrize(
    ("model", "says"),
    [(OtherActivation(), "made for ReLUs, and this model has silu"), (Linear(), "has none"), (Careless(), "in place")],
)
def test_what_it_cannot_take_is_said(model: nn.Module, says: str) -> None:
    reason = guided_refusal(model, pictures(1))
    assert reason is not None
    assert re.search(says, reason)


@pytest.mark.parametrize("model", [Modules(), Functions()])
def test_what_it_can_take(model: nn.Module) -> None:
    assert guided_refusal(model, pictures(1)) is None

from __future__ import annotations

import re

import pytest
import torch
from captum.attr import DeepLift
from torch import Tensor, nn

from engine.explain.methods.deeplift import deeplift, deeplift_refusal
from engine.explain.methods.method import Setup
from engine.explain.target import ResolvedTarget
from engine.models.architecture import DEFAULT_INPUT
from engine.models.registry import build_model
from tests.explain.known import SPEC, unchanged
from tests.explain.nets import Functions, Modules, pictures

TARGET = ResolvedTarget((1, 2), (0, 1), "x")


def average_pooled() -> Modules:
    model = Modules().eval()
    model.pool1, model.pool2 = nn.AvgPool2d(2), nn.AvgPool2d(2)
    return model


def test_it_equals_captums_where_that_has_rules() -> None:
    model, x = average_pooled(), pictures(2)
    setup = Setup(SPEC)
    expected = DeepLift(model).attribute(x, setup.blank(x), target=torch.tensor([1, 2])).sum(dim=1)
    found = deeplift(ResolvedTarget((1, 2), None, "x").of_model(model), x, setup)
    torch.testing.assert_close(found, expected.detach(), rtol=1e-3, atol=1e-5)


def test_functions_are_ruled_like_modules_and_captum_does_not() -> None:
    x, setup = pictures(2), Setup(SPEC)
    found = deeplift(TARGET.of_model(Functions()), x, setup)
    torch.testing.assert_close(found, deeplift(TARGET.of_model(Modules()), x, setup))
    with torch.no_grad():
        change = TARGET.of_model(Functions())(x) - TARGET.of_model(Functions())(setup.blank(x))
    torch.testing.assert_close(found.sum(dim=(1, 2)), change, rtol=1e-4, atol=1e-5)
    plain = DeepLift(Functions().eval()).attribute(x, setup.blank(x), target=1).sum(dim=1)
    ruled = DeepLift(Modules().eval()).attribute(x, setup.blank(x), target=1).sum(dim=1)
    assert not torch.allclose(plain, ruled, atol=1e-3)


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("name", ["baseline", "spatial", "cbam"])
def test_the_map_adds_up_with_gates_reused_and_functional_activations(name: str) -> None:
    torch.manual_seed(2)
    model = build_model(name, classes=7, spec=DEFAULT_INPUT).eval()
    nn.init.normal_(model.get_parameter("output.weight"))
    x, setup = torch.randn(2, 1, 48, 48), Setup(DEFAULT_INPUT, baseline=0.3)
    scalar_of = TARGET.of_model(model)
    with unchanged(model):
        assert deeplift_refusal(model, x[:1]) is None
        found = deeplift(scalar_of, x, setup)
    with torch.no_grad():
        expected = scalar_of(x) - scalar_of(setup.blank(x))
    torch.testing.assert_close(found.sum(dim=(1, 2)), expected, rtol=1e-3, atol=1e-4)


def test_a_product_of_two_features_by_hand() -> None:
    class Square(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return (x * (2.0 * x)).flatten(1)

    # f = 2 x²; from .5 to x the whole change 2 (x² - .25) belongs to the pixel.
    x = torch.tensor([[[[0.1, 0.9], [0.5, 0.0]]]])
    found = deeplift(lambda pictures, *_: Square()(pictures).sum(dim=1), x, Setup(SPEC))
    torch.testing.assert_close(found, 2.0 * (x[:, 0] ** 2 - 0.25))


class Softmaxed(Modules):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).softmax(dim=1)


class OwnStatistics(Modules):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(torch.nn.functional.batch_norm(x, None, None, training=True))


class Careless(Modules):
    def forward(self, x: Tensor) -> Tensor:
        x = self.one(x)
        x.relu_()
        out: Tensor = self.output(self.hidden(self.two(x)[:, :, ::4, ::4].flatten(1)))
        return out


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (Softmaxed(), "no rule for .*softmax"),
        (OwnStatistics(), "add up|no rule"),
        (Careless(), "an operation in place"),
    ],
)
def test_what_it_cannot_take_is_said(model: nn.Module, says: str) -> None:
    reason = deeplift_refusal(model, pictures(1))
    assert reason is not None
    assert re.search(says, reason)

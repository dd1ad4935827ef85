from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import timm
import torch
import torch.nn.functional as F
from captum.attr import DeepLift
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from engine.explain.methods.deeplift import deeplift, deeplift_refusal
from engine.explain.methods.method import Setup
from engine.explain.target import ResolvedTarget
from engine.models.adopted.freeze import freeze
from engine.models.adopted.network import adopt
from engine.models.architecture import DEFAULT_INPUT
from engine.models.registry import build_model
from engine.records import InputSpec
from tests.explain.known import SPEC, unchanged
from tests.explain.nets import Functions, Modules, pictures
from tests.lens.plain_cbam import Net
from tests.models.adopted.test_freeze import thawed

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


class HandMade(nn.Module):
    """CBAM as people also write it: ``amax``, an adaptive pool, a hard sigmoid, a maximum of two, one in place."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU6())
        self.mlp = nn.Sequential(nn.Linear(8, 4), nn.PReLU(), nn.Linear(4, 8))
        self.spatial = nn.Conv2d(2, 1, 7, padding=3)
        self.scale = nn.Parameter(torch.rand(8))
        self.output = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        both = self.mlp(x.mean(dim=(2, 3))) + self.mlp(F.adaptive_max_pool2d(x, 1).flatten(1))
        x = x * F.hardsigmoid(both)[:, :, None, None]
        x = torch.maximum(x, x.flip(3))
        gated = x + 0.0
        gated *= torch.sigmoid(self.spatial(torch.cat([x.amax(1, keepdim=True), x.mean(1, keepdim=True)], 1)))
        x = F.max_pool2d(gated * self.scale.view(1, -1, 1, 1), 2).clamp(min=0.05)
        answer: Tensor = self.output(F.adaptive_max_pool2d(x, 3, return_indices=True)[0].mean(dim=(2, 3)))
        return answer


def timm_cbam() -> nn.Module:
    return timm.create_model("resnet10t", block_args={"attn_layer": "cbam"}, num_classes=3, in_chans=1)


def stored(net: nn.Module, spec: InputSpec) -> nn.Module:
    """Return a network of others as it is stored: operations under their exported names."""
    return thawed(freeze(adopt(net, spec, ("a", "b", "c")), spec))


@pytest.mark.parametrize("make", [HandMade, timm_cbam, lambda: Net(3)], ids=["by hand", "timm", "plain"])
def test_the_map_of_anyones_cbam_adds_up_live_and_stored(make: Callable[[], nn.Module]) -> None:
    torch.manual_seed(1)
    net, head = make(), "fc" if make is timm_cbam else "output"
    with torch.no_grad():
        for _ in range(20):  # else the running statistics are of no picture, and the answers hardly differ
            net(torch.randn(8, 1, 48, 48))
        net.eval().get_submodule(head).get_parameter("weight").mul_(100.0)
    x, setup = torch.randn(2, 1, 48, 48), Setup(DEFAULT_INPUT, baseline=0.3)
    maps = []
    for model in (adopt(net, DEFAULT_INPUT, ("a", "b", "c")).eval(), stored(net, DEFAULT_INPUT)):
        scalar_of = TARGET.of_model(model)
        with unchanged(model):
            assert deeplift_refusal(model, x[:1]) is None
            maps.append(deeplift(scalar_of, x, setup))
        with torch.no_grad():
            change = scalar_of(x) - scalar_of(setup.blank(x))
        assert float(change.abs().min()) > 0.1
        torch.testing.assert_close(maps[-1].sum(dim=(1, 2)), change, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(maps[1], maps[0], rtol=1e-3, atol=1e-4)


def test_a_stored_network_equals_captums_on_the_network_itself() -> None:
    model, x = average_pooled(), pictures(2)
    setup, spec = Setup(SPEC), InputSpec(x.shape[2], x.shape[1], SPEC.mean, SPEC.std)
    expected = DeepLift(model).attribute(x, setup.blank(x), target=1).sum(dim=1)
    net = thawed(freeze(adopt(average_pooled(), spec, ("a", "b", "c")), spec))
    torch.testing.assert_close(
        deeplift(ResolvedTarget((1,), None, "x").of_model(net), x, setup), expected.detach(), rtol=1e-3, atol=1e-5
    )


class Largest(nn.Module):
    """One of the ways to write a maximum of nine numbers."""

    def __init__(self, take: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.take = take

    def forward(self, x: Tensor) -> Tensor:
        return self.take(x).flatten(1)


WAYS: dict[str, Callable[[Tensor], Tensor]] = {
    "amax": lambda x: x.amax((2, 3)),
    "exported amax": lambda x: torch.ops.aten.amax.default(x, [3, 2], True),
    "max by name": lambda x: x.flatten(2).max(dim=2, keepdim=True).values,
    "max by place": lambda x: torch.max(torch.max(x, 3)[0], -1)[0],
    "exported max": lambda x: torch.ops.aten.max.dim(x.flatten(2), 2)[0],
    "maximum": lambda x: torch.maximum(torch.max(x[..., 0], x[..., 1]), x[..., 2]).amax(2),
    "pool": lambda x: F.max_pool2d(x, 3),
    "pool with places": lambda x: F.max_pool2d(x, 3, return_indices=True)[0],
    "exported pool": lambda x: torch.ops.aten.max_pool2d.default(x, [3, 3]),
    "exported pool with places": lambda x: torch.ops.aten.max_pool2d_with_indices.default(x, [3, 3])[0],
    "adaptive pool": lambda x: F.adaptive_max_pool2d(x, 1),
    "adaptive pool's module": nn.AdaptiveMaxPool2d(1),
    "exported adaptive pool": lambda x: torch.ops.aten.adaptive_max_pool2d.default(x, [1, 1])[0],
    "pool of a row": lambda x: F.max_pool1d(x.flatten(2), 9),
    "adaptive pool of a row": lambda x: F.adaptive_max_pool1d(x.flatten(2), 1),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_maximum_by_hand_however_it_is_written(way: str) -> None:
    # The blank is .5 all over. Up to .9 the rise of .4 is the brightest cell's; where all is darker the largest cell of
    # the blank loses .5 - .4, and that is its first one.
    x = torch.full((2, 1, 3, 3), 0.1)
    x[0, 0, 1, 2], x[1, 0, 2, 0] = 0.9, 0.4
    model = Largest(WAYS[way])
    expected = torch.zeros(2, 3, 3)
    expected[0, 1, 2], expected[1, 0, 0] = 0.4, -0.1
    assert deeplift_refusal(model, x[:1]) is None
    found = deeplift(lambda pictures, *_: model(pictures).sum(dim=1), x, Setup(SPEC))
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    ("take", "says"),
    [
        (lambda x: x - x.max() + x.mean(dim=1, keepdim=True), "no rule .*max"),
        (lambda x: x.topk(2, dim=-1)[0], "no rule .*topk"),
        (lambda x: x.flatten(2).softmax(2), "no rule .*softmax"),
        (lambda x: F.scaled_dot_product_attention(x, x, x), r"\(scaled_dot_product_attention\)"),
        (lambda x: F.layer_norm(x, x.shape[-1:]), r"\(layer_norm\)"),
        (lambda x: checkpoint(torch.exp, x, use_reentrant=False), r"\(exp|cannot be followed"),
    ],
    ids=["over the batch", "topk", "softmax", "fused attention", "layer norm", "checkpointed"],
)
def test_what_has_no_rule_is_named(take: Callable[[Tensor], Tensor], says: str) -> None:
    reason = deeplift_refusal(Largest(take), torch.rand(1, 1, 3, 3))
    assert reason is not None
    assert re.search(says, reason)


def test_a_network_that_recomputes_is_refused_in_a_sentence() -> None:
    def gated(x: Tensor) -> Tensor:
        return x * x.mean(dim=(2, 3), keepdim=True).sigmoid()

    reason = deeplift_refusal(Largest(lambda x: checkpoint(gated, x, use_reentrant=False)), torch.rand(1, 1, 3, 3))
    assert reason is None or re.search("cannot be followed|add up", reason)


@pytest.mark.parametrize(
    "way",
    [
        lambda x, gate: torch.mul(input=x, other=gate),
        lambda x, gate: torch.mul(x, other=gate),
        lambda x, gate: torch.multiply(F.relu(input=x), gate),
    ],
)
def test_arguments_may_be_named(way: Callable[[Tensor, Tensor], Tensor]) -> None:
    net = Largest(lambda x: way(x, x.mean(dim=(2, 3), keepdim=True).sigmoid()))
    assert deeplift_refusal(net, torch.rand(1, 1, 3, 3)) is None

"""Layers are operations: their maps are those of the modules that answer with them, where there are such."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import timm
import torch
import torchvision.models as tv
from captum.attr import LayerGradCam
from torch import Tensor, nn

from engine.explain.methods.cams import all_layer_gradients, gradcam, hirescam, scorecam
from engine.explain.methods.method import Setup
from engine.models.adopted.network import AdoptedNetwork, adopt
from engine.records import InputSpec
from tests.models.adopted.made_nets import CLASSES, Kept, made

COLOUR = InputSpec(64, 3, (0.5,) * 3, (0.25,) * 3)
GREY = InputSpec(48, 1, (0.5,), (0.25,))


def scalar_of(net: nn.Module) -> Callable[[Tensor], Tensor]:
    return lambda pictures, _which=None: net(pictures)[:, 1]


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "resnet18": lambda: tv.resnet18(num_classes=3),
    "vgg11, whose ReLUs work in place": lambda: tv.vgg11(num_classes=3),
    "densenet": lambda: tv.densenet121(num_classes=3),
    "a ResNet with CBAM": lambda: timm.create_model(
        "resnet18", block_args={"attn_layer": "cbam"}, num_classes=3, zero_init_last=False
    ),
    "mobilenet v3": lambda: tv.mobilenet_v3_small(num_classes=3),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_grad_cam_at_an_operation_is_captums_at_the_module(name: str) -> None:
    torch.manual_seed(1)
    net = NETWORKS[name]().eval()
    adopted = adopt(net, COLOUR, CLASSES)
    x = torch.randn(2, 3, 64, 64)
    for layer in adopted.explained_layers:
        module = net.get_submodule(layer)
        if sum(one.name.partition("#")[0] == layer for one in adopted.findings.layers) > 1:
            continue  # Captum takes no module that answers several times
        wanted = LayerGradCam(scalar_of(net), module).attribute(x, relu_attributions=False)[:, 0]
        found = gradcam(scalar_of(adopted), adopted.activation_module(layer), x)
        scale = float(wanted.abs().max())
        torch.testing.assert_close(found, wanted, rtol=0, atol=1e-5 * max(scale, 1.0))
        assert scale > 0.0


def test_tokens_and_channels_last_are_laid_out_as_maps() -> None:
    torch.manual_seed(1)
    net = timm.create_model("vit_tiny_patch16_224", img_size=64, num_classes=3).eval()
    adopted = adopt(net, COLOUR, CLASSES)
    x = torch.randn(2, 3, 64, 64)
    found = gradcam(scalar_of(adopted), adopted.activation_module("blocks.5"), x)
    kept: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: object, output: Tensor) -> None:
        output.retain_grad()
        kept.append(output)

    handle = net.blocks[5].register_forward_hook(keep)
    net(x)[:, 1].sum().backward()
    handle.remove()
    values, slopes = (part[:, 1:].transpose(1, 2).unflatten(2, (4, 4)) for part in (kept[0].detach(), kept[0].grad))
    wanted = (slopes.mean((2, 3), keepdim=True) * values).sum(1)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-6)


def test_a_reused_module_answers_as_two_layers() -> None:
    torch.manual_seed(0)
    net = tv.resnet18(num_classes=3).eval()
    adopted = adopt(net, COLOUR, CLASSES)
    x = torch.randn(1, 3, 64, 64)
    first, second = (
        all_layer_gradients(scalar_of(adopted), (adopted.activation_module(name),), x)[0][0]
        for name in ("layer3.0.relu", "layer3.0.relu#2")
    )
    assert first.shape == second.shape
    assert not torch.allclose(first, second)
    assert float(second.min()) == 0.0


class AfterTheGate(Kept):
    """Gates in its own forward, so that no module answers with what the gate gives."""

    def __init__(self) -> None:
        super().__init__()
        self.map = nn.Conv2d(8, 1, 3, padding=1)

    def middle(self, x: Tensor) -> Tensor:
        return x * self.map(x).sigmoid()


def test_the_default_lies_behind_the_last_gate() -> None:
    torch.manual_seed(0)
    adopted = adopt(AfterTheGate(), GREY, CLASSES)
    assert adopted.explained_layers[-1] == "after spatial"
    net = adopted.net
    x = torch.randn(2, 1, 48, 48)
    found = hirescam(scalar_of(adopted), adopted.activation_module("after spatial"), x)
    assert isinstance(net, AfterTheGate)
    gated = net.middle(net.stem(x).relu())
    wanted = (gated * net.head.weight[1].view(1, -1, 1, 1)).sum(1) / (24 * 24)
    torch.testing.assert_close(found, wanted.detach(), rtol=1e-4, atol=1e-6)


def test_score_cam_and_several_layers_at_once() -> None:
    torch.manual_seed(0)
    adopted: AdoptedNetwork = adopt(made("hand-written CBAM"), GREY, CLASSES)
    x = torch.randn(2, 1, 48, 48)
    points = [adopted.activation_module(name) for name in ("gates.0", "gates")]
    (one, slope_one), (two, slope_two) = all_layer_gradients(scalar_of(adopted), points, x)
    assert one.shape == two.shape == slope_one.shape == slope_two.shape == (2, 8, 24, 24)
    assert not torch.allclose(one, two)
    assert scorecam(scalar_of(adopted), points[1], x, Setup(GREY)).shape == (2, 24, 24)

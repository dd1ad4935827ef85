"""Networks without gates: none is found in any of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import timm
import torch
import torchvision.models as tv
from torch import Tensor, nn

from engine.models.adopted.discover import discover
from tests.models.adopted.made_nets import CLASSES, Kept

SMALL = {"num_classes": 3}


class Activations(Kept):
    """Swish, QuickGELU, GELU and a gated linear unit, each written out."""

    def __init__(self) -> None:
        super().__init__()
        self.widen = nn.Conv2d(8, 16, 1)

    def middle(self, x: Tensor) -> Tensor:
        x = x * torch.sigmoid(x)
        x = x * torch.sigmoid(1.702 * x)
        x = 0.5 * x * (1 + torch.tanh(0.7978845608 * (x + 0.044715 * x**3)))
        one, two = self.widen(x).chunk(2, dim=1)
        return one * two.sigmoid()


class Scales(Kept):
    """A learnt scale in three forms, and a mask."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.randn(1, 8, 1, 1))

    def middle(self, x: Tensor) -> Tensor:
        x = x * self.scale
        x = x * self.scale.sigmoid()
        x = x * self.scale.flatten(1).softmax(1).view(1, 8, 1, 1).expand_as(x)
        return x * (x > 0) * (x.mean((2, 3), keepdim=True) > -1).float()


WITHOUT: dict[str, Callable[[], nn.Module]] = {
    "resnet18": lambda: tv.resnet18(**SMALL),
    "vgg11": lambda: tv.vgg11(**SMALL),
    "densenet121": lambda: tv.densenet121(**SMALL),
    "squeezenet": lambda: tv.squeezenet1_1(**SMALL),
    "mobilenet_v2": lambda: tv.mobilenet_v2(**SMALL),
    "shufflenet": lambda: tv.shufflenet_v2_x0_5(**SMALL),
    "convnext": lambda: timm.create_model("convnext_atto", **SMALL),
    "convnext v2": lambda: timm.create_model("convnextv2_atto", **SMALL),
    "gmlp": lambda: timm.create_model("gmlp_ti16_224", img_size=64, **SMALL),
    "mixer": lambda: timm.create_model("mixer_s32_224", img_size=64, **SMALL),
    "activations": Activations,
    "scales and a mask": Scales,
}


@pytest.mark.parametrize("name", WITHOUT)
def test_no_gate_is_found(name: str) -> None:
    torch.manual_seed(0)
    net = WITHOUT[name]().eval()
    channels = 1 if isinstance(net, Kept) else 3
    found = discover(net, torch.randn(2, channels, 64, 64), len(CLASSES)).findings
    assert found.gates == (), found.describe()
    if name == "convnext v2":  # its global response normalisation multiplies, but squashes nothing
        assert len(found.candidates) == 12
    if name == "activations":
        assert len(found.left_out) == 4
    if name == "scales and a mask":
        assert [one.reason for one in found.left_out] == ["a learnt scale: the picture does not decide it"] * 2

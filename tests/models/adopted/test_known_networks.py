"""Networks of timm and torchvision: as many gates as they have modules that gate, of the kinds that those are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
import timm
import torch
import torchvision.models as tv
from torch import nn

from engine.models.adopted.network import adopt
from engine.models.taps import record_attention
from engine.records import InputSpec
from tests.models.adopted.made_nets import CLASSES


def resnet(attention: str) -> Callable[[], nn.Module]:
    return lambda: timm.create_model("resnet18", block_args={"attn_layer": attention}, num_classes=3)


NETWORKS: dict[str, tuple[Callable[[], nn.Module], int, dict[str, int]]] = {
    "cbam": (resnet("cbam"), 64, {"channel": 8, "spatial": 8}),
    "light cbam": (resnet("lcbam"), 64, {"channel": 8, "spatial": 8}),
    "eca": (resnet("eca"), 64, {"channel": 8}),
    "se": (resnet("se"), 64, {"channel": 8}),
    "effective se": (resnet("ese"), 64, {"channel": 8}),
    "global context": (resnet("gc"), 64, {"channel": 8, "cross": 8}),
    "non-local": (resnet("nl"), 64, {"cross": 8}),
    "selective kernels": (lambda: timm.create_model("skresnet18", num_classes=3), 64, {"branch": 8}),
    "split attention": (lambda: timm.create_model("resnest14d", num_classes=3), 64, {"branch": 4}),
    "mobilenet v3": (lambda: tv.mobilenet_v3_small(num_classes=3), 64, {"channel": 9}),
    "efficientnet": (lambda: tv.efficientnet_b0(num_classes=3), 64, {"channel": 16}),
    "vit": (lambda: timm.create_model("vit_tiny_patch16_224", img_size=64, num_classes=3), 64, {"cross": 12}),
    "torchvision vit": (
        lambda: tv.VisionTransformer(64, 16, 4, 4, 32, 64, num_classes=3), 64, {"cross": 4},
    ),
    "swin": (
        lambda: timm.create_model("swin_tiny_patch4_window7_224", img_size=112, num_classes=3), 112, {"cross": 12},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_every_gate_is_found(name: str) -> None:
    torch.manual_seed(0)
    make, side, wanted = NETWORKS[name]
    adopted = adopt(make(), InputSpec(side, 3, (0.5,) * 3, (0.25,) * 3), CLASSES)
    assert Counter(gate.kind for gate in adopted.findings.gates) == wanted
    assert adopted.findings.candidates == ()
    x = torch.randn(2, 3, side, side)
    with torch.no_grad(), record_attention() as recorded:
        torch.testing.assert_close(adopted(x), adopted.net(x), rtol=0, atol=1e-5)
    for gate in recorded:
        if gate.kind == "cross":
            torch.testing.assert_close(gate.weights.sum(-1), torch.ones(gate.weights.shape[:-1]))
        elif gate.kind == "branch":
            torch.testing.assert_close(gate.weights.sum(1), torch.ones(2, gate.weights.shape[2]))


def test_shifted_windows_are_followed_at_every_stage() -> None:
    torch.manual_seed(0)
    net = timm.create_model("swin_tiny_patch4_window7_224", img_size=112, num_classes=3)
    gates = adopt(net, InputSpec(112, 3, (0.5,) * 3, (0.25,) * 3), CLASSES).findings.gates
    seen = [(gate.keys.grid, len(gate.keys.windows)) for gate in gates if gate.keys is not None]
    assert seen == [((28, 28), 16)] * 2 + [((14, 14), 4)] * 2 + [((7, 7), 1)] * 6 + [((4, 4), 1)] * 2


def test_the_layers_of_a_transformer_with_a_class_token_end_where_its_cells_still_count() -> None:
    torch.manual_seed(0)
    net = timm.create_model("vit_tiny_patch16_224", img_size=64, num_classes=3)
    offered = adopt(net, InputSpec(64, 3, (0.5,) * 3, (0.25,) * 3), CLASSES).findings.offered
    assert offered[-2:] == ("blocks.10", "blocks.11.norm1")


def test_the_layers_of_a_convolutional_net_are_the_last_of_each_grid() -> None:
    torch.manual_seed(0)
    findings = adopt(tv.resnet18(num_classes=3), InputSpec(64, 3, (0.5,) * 3, (0.25,) * 3), CLASSES).findings
    assert findings.offered == ("relu", "layer1", "layer2", "layer3", "layer4")
    assert findings.layer("layer4.1.relu#2").shape == (512, 2, 2)  # a reused module: its second answer
    assert findings.layer("layer4.1").name == "layer4"

"""A stored network is the live one without its code: same answers, gradients, gates, layers and edits."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import timm
import torch
import torchvision.models as tv
from torch import Tensor, nn

from engine.errors import NetworkError
from engine.explain.methods.cams import gradcam
from engine.models.adopted.findings_json import from_json
from engine.models.adopted.freeze import Frozen, freeze
from engine.models.adopted.graph import read_graph
from engine.models.adopted.network import AdoptedNetwork, adopt
from engine.models.adopted.stored import StoredNetwork, check_findings, check_sizes
from engine.models.locking import holding
from engine.models.taps import edit_attention, record_attention
from engine.records import InputSpec
from tests.models.adopted.made_nets import CLASSES, DESIGNS, Kept, MultiHead, made

WIDE = InputSpec(size=32, columns=48, channels=1, mean=(0.5,), std=(0.25,))
COLOUR = InputSpec(64, 3, (0.5,) * 3, (0.25,) * 3)


def thawed(frozen: Frozen) -> StoredNetwork:
    """Build the stored network from its text and tensors alone."""
    graph = read_graph(json.dumps(frozen.document).encode())
    check_sizes(graph)
    findings = from_json(graph.found, frozenset(node.name for node in graph.nodes))
    stored = StoredNetwork(graph, findings, frozen.tensors).eval()
    check_findings(stored)
    return stored


def compare(live: AdoptedNetwork, spec: InputSpec) -> StoredNetwork:
    stored = thawed(freeze(live, spec))
    x = torch.randn(3, spec.channels, spec.height, spec.width, generator=torch.Generator().manual_seed(7))
    given = [x.clone().requires_grad_() for _ in range(2)]
    with record_attention() as wanted:
        answer = live(given[0])
    with record_attention() as found:
        own = stored(given[1])
    torch.testing.assert_close(own, answer, rtol=1e-5, atol=1e-5)
    assert [(gate.layer, gate.kind, gate.keys) for gate in found] == [(g.layer, g.kind, g.keys) for g in wanted]
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one.weights, other.weights, rtol=1e-5, atol=1e-6)
    gradients = [
        torch.autograd.grad(out[:, 1].sum(), point)[0] for out, point in zip((answer, own), given, strict=True)
    ]
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-4, atol=1e-6)
    for gate in wanted:
        edits = {gate.layer: lambda weights: weights * 0.25}
        with torch.no_grad(), edit_attention(edits):
            torch.testing.assert_close(stored(x), live(x), rtol=1e-5, atol=1e-5)
    assert stored.explained_layers == live.explained_layers
    layer = live.explained_layers[-1]
    maps = [gradcam(lambda p, n=net: n(p)[:, 1], net.activation_module(layer), x) for net in (live, stored)]
    torch.testing.assert_close(maps[1], maps[0], rtol=1e-4, atol=1e-6)
    assert float(maps[0].abs().max()) > 0.0
    return stored


@pytest.mark.parametrize("design", DESIGNS)
def test_every_design_is_stored_with_its_gates(design: str) -> None:
    compare(adopt(made(design), WIDE, CLASSES), WIDE)


@pytest.mark.parametrize(("batch_first", "masked"), [(True, False), (False, False), (True, True)])
def test_multi_head_attention_is_stored_with_its_weights(batch_first: bool, masked: bool) -> None:
    torch.manual_seed(0)
    compare(adopt(MultiHead(batch_first, masked), WIDE, CLASSES), WIDE)


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "cbam": lambda: timm.create_model(
        "resnet18", block_args={"attn_layer": "cbam"}, num_classes=3, zero_init_last=False
    ),
    "vit": lambda: timm.create_model("vit_tiny_patch16_224", img_size=64, num_classes=3, depth=3),
    "torchvision vit": lambda: tv.VisionTransformer(64, 16, 3, 4, 32, 64, num_classes=3),
    "mobilenet v3": lambda: tv.mobilenet_v3_small(num_classes=3),
    "swin": lambda: tv.SwinTransformer([4, 4], 24, [2, 2], [2, 4], [4, 4], num_classes=3),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_known_networks_are_stored(name: str) -> None:
    torch.manual_seed(0)
    net = NETWORKS[name]()
    if name == "torchvision vit":
        nn.init.normal_(net.heads.head.weight)
    stored = compare(adopt(net, COLOUR, CLASSES), COLOUR)
    trained = {name.removeprefix("weights.") for name, _ in stored.named_parameters()}
    assert trained == {name for name, _ in net.named_parameters()}


def test_what_is_stored_holds_float32_whatever_the_network_does() -> None:
    torch.manual_seed(0)
    live = adopt(made("squeeze and excite").to(torch.float64), WIDE, CLASSES)
    frozen = freeze(live, WIDE)
    assert {str(value.dtype) for value in frozen.tensors.values()} == {"torch.float32"}
    x = torch.randn(2, 1, 32, 48)
    torch.testing.assert_close(thawed(frozen)(x), live(x), rtol=1e-5, atol=1e-5)


def test_numbers_too_large_for_half_precision_stay() -> None:
    net = made("squeeze and excite")
    with torch.no_grad():
        net.head.bias.fill_(1e5)
    frozen = freeze(adopt(net, WIDE, CLASSES), WIDE)
    assert float(frozen.tensors["head.bias"].max()) == 1e5


class Undecided(Kept):
    def middle(self, x: Tensor) -> Tensor:
        return x * 2 if float(x.sum()) > 0 else x


class Drawing(Kept):
    def middle(self, x: Tensor) -> Tensor:
        return x + torch.randn_like(x)


def test_what_cannot_be_stored_is_said() -> None:
    torch.manual_seed(0)
    with pytest.raises(NetworkError, match=r"PyTorch cannot export this network \("):
        freeze(adopt(Undecided(), WIDE, CLASSES), WIDE)
    with pytest.raises(NetworkError, match=r"randn_like.*is not on the list"):
        freeze(adopt(Drawing(), WIDE, CLASSES), WIDE)


def test_a_softmax_at_the_end_is_stored_as_one() -> None:
    class Sure(Kept):
        def middle(self, x: Tensor) -> Tensor:
            return x

        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x).softmax(1)

    torch.manual_seed(0)
    live = adopt(Sure(), WIDE, CLASSES)
    stored = thawed(freeze(live, WIDE))
    x = torch.randn(2, 1, 32, 48)
    torch.testing.assert_close(stored(x).softmax(1), live.net(x))


def test_the_weights_come_in_the_order_of_their_use_live_and_stored() -> None:
    live = adopt(made("hand-written CBAM"), WIDE, CLASSES)
    stored = thawed(freeze(live, WIDE))
    modules = ("stem", "gates.0.mlp.1", "gates.0.mlp.3", "gates.1.conv", "head")
    names = tuple(f"{module}.{kind}" for module in modules for kind in ("weight", "bias"))
    x = torch.randn(1, 1, 32, 48)
    for net in (live, stored):
        found = net.weights_in_order(x)
        assert tuple(found) == names
        own = {id(weights) for weights in net.parameters()}
        assert all(id(weights) in own for weights in found.values())


def test_a_stored_network_can_be_moved_and_copied() -> None:
    import copy

    stored = thawed(freeze(adopt(made("hand-written CBAM"), WIDE, CLASSES), WIDE))
    x = torch.randn(2, 1, 32, 48)
    twin = copy.deepcopy(stored)
    with torch.no_grad():
        for weights in twin.weights_in_order(x).values():
            weights.mul_(0.5)
    assert not torch.allclose(twin(x), stored(x))
    state = {key: value.clone() for key, value in stored.state_dict().items()}
    twin.load_state_dict(state)
    torch.testing.assert_close(twin(x), stored(x))
    with holding(stored):
        assert not stored.training

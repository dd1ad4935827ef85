from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from engine.errors import CheckpointError, UnknownNameError
from engine.models.cmaen.attention import ScaleGate
from engine.models.cmaen.net import CMAEN, SWITCHES, WITHOUT
from engine.models.registry import build_model, count_parameters, input_spec, parameters_by_module
from engine.models.taps import record_attention

NARROW: dict[str, Any] = {"widths": [8, 8, 16, 16], "efficientnet_width": 0.1, "efficientnet_depth": 1}
SPEC = input_spec("cmaen", size=64, channels=1)


def narrow(**config: Any) -> CMAEN:
    torch.manual_seed(0)
    model = build_model("cmaen", classes=7, spec=SPEC, config={**NARROW, **config})
    assert isinstance(model, CMAEN)
    return model


def pictures(count: int = 4) -> torch.Tensor:
    return torch.randn(count, 1, 64, 64, generator=torch.Generator().manual_seed(3))


def opened(model: CMAEN) -> CMAEN:
    """With gamma away from 0, so that the attention takes part, and no ReLU of the narrow gates closed for all."""
    for module in model.modules():
        if isinstance(module, ScaleGate):
            nn.init.constant_(module.mlp[0].bias, 2.0)
    if model.fusion is not None and model.cross.gamma is not None:
        nn.init.constant_(model.cross.gamma, 0.5)
    return model


def test_the_whole_one_has_the_parameters_that_it_says_it_has() -> None:
    with torch.device("meta"):
        model = build_model("cmaen", classes=7, spec=input_spec("cmaen"))
    counts = parameters_by_module(model)
    assert counts == {
        "ecnn": 11_176_512,
        "ecnn_attention": 198_336,
        "emotion_attention": 233_877,
        "emotion_heads": 924_679,
        "efficientnet": 20_177_488,
        "efficientnet_attention": 1_233_120,
        "cross": 1_706_497,
        "fpn": 2_607_104,
        "fusion": 2_629_639,
        "ensemble": 2,
    }
    assert count_parameters(model) == sum(counts.values()) == 40_887_254


def test_the_parts_add_up_exactly() -> None:
    model = opened(narrow()).eval()
    assert model.ensemble is not None
    nn.init.normal_(model.ensemble.balance)
    parts = model.parts(pictures())
    assert parts.emotion is not None
    assert parts.fusion is not None
    assert parts.weights is not None
    assert torch.equal(parts.logits, parts.weights[0] * parts.emotion + parts.weights[1] * parts.fusion)
    assert torch.equal(model(pictures()), parts.logits)
    assert parts.logits.shape == (4, 7)
    assert float(parts.weights.detach().sum()) == pytest.approx(1.0)
    assert parts.gamma is not None
    assert parts.gamma.tolist() == [0.5]


def test_every_weight_gets_gradient() -> None:
    model = opened(narrow()).train()
    parts = model.parts(pictures(8))
    loss = nn.functional.cross_entropy(parts.logits, torch.arange(8) % 7)
    loss.backward()
    without = {name for name, p in model.named_parameters() if p.grad is None or float(p.grad.abs().sum()) == 0}
    assert without <= {"cross.key.bias"}  # a softmax does not see it


@pytest.mark.parametrize("part", SWITCHES)
def test_each_part_can_be_left_out_and_matters(part: str) -> None:
    whole = opened(narrow()).eval()
    bare = opened(narrow(**dict.fromkeys(WITHOUT[part], False))).eval()
    shared = {key: value for key, value in whole.state_dict().items() if key in bare.state_dict()}
    fits = {key: value for key, value in shared.items() if bare.state_dict()[key].shape == value.shape}
    bare.load_state_dict({**bare.state_dict(), **fits})
    assert count_parameters(bare) < count_parameters(whole)
    assert not torch.allclose(whole(pictures()), bare(pictures()), atol=1e-5)
    bare.train()
    nn.functional.cross_entropy(bare(pictures(8)), torch.arange(8) % 7).backward()
    dead = {name for name, p in bare.named_parameters() if p.grad is None or float(p.grad.abs().sum()) == 0}
    assert dead <= {"cross.key.bias"}


def test_without_one_answer_the_other_is_the_logits() -> None:
    heads = narrow(fusion=False, cross_attention=False, fpn=False).parts(pictures())
    assert heads.fusion is heads.weights is heads.gamma is None
    assert heads.logits is heads.emotion
    fusion = narrow(emotion_heads=False).parts(pictures())
    assert fusion.emotion is fusion.weights is None
    assert fusion.logits is fusion.fusion


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"fusion": False}, "cross_attention and fpn feed the fusion classifier alone"),
        ({"fusion": False, "fpn": False}, "cross_attention feed"),
        ({"fusion": False, "emotion_heads": False, "fpn": False, "cross_attention": False}, "nothing would answer"),
        ({"fusion": False, "fpn": False, "cross_attention": False, "pretrained": True}, "second pathway"),
        ({"widths": [8, 8, 8]}, "four whole numbers"),
        ({"pretrained": True}, "needs efficientnet_width = 1.0"),
        ({"fpm": False}, "fpm"),
    ],
)
def test_what_contradicts_itself_is_refused(config: dict[str, Any], says: str) -> None:
    with pytest.raises(CheckpointError, match=f"The config of 'cmaen' has an entry that it does not take: .*{says}"):
        narrow(**config)


def test_gates() -> None:
    model = narrow().eval()
    with record_attention() as gates:
        model(pictures(2))
    shapes = {gate.layer: tuple(gate.weights.shape) for gate in gates}
    assert [gate.kind for gate in gates].count("emotion") == 1
    assert shapes["cross"] == (2, 64, 4)  # the E-CNN's grid is 8x8, EfficientNet's 2x2
    assert shapes["emotion.spatial"] == (2, 7, 8, 8)
    assert shapes["ecnn.scale4.spatial"] == (2, 4, 4)
    assert len(shapes) == len(gates) == 19


def test_explained_layers() -> None:
    model = narrow().eval()
    assert model.explained_layers[-1] == "ecnn"
    grids = {}
    for layer in model.explained_layers:
        kept: list[torch.Tensor] = []
        module = model.activation_module(layer)
        handle = module.register_forward_hook(lambda _m, _i, out, kept=kept: kept.append(out))
        model(pictures(1))
        handle.remove()
        grids[layer] = tuple(kept[0].shape[-2:])
    assert grids == {
        "ecnn.stage1": (32, 32),
        "ecnn.stage2": (16, 16),
        "ecnn.stage3": (8, 8),
        "ecnn.stage4": (8, 8),
        "efficientnet": (2, 2),
        "cross": (8, 8),
        "ecnn": (8, 8),
    }
    with pytest.raises(UnknownNameError, match=r"Unknown layer 'head'; valid: ecnn\.stage1"):
        model.activation_module("head")
    alone = narrow(fusion=False, cross_attention=False, fpn=False)
    assert "cross" not in alone.explained_layers

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from engine.errors import CheckpointError, UnknownNameError
from engine.models import foundation
from engine.models.cmaen.attention import MultiScaleAttention
from engine.models.cmaen.net import CMAEN
from engine.models.foundation import Lite0Foundation, kept_pathways, open_gates
from engine.models.lite0 import Lite0Features
from engine.models.lite0_weights import ELSEWHERE, LITE0_INPUT
from engine.models.registry import build_model, count_parameters, input_spec, parameters_by_module
from engine.models.taps import edit_attention, record_attention
from tests.models.test_lite0 import lite_pytorch_names, stirred

SPEC = input_spec("cmaen", size=64, channels=1)
SECOND: dict[str, Any] = {"foundation": "lite0", "widths": [8, 8, 16, 16], "ecnn_size": 48, "gamma_start": 1.0}


def second(**config: Any) -> CMAEN:
    torch.manual_seed(0)
    made = build_model("cmaen", classes=7, spec=SPEC, config={**SECOND, **config})
    assert isinstance(made, CMAEN)
    return made


def pictures(count: int = 4, side: int = 64) -> torch.Tensor:
    return torch.randn(count, 1, side, side, generator=torch.Generator().manual_seed(3))


def test_the_second_making_is_under_22_million() -> None:
    config = {"foundation": "lite0", "ecnn_size": 48}
    with torch.device("meta"):
        model = build_model("cmaen", classes=7, spec=input_spec("cmaen", size=96, channels=1), config=config)
    counts = parameters_by_module(model)
    assert counts["efficientnet"] == count_parameters(Lite0Features())
    assert count_parameters(model) == sum(counts.values()) == 21_008_640


def test_fine_and_coarse_features_share_the_finer_grid() -> None:
    net = stirred(Lite0Foundation(1)).eval()
    x = pictures(2, 96)
    out = net(x)
    assert out.shape == (2, net.outputs, 6, 6) == (2, 1392, 6, 6)
    shown = (x * 0.226 + 0.449 - 0.5) / 0.5  # as EfficientNet-Lite0's weights want it
    levels = net.features.levels(shown)
    torch.testing.assert_close(out[:, :112], levels[3])
    torch.testing.assert_close(out[:, 112:].mean(dim=(2, 3)), levels[-1].mean(dim=(2, 3)), rtol=1e-4, atol=1e-5)


def test_colour_and_grey_come_normalised_otherwise_and_mean_the_same() -> None:
    torch.manual_seed(0)
    colour = stirred(Lite0Foundation(3)).eval()
    grey = Lite0Foundation(1).eval()
    state = colour.state_dict()
    state["features.stem.weight"] = state["features.stem.weight"].sum(1, keepdim=True)
    grey.load_state_dict(state)
    pixels = torch.rand(2, 1, 64, 64)

    def given(size: int, channels: int) -> torch.Tensor:
        spec = input_spec("cmaen", size=size, channels=channels)
        mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in (spec.mean, spec.std))
        return (pixels.expand(-1, channels, -1, -1) - mean) / std

    torch.testing.assert_close(grey(given(64, 1)), colour(given(64, 3)), rtol=1e-3, atol=1e-3)
    assert (LITE0_INPUT.mean, LITE0_INPUT.std) == ((0.5,), (0.5,))


def test_open_gates_begin_the_same_for_every_picture() -> None:
    torch.manual_seed(0)
    attention = MultiScaleAttention(8, "a")
    open_gates(attention, 0.9)
    x = torch.randn(2, 8, 6, 6)
    with record_attention() as gates:
        torch.testing.assert_close(attention(x), 0.9 * x)
    assert len(gates) == 5
    for gate in gates:
        torch.testing.assert_close(gate.weights, torch.full_like(gate.weights, 0.9))


def test_half_of_the_share_lose_each_pathway_and_none_both() -> None:
    torch.manual_seed(0)
    kept = kept_pathways(4000, 0.4, torch.device("cpu"))
    assert kept.asking.shape == (4000, 1, 1, 1)
    assert kept.asked.shape == (4000, 1)
    asking, asked = kept.asking.flatten(), kept.asked.flatten()
    assert set(asking.tolist()) | set(asked.tolist()) == {0.0, 1.0}
    assert 0.17 < float((asking == 0).float().mean()) < 0.23
    assert 0.17 < float((asked == 0).float().mean()) < 0.23
    assert not bool(((asking == 0) & (asked == 0)).any())


@torch.no_grad()
def test_losing_a_pathway_leaves_what_the_other_brings(monkeypatch: pytest.MonkeyPatch) -> None:
    model = second(pathway_dropout=0.5)
    seen: list[torch.Tensor] = []
    assert model.fusion is not None
    model.fusion.register_forward_hook(lambda _m, given, _o: seen.append(torch.cat(list(given[0]), dim=1)))
    lost = foundation.KeptPathways(torch.tensor([1.0, 0.0]).view(2, 1, 1, 1), torch.tensor([[0.0], [1.0]]))
    monkeypatch.setattr("engine.models.cmaen.net.kept_pathways", lambda *_: lost)
    for module in model.modules():  # nothing else may differ between the passes
        if isinstance(module, nn.BatchNorm2d | nn.Dropout | nn.Dropout2d):
            module.eval()
    x = pictures(2)
    model.eval()(x)
    model.training = True
    model.parts(x)
    whole, without = seen
    assert not bool(without[0, 16 : 16 + 1392].any())  # the first picture lost the foundation's own average
    torch.testing.assert_close(without[0, :16], whole[0, :16])
    assert float((without[1, :16] - whole[1, :16]).abs().max()) > 1e-3  # the second the projection
    torch.testing.assert_close(without[1, 16:], whole[1, 16:])


def test_only_training_loses_pathways() -> None:
    model = second(pathway_dropout=1.0).eval()
    other = second().eval()
    torch.testing.assert_close(model(pictures()), other(pictures()))


def test_the_ecnn_sees_its_own_size() -> None:
    model = second().eval()
    with record_attention() as gates:
        model(pictures(side=64))
    cross = next(gate for gate in gates if gate.kind == "cross")
    assert cross.weights.shape == (4, 36, 16)  # 6x6 cells of the E-CNN at 48 pixels ask 4x4 of the foundation at 64
    sizes: list[int] = []
    model.ecnn.register_forward_hook(lambda _m, given, _o: sizes.append(given[0].shape[-1]))
    model(pictures(side=48))
    model(pictures(side=96))
    assert sizes == [48, 48]
    # Enlarged pictures are seen as they were before: what the convolutions of a 48-pixel net were learnt on.
    given = pictures(side=48)
    torch.testing.assert_close(model._as_ecnn_sees(given.repeat_interleave(2, 2).repeat_interleave(2, 3)), given)


def test_from_the_first_step_the_answer_hangs_on_the_cross_modal_attention_and_everything_learns() -> None:
    model = second(widths=[8, 8, 16, 64], gates_start=0.9, dropout=0.0, block_dropout=0.0)
    x = pictures()
    with torch.no_grad():
        answer = model.eval()(x)
        with edit_attention({"cross": lambda weights: torch.full_like(weights, 1 / weights.shape[-1])}):
            assert float((model(x) - answer).abs().max()) > 0
    nn.functional.cross_entropy(model.train()(x), torch.tensor([0, 1, 2, 3])).backward()
    silent = [name for name, value in model.named_parameters() if value.grad is None or not bool(value.grad.any())]
    # A gate whose last layer begins at nothing passes nothing back to its first, for one step.
    assert [name for name in silent if ".mlp.0." not in name] == []


def test_pretrained_lays_the_imagenet_weights_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(1)
    colour = Lite0Features(3)
    torch.save(lite_pytorch_names(colour), tmp_path / "lite0.pth")
    monkeypatch.setenv(ELSEWHERE, str(tmp_path / "lite0.pth"))
    model = second(pretrained=True)
    assert isinstance(model.efficientnet, Lite0Foundation)
    assert bool(model.efficientnet.imagenet)
    assert torch.equal(model.efficientnet.features.stem.weight, colour.stem.weight.sum(1, keepdim=True))
    assert not bool(second().state_dict()["efficientnet.imagenet"])


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"foundation": "resnet"}, "Unknown foundation 'resnet'; valid: efficientnetv2-s, lite0"),
        ({"gates_start": 1.0}, "gates_start must lie between 0 and 1"),
        ({"pathway_dropout": 1.5}, r"pathway_dropout must be in \[0, 1\]"),
    ],
)
def test_a_config_that_cannot_be_is_one_sentence(config: dict[str, Any], sentence: str) -> None:
    with pytest.raises((CheckpointError, UnknownNameError), match=sentence):
        second(**config)

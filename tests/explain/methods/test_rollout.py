from __future__ import annotations

import numpy as np
import pytest
import timm
import torch
from torch import Tensor, nn

from engine.errors import UsageError
from engine.explain.explainer import explain_face
from engine.explain.methods.registry import METHODS, refusals
from engine.explain.methods.rollout import _whole, attention_rollout, mean_over_heads, roll_out, rollout_refusal
from engine.explain.target import Target
from engine.labels import EMOTIONS
from engine.models.adopted.freeze import freeze
from engine.models.adopted.network import AdoptedModel, adopt
from engine.models.architecture import DEFAULT_INPUT
from engine.models.cmaen.attention import CrossModalAttention
from engine.models.registry import build_model
from engine.models.taps import RecordedGate, edit_attention, record_attention
from engine.records import NO_CELL, InputSpec, KeyCells
from engine.trust.sanity import class_sensitivity
from tests.explain.known import noise, unchanged
from tests.made import SMALL
from tests.models.adopted.made_nets import CLASSES, DESIGNS, made
from tests.models.adopted.test_freeze import WIDE, thawed

BOTH = ("block1.attention", "block2.attention")


@pytest.fixture
def vit() -> nn.Module:
    """A vit of two blocks and two heads on 4x4 cells, whose answers differ between pictures."""
    torch.manual_seed(4)
    model = build_model(
        "vit", classes=7, spec=SMALL, config={"width": 16, "depth": 2, "heads": 2, "expansion": 2}
    ).eval()  # fmt: skip
    with torch.no_grad():
        for block in (model.block1, model.block2):
            block.attention.asked.weight.mul_(20)  # else every attention is nearly even
        model.output.weight.normal_()
    return model


def test_two_blocks_by_hand() -> None:
    first = torch.tensor([[[1.0, 0.0], [0.5, 0.5]]])  # with what stays, halved: (1, 0), (1/4, 3/4)
    second = torch.tensor([[[0.0, 1.0], [0.2, 0.8]]])  # (1/2, 1/2), (1/10, 9/10)
    # The last block stands left: (1/2 + 1/8, 3/8) and (1/10 + 9/40, 27/40).
    torch.testing.assert_close(roll_out([first, second]), torch.tensor([[[0.625, 0.375], [0.325, 0.675]]]))
    torch.testing.assert_close(roll_out([second, first]), torch.tensor([[[0.5, 0.5], [0.2, 0.8]]]))
    torch.testing.assert_close(roll_out([first]), torch.tensor([[[1.0, 0.0], [0.25, 0.75]]]))


def test_heads_count_alike_by_hand() -> None:
    weights = torch.tensor([[[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.5, 0.5]]])  # head 0, then head 1
    torch.testing.assert_close(mean_over_heads(weights), torch.tensor([[[0.5, 0.5], [0.25, 0.75]]]))


def to_cell_five(weights: Tensor) -> Tensor:
    """Head 0 attends to cell 5 alone, head 1 to all cells alike."""
    edited = torch.full_like(weights, 1 / 16)
    edited[:, :16] = 0.0
    edited[:, :16, 5] = 1.0
    return edited


def even(weights: Tensor) -> Tensor:
    return torch.full_like(weights, 1 / 16)


@pytest.mark.parametrize("order", [(to_cell_five, even), (even, to_cell_five)], ids=["first", "last"])
def test_a_models_rollout_by_hand(vit: nn.Module, order: tuple[object, object]) -> None:
    x = torch.randn(3, 1, 16, 16)
    with edit_attention(dict(zip(BOTH, order, strict=True))):  # type: ignore[arg-type]
        shares = attention_rollout(lambda pictures, _which=None: vit(pictures)[:, 0], x)
    # Half of a cell stays. Of the half that moves, half comes from cell 5 and half from all alike.
    if order[0] is to_cell_five:  # the even block leaves the mean over cells as it is
        expected = torch.full((16,), (1 / 2 + 1 / 4) / 16)
        expected[5] += 1 / 4
    else:  # the last block takes 1/4 from cell 5, whose content is half its own, half everyone's
        expected = torch.full((16,), (3 / 4) / 16 + (1 / 4) * (1 / 2) / 16)
        expected[5] += (1 / 4) * (1 / 2)
    torch.testing.assert_close(shares, expected.view(1, 4, 4).expand(3, 4, 4))


def test_it_is_one_forward_pass_and_says_nothing_of_a_class(vit: nn.Module) -> None:
    passes = []
    vit.register_forward_hook(lambda *_: passes.append(1))
    x = torch.randn(2, 1, 16, 16)
    maps = [attention_rollout(lambda p, _which=None, k=k: vit(p)[:, k], x) for k in range(2)]
    assert len(passes) == 2
    assert torch.equal(*maps)
    assert METHODS["rollout"].class_agnostic
    assert [name for name, method in METHODS.items() if method.class_agnostic] == ["rollout"]
    torch.testing.assert_close(maps[0].sum(dim=(1, 2)), torch.ones(2))
    assert not torch.allclose(maps[0][0], maps[0][1], rtol=0.01)  # but of the picture
    found = class_sensitivity(vit, noise(1)[0], spec=SMALL, classes=EMOTIONS, layer="block2", method="rollout")
    assert found.mean_correlation == pytest.approx(1.0)


@pytest.mark.parametrize("methods", [("rollout",), ("gradcam", "rollout"), ("rollout", "gradcam")])
def test_it_is_the_same_alone_and_beside_other_maps(vit: nn.Module, methods: tuple[str, ...]) -> None:
    with unchanged(vit):
        found = explain_face(
            vit, noise(1)[0], model_name="vit", classes=EMOTIONS, spec=SMALL, layer="block1", method=methods,
            target=Target("happy"),
        )  # fmt: skip
    item = found.maps[methods.index("rollout")]
    assert (item.layer, item.target, item.signed) == ("", "happy", False)
    assert item.heatmap.shape == (4, 4)
    assert item.raw_minimum > 0.0
    assert float(item.heatmap.sum()) == pytest.approx(1.0, abs=1e-5)
    # What the record of gates says is what was rolled out.
    own = [mean_over_heads(torch.from_numpy(gate.weights)[None]) for gate in found.gates]
    np.testing.assert_allclose(item.heatmap.ravel(), roll_out(own).mean(dim=1)[0].numpy(), rtol=1e-5)


@pytest.mark.usefixtures("narrow")
def test_other_models_say_why_not(vit: nn.Module) -> None:
    x = torch.randn(1, 1, 16, 16)
    assert refusals(vit, x, ("rollout",)) == {}
    cbam = build_model("cbam", classes=7, spec=DEFAULT_INPUT)
    assert rollout_refusal(cbam, x) == (
        "attention rollout follows self-attention from block to block, and this model has none"
    )
    with pytest.raises(UsageError, match=r"Attention rollout cannot explain 'cbam': attention rollout follows"):
        explain_face(
            cbam, noise(1, side=48)[0], model_name="cbam", classes=EMOTIONS, spec=DEFAULT_INPUT, layer="block4",
            method="rollout",
        )  # fmt: skip
    vit.add_module("cross", CrossModalAttention(4, 4, 4))
    assert "also asks another grid" in str(rollout_refusal(vit, x))


def test_a_pass_without_attention_is_refused() -> None:
    with pytest.raises(ValueError, match="recorded none"):
        attention_rollout(lambda pictures, _which=None: pictures.sum(dim=(1, 2, 3)), torch.randn(1, 1, 16, 16))


RECTANGLE = InputSpec(32, 1, (0.5,), (0.25,), columns=48)


def opened(*, stored: bool, **arguments: object) -> AdoptedModel:
    """A ViT of timm with fused attention, on 2 x 3 cells, three blocks and three heads."""
    torch.manual_seed(3)
    net = timm.create_model(
        "vit_tiny_patch16_224", img_size=(32, 48), depth=3, num_classes=3, in_chans=1, **arguments
    ).eval()  # fmt: skip
    with torch.no_grad():
        for block in net.blocks:
            assert block.attn.fused_attn
            block.attn.qkv.weight.mul_(20)  # else every attention is nearly even
        net.head.weight.normal_()
    live = adopt(net, RECTANGLE, CLASSES).eval()
    return thawed(freeze(live, RECTANGLE)) if stored else live


def rolled_by_hand(net: AdoptedModel, x: Tensor, rows: slice) -> Tensor:
    """What the papers' formula gives from the gates, with what tokens hold that are no cells left out at the end."""
    with torch.no_grad(), record_attention() as gates:
        net(x)
    whole = torch.eye(gates[0].weights.shape[2]).expand(len(x), -1, -1)
    for gate in gates:
        count = gate.weights.shape[2]
        a = gate.weights.unflatten(1, (-1, count)).mean(dim=1)
        whole = (0.5 * a + 0.5 * torch.eye(count)) @ whole
    read = whole[:, rows].mean(dim=1)[:, -6:]
    return (read / read.sum(dim=1, keepdim=True)).view(-1, 2, 3)


@pytest.mark.parametrize("stored", [False, True], ids=["live", "stored"])
@pytest.mark.parametrize(
    ("arguments", "rows"),
    [
        ({}, slice(0, 1)),
        ({"reg_tokens": 3}, slice(0, 1)),
        ({"global_pool": "avg"}, slice(1, None)),
        ({"class_token": False, "global_pool": "avg"}, slice(0, None)),
    ],
    ids=["class token", "register tokens", "class token, mean of cells", "cells alone"],
)
def test_anyones_vit_is_rolled_out_from_the_rows_that_answer(
    arguments: dict[str, object], rows: slice, stored: bool
) -> None:
    net, x = opened(stored=stored, **arguments), torch.randn(2, 1, 32, 48)
    assert rollout_refusal(net, x) is None
    with unchanged(net):
        found = attention_rollout(lambda pictures, _which=None: net(pictures)[:, 1], x)
    expected = rolled_by_hand(net, x, rows)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)
    assert float(expected.max() - expected.min()) > 0.01
    other = rolled_by_hand(net, x, slice(0, 1) if rows.stop is None else slice(1, None))
    assert not torch.allclose(found, other, rtol=1e-3)


def test_edits_around_it_stay_while_it_asks_which_rows_answer() -> None:
    net, x = opened(stored=True), torch.randn(1, 1, 32, 48)
    names = [gate.name for gate in net.findings.gates]

    def to_the_last(weights: Tensor) -> Tensor:
        edited = torch.zeros_like(weights)
        edited[..., -1] = 1.0
        return edited

    with edit_attention(dict.fromkeys(names, to_the_last)):
        found = attention_rollout(lambda pictures, _which=None: net(pictures)[:, 1], x)
    # Of the class token's share an eighth is its own, all else is the last cell's.
    torch.testing.assert_close(found, torch.tensor([[[0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]]))


def test_windows_count_as_attention_over_the_whole_grid_by_hand() -> None:
    # Two windows of two keys on a grid of 1 x 3; the second's last key is padding. One head.
    keys = KeyCells((1, 3), ((2, 0), (1, NO_CELL)))
    weights = torch.tensor([[[0.25, 0.75], [1.0, 0.0], [0.4, 0.6], [0.5, 0.5]]])
    expected = torch.tensor(
        [[[0.0, 0.0, 1.0, 0.0], [0.0, 0.4, 0.0, 0.6], [0.75, 0.0, 0.25, 0.0], [0.0, 0.0, 0.0, 1.0]]]
    )
    torch.testing.assert_close(_whole(RecordedGate("x", "cross", weights, keys, among_itself=True)), expected)


def test_windows_of_a_network_are_rolled_out() -> None:
    net, x = adopt(made("windows"), WIDE, CLASSES).eval(), torch.randn(2, 1, 32, 48)
    assert rollout_refusal(net, x) is None
    found = attention_rollout(lambda pictures, _which=None: net(pictures)[:, 1], x)
    assert found.shape == (2, 16, 24)
    torch.testing.assert_close(found.sum(dim=(1, 2)), torch.ones(2))
    with torch.no_grad(), record_attention() as gates:
        net(x)
    whole = _whole(gates[0])
    torch.testing.assert_close(whole.sum(dim=2), torch.ones(2, 16 * 24 + 1))
    # Windows of 4 x 4 cells, rolled by two: cell (2, 2) asks rows and columns 2 to 5, and no others.
    asked = whole[0, 2 * 24 + 2, :-1].view(16, 24) > 0
    assert asked.nonzero()[:, 0].unique().tolist() == asked.nonzero()[:, 1].unique().tolist() == [2, 3, 4, 5]


@pytest.mark.parametrize(
    ("design", "says"),
    [
        ("squeeze and excite", "and this model has none"),
        ("hand-written CBAM", "and this model has none"),
        ("cross-attention", "and this model has none whose cells are known"),
        ("global context", "and this model has none whose cells are known"),
        ("attention by einsum", None),
        ("heads in the batch", None),
        ("class and register tokens", None),
    ],
)
def test_anyones_network_says_why_not(design: str, says: str | None) -> None:
    assert design in DESIGNS
    reason = rollout_refusal(adopt(made(design), WIDE, CLASSES), torch.randn(1, 1, 32, 48))
    assert reason == (None if says is None else f"attention rollout follows self-attention from block to block, {says}")


def test_grids_that_change_are_refused() -> None:
    net = timm.create_model("swin_tiny_patch4_window7_224", img_size=48, num_classes=3, in_chans=1, depths=(1, 1, 1, 1))
    reason = rollout_refusal(adopt(net.eval(), InputSpec(48, 1, (0.5,), (0.25,)), CLASSES), torch.zeros(1))
    assert reason is not None
    assert reason.endswith("this model's grids or tokens change between blocks")

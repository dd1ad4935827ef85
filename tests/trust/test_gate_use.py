from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engine.errors import UnknownNameError, UsageError
from engine.explain.target import Target
from engine.labels import EMOTIONS
from engine.models.architecture import DEFAULT_INPUT
from engine.models.locking import model_lock
from engine.models.registry import build_model
from engine.models.taps import taps_of
from engine.records import GateKind
from engine.trust.gate_use import gate_use
from tests.explain.known import BLOCK, CLASSES, SPEC, Gated, OneBlock, noise, unchanged

HOW = {"spec": SPEC, "classes": CLASSES}


def weight(seed: int = 0, scale: float = 0.2) -> Tensor:
    return torch.randn(2, 16, 16, 3, generator=torch.Generator().manual_seed(seed)) * scale


def block_weight() -> Tensor:
    """Class 0 gets the first feature's sum over BLOCK, the others nothing."""
    w = torch.zeros(2, 16, 16, 3)
    w[0, BLOCK[0], BLOCK[1], 0] = 1.0
    return w


def level(value: float, *shape: int) -> object:
    return lambda features: torch.full((len(features), *shape), value)


def block_gate(features: Tensor) -> Tensor:
    gate = torch.zeros(len(features), 1, 16, 16)
    gate[:, :, BLOCK[0], BLOCK[1]] = 1.0
    return gate


@pytest.mark.parametrize(
    ("kind", "shape"), [("channel", (2, 1, 1)), ("spatial", (1, 16, 16)), ("emotion", (2, 16, 16))]
)
def test_a_gate_that_multiplies_by_one_is_not_used(kind: GateKind, shape: tuple[int, ...]) -> None:
    (use,) = gate_use(Gated(level(1.0, *shape), kind, weight()), noise(3), **HOW)  # type: ignore[arg-type]
    assert use.verdict == "not used"
    assert {item.name for item in use.replacements} == {"mean", "permuted", "another picture", "ones"}
    for item in use.replacements:
        assert item.distance.tolist() == item.flips.tolist() == item.logit_change.tolist() == [0, 0, 0]


def test_a_constant_gate_is_not_used_though_ones_change_the_answer() -> None:
    (use,) = gate_use(Gated(level(0.5, 1, 16, 16), "spatial", weight()), noise(1), **HOW)  # type: ignore[arg-type]
    assert use.distance < 1e-5
    assert use["ones"].distance[0] > 0.05
    assert use.verdict == "not used"


def test_a_gate_that_picks_what_counts_by_hand() -> None:
    # A picture of 1 everywhere, weights that read all cells: the gate lets 16 of 256 through.
    w = torch.zeros(2, 16, 16, 3)
    w[0, BLOCK[0], BLOCK[1], 0] = 1 / 16
    faces = np.full((1, 16, 16), 255, dtype=np.uint8)
    (use,) = gate_use(Gated(block_gate, "spatial", w), faces, target=Target("angry"), **HOW)
    # Unchanged: logit 1. Mean gate 16 / 256: logit 1/16. Ones: 1. Permuted: 1/16 on average, never 1.
    assert use["mean"].logit_change[0] == pytest.approx(1 / 16 - 1, abs=1e-5)
    assert use["ones"].logit_change[0] == pytest.approx(0.0, abs=1e-6)
    e = np.exp([1.0, 1 / 16])
    before, after = e / (e + 2)
    assert use["mean"].distance[0] == pytest.approx(before - after, abs=1e-5)
    assert use["permuted"].distance[0] > 0.2
    assert (use["mean"].draws, use["permuted"].draws) == (1, 10)
    assert use.verdict == "used"
    assert use.target == "angry"
    # A contrast's change is that of the difference.
    (use,) = gate_use(Gated(block_gate, "spatial", w), faces, target=Target("angry", "sad"), **HOW)
    assert use["mean"].logit_change[0] == pytest.approx(1 / 16 - 1, abs=1e-5)


def test_flips_are_counted() -> None:
    # Class 0: the first channel's mean, class 1: the second's. The gate lets one channel through.
    w = torch.zeros(2, 16, 16, 3)
    w[0, ..., 0] = w[1, ..., 1] = 1 / 64
    gate = lambda features: torch.tensor([1.0, 0.0]).view(1, 2, 1, 1).repeat(len(features), 1, 1, 1)  # noqa: E731
    faces = np.full((1, 16, 16), 127, dtype=np.uint8)  # 1 - 127/255 is a little more
    (use,) = gate_use(Gated(gate, "channel", w), faces, draws=40, seed=3, **HOW)
    assert use["mean"].flips.tolist() == [1.0]
    assert 0.25 < use["permuted"].flips[0] < 0.75  # half of the permutations swap two channels
    assert use["ones"].flips.tolist() == [1.0]


def bright_gate(features: Tensor) -> Tensor:
    """The picture's mean in [0, 1], in every cell."""
    return features[:, :1].mean(dim=(1, 2, 3), keepdim=True).expand(-1, 1, 16, 16)


def test_another_pictures_gate_by_hand() -> None:
    faces = np.stack([np.full((16, 16), value, dtype=np.uint8) for value in (255, 51, 0)])
    model = Gated(bright_gate, "spatial", block_weight() / 16)
    (use,) = gate_use(model, faces[:1], target=Target("angry"), others=faces[1:], **HOW)
    # A white picture: logit 1 x gate. Its own gate is 1, the others' .2 and 0: 0.1 on average.
    assert use["another picture"].draws == 2
    assert use["another picture"].logit_change[0] == pytest.approx(-0.9, abs=1e-5)
    assert use["permuted"].distance[0] == pytest.approx(0.0, abs=1e-6)
    # Among each other no picture borrows from itself: logits 1, .04, 0; borrowed gates (.2, 0), (1, 0), (1, .2).
    (use,) = gate_use(model, faces, target=Target("angry"), **HOW)
    np.testing.assert_allclose(use["another picture"].logit_change, [-0.9, 0.2 * 0.5 - 0.04, 0.0], atol=1e-5)
    (alone,) = gate_use(model, faces[:1], **HOW)
    assert [item.name for item in alone.replacements] == ["mean", "permuted", "ones"]


def test_a_cross_gate_has_no_ones() -> None:
    class Crossed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.pick = nn.Parameter(torch.tensor([[9.0, 0.0, 0.0, 0.0], [0.0, 9.0, 0.0, 0.0]]))
            from engine.models.taps import AttentionTap

            self.tap = AttentionTap("fusion.cross", "cross")

        def forward(self, x: Tensor) -> Tensor:
            values = x.flatten(1)[:, :4, None] * torch.tensor([4.0, 0.0, 0.0])
            gate = self.tap(self.pick.softmax(1).expand(len(x), 2, 4))
            return torch.bmm(gate, values).sum(1)

    faces = np.zeros((1, 16, 16), dtype=np.uint8)
    faces[0, 0, :2] = 255
    (use,) = gate_use(Crossed(), faces, target=Target("angry"), **HOW)
    assert [item.name for item in use.replacements] == ["mean", "permuted"]
    # Even rows see 2 of 4 keys: 2 queries x .5 x 4 = 4, instead of nearly 8.
    assert use["mean"].logit_change[0] == pytest.approx(-4.0, abs=0.02)
    assert use.verdict == "used"


@pytest.fixture
def cbam(narrow: None) -> nn.Module:
    torch.manual_seed(6)
    model = build_model("cbam", classes=7, spec=DEFAULT_INPUT)
    with torch.no_grad():
        model(torch.randn(16, 1, 48, 48))
        model.get_parameter("output.weight").normal_()
    model.get_submodule("block2").eval()  # mixed modes, so that it can be seen whether each is restored
    return model


def test_every_gate_in_order_and_many_pictures_as_each_alone(cbam: nn.Module) -> None:
    faces, others = noise(9, side=48), noise(3, seed=9, side=48)
    steps: list[tuple[int, int]] = []
    how = {"spec": DEFAULT_INPUT, "classes": EMOTIONS}
    uses = gate_use(cbam, faces, others=others, progress=lambda *at: steps.append(at), **how)
    assert [use.layer for use in uses] == [tap.layer for tap in taps_of(cbam)]
    assert steps[-1] == (16, 16)  # 8 gates; of 9 pictures with 16 rows each, 8 fit into a batch
    for index in (0, 8):
        alone = gate_use(cbam, faces[index : index + 1], others=others, layers=["block3.spatial"], **how)
        for name in ("mean", "another picture", "ones"):
            (use,) = (use for use in uses if use.layer == "block3.spatial")
            assert use[name].distance[index] == pytest.approx(alone[0][name].distance[0], abs=1e-5)
            assert use[name].logit_change[index] == pytest.approx(alone[0][name].logit_change[0], abs=1e-4)
    again = gate_use(cbam, faces, others=others, **how)
    assert [use.as_dict() for use in again] == [use.as_dict() for use in uses]


def test_the_model_comes_back_as_it_was(cbam: nn.Module) -> None:
    def stop(done: int, total: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with unchanged(cbam):
        gate_use(cbam, noise(2, side=48), spec=DEFAULT_INPUT, classes=EMOTIONS, draws=2)
    with unchanged(cbam), pytest.raises(KeyboardInterrupt):
        gate_use(cbam, noise(2, side=48), spec=DEFAULT_INPUT, classes=EMOTIONS, draws=2, progress=stop)
    assert model_lock(cbam).acquire(blocking=False)
    model_lock(cbam).release()
    with torch.no_grad():  # and no edit is left behind
        x = torch.randn(2, 1, 48, 48)
        cbam.eval()
        assert torch.equal(cbam(x), cbam(x))


def test_a_model_without_gates_and_wrong_use() -> None:
    assert gate_use(OneBlock(), noise(1), **HOW) == ()
    model = Gated(block_gate, "spatial", weight())
    with pytest.raises(UnknownNameError, match=r"Unknown gate 'x'; valid: the\.gate"):
        gate_use(model, noise(1), layers=["x"], **HOW)
    with pytest.raises(UsageError, match="not known"):
        gate_use(model, noise(1), target=Target("true"), **HOW)
    with pytest.raises(UnknownNameError, match="Unknown class 'bored'"):
        gate_use(model, noise(1), target=Target("true"), truths=["bored"], **HOW)
    (use,) = gate_use(model, noise(2), target=Target("true"), truths=["sad", "angry"], **HOW)
    assert use.target == "sad"
    with pytest.raises(ValueError, match="one draw and one picture"):
        gate_use(model, noise(1), draws=0, **HOW)


def test_the_change_of_accuracy_by_hand() -> None:
    # As in test_flips_are_counted: the gate lets class 0's channel through, an even gate lets class 1 win.
    w = torch.zeros(2, 16, 16, 3)
    w[0, ..., 0] = w[1, ..., 1] = 1 / 64
    gate = lambda features: torch.tensor([1.0, 0.0]).view(1, 2, 1, 1).repeat(len(features), 1, 1, 1)  # noqa: E731
    faces = np.full((3, 16, 16), 127, dtype=np.uint8)
    truths = [CLASSES[0], CLASSES[1], CLASSES[2]]
    (use,) = gate_use(Gated(gate, "channel", w), faces, truths=truths, **HOW)
    assert use["mean"].right_change is not None
    assert use["mean"].right_change.tolist() == [-1.0, 1.0, 0.0]
    assert use["permuted"].right_change is not None
    np.testing.assert_allclose(use["permuted"].right_change, [-1, 1, 0] * use["permuted"].flips, atol=1e-6)
    (unknown,) = gate_use(Gated(gate, "channel", w), faces, **HOW)
    assert unknown["mean"].right_change is None


def test_self_attention_is_used_where_its_output_is() -> None:
    """Two blocks; the first one's attention adds nothing, the second one's is sharp and loud."""
    torch.manual_seed(0)
    config = {"width": 16, "depth": 2, "heads": 2, "expansion": 2}
    model = build_model("vit", classes=3, spec=SPEC, config=config).eval()
    with torch.no_grad():
        model.block1.attention.project.weight.zero_()
        model.block2.attention.asked.weight.mul_(30)
        model.block2.attention.project.weight.mul_(30)
        model.output.weight.normal_()
    with unchanged(model):
        idle, sharp = gate_use(model, noise(2), others=noise(4, seed=1), **HOW)
    assert (idle.layer, idle.kind, idle.verdict) == ("block1.attention", "cross", "not used")
    assert (sharp.layer, sharp.kind, sharp.verdict) == ("block2.attention", "cross", "used")
    for use in (idle, sharp):
        assert [item.name for item in use.replacements] == ["mean", "permuted", "another picture"]
    assert max(float(item.distance.max()) for item in idle.replacements) < 1e-6

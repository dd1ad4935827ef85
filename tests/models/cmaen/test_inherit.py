from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.models.cmaen.inherit import inherited
from engine.models.cmaen.net import CMAEN
from engine.models.plain import Block, FourBlockNet

SMALL_SECOND = {"efficientnet_width": 0.1, "efficientnet_depth": 1}


def four_block_net(attention: str = "none") -> FourBlockNet:
    torch.manual_seed(0)
    net = FourBlockNet(attention)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):  # gains and shifts as of a net that has learnt
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.3)
    return net


def whole(size: int = 48) -> CMAEN:
    torch.manual_seed(1)
    return CMAEN(size=size, channels=1, block_dropout=0.0, **SMALL_SECOND)


def strided_blocks(net: FourBlockNet, x: Tensor) -> list[Tensor]:
    """The blocks' features where each pooling keeps one cell of four; the last is not pooled. Batch statistics."""
    features = []
    for name in net.explained_layers:
        block = net.get_submodule(name)
        assert isinstance(block, Block)
        stride = 1 if name == "block4" else 2
        x = F.conv2d(x, block.conv.weight, block.conv.bias, stride=stride, padding=1)
        x = F.batch_norm(x, None, None, block.norm.weight, block.norm.bias, training=True).relu()
        features.append(x)
    return features


@torch.no_grad()
def test_the_ecnn_begins_as_the_blocks_with_strides() -> None:
    source, model = four_block_net(), whole()
    model.load_state_dict({**model.state_dict(), **inherited(model, source)})
    torch.manual_seed(2)
    x = F.interpolate(torch.randn(64, 1, 12, 12), size=(48, 48), mode="bilinear")
    stages, wanted = model.ecnn.train()(x), strided_blocks(source, x)
    assert [tuple(stage.shape) for stage in stages] == [tuple(block.shape) for block in wanted]
    assert torch.allclose(stages[0], wanted[0], atol=1e-5)
    for stage, block in zip(stages[1:], wanted[1:], strict=True):
        # Means and deviations are those of normal responses, which these are only nearly.
        likeness = torch.corrcoef(torch.stack([stage.flatten(), block.flatten()]))[0, 1]
        assert likeness > 0.97
    fresh = whole().ecnn.train()(x)
    unlike = torch.corrcoef(torch.stack([fresh[-1].flatten(), wanted[-1].flatten()]))[0, 1]
    assert unlike < 0.5


def test_every_inherited_branch_can_learn() -> None:
    source, model = four_block_net("cbam"), whole()
    model.load_state_dict({**model.state_dict(), **inherited(model, source)})
    optimiser = torch.optim.SGD(model.ecnn.parameters(), lr=0.1)
    x = torch.randn(8, 1, 48, 48)
    for _ in range(2):  # a gain that begins at zero lets nothing through to its branch in the first step
        optimiser.zero_grad()
        sum(stage.square().mean() for stage in model.ecnn(x)).backward()  # type: ignore[union-attr]
        optimiser.step()
    still = [name for name, value in model.ecnn.named_parameters() if value.grad is None or not value.grad.any()]
    assert still == []


@pytest.mark.parametrize("attention", ["none", "spatial", "cbam"])
def test_all_four_blocks_are_taken_and_nothing_else(attention: str) -> None:
    source, model = four_block_net(attention), whole(64)
    taken = inherited(model, source)
    own = model.state_dict()
    assert {name.split(".")[0] for name in taken} == {"ecnn"}
    assert all(own[name].shape == value.shape for name, value in taken.items())
    kernels = [taken["ecnn.stem.0.weight"][:, :, 2:5, 2:5]]
    kernels += [taken[f"ecnn.stage{stage}.0.conv1.weight"] for stage in (2, 3, 4)]
    names = source.explained_layers
    assert all(torch.equal(k, source.get_submodule(f"{n}.conv").weight) for k, n in zip(kernels, names, strict=True))
    assert taken["ecnn.stem.0.weight"].count_nonzero() == kernels[0].count_nonzero()


def test_a_narrow_cmaen_takes_nothing_from_a_wide_net() -> None:
    narrow = CMAEN(size=48, channels=1, widths=[8, 8, 16, 16], **SMALL_SECOND)
    assert inherited(narrow, four_block_net()) == {}
    assert inherited(CMAEN(size=48, channels=3, **SMALL_SECOND), four_block_net()) == {}


def test_among_nets_of_a_kind_names_and_shapes_decide() -> None:
    source, model = four_block_net(), four_block_net("spatial")
    taken = inherited(model, source)
    assert set(taken) == set(source.state_dict())
    assert all(torch.equal(value, source.state_dict()[name]) for name, value in taken.items())
    assert inherited(nn.Linear(3, 3), source) == {}

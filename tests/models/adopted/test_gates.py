"""Gates of every design are found, and are what the network computed, to a rounding error."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from engine.models.adopted.network import AdoptedNetwork, adopt
from engine.models.taps import edit_attention, record_attention
from engine.records import InputSpec
from tests.models.adopted.made_nets import CLASSES, DESIGNS, MultiHead, made

WIDE = InputSpec(size=32, columns=48, channels=1, mean=(0.5,), std=(0.25,))
"""A rectangle, so that rows and columns cannot be taken for each other: 16 x 24 cells after the stem."""


def pictures(count: int = 3, seed: int = 1) -> Tensor:
    return torch.randn(count, 1, 32, 48, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("design", DESIGNS)
def test_every_gate_is_found_and_is_the_one_that_was_computed(design: str) -> None:
    net = made(design)
    adopted = adopt(net, WIDE, CLASSES)
    x = pictures()
    plain = net(x)
    assert tuple(gate.kind for gate in adopted.findings.gates) == DESIGNS[design][2]
    with record_attention() as recorded:
        answer = adopted(x)
    wanted = net.kept
    torch.testing.assert_close(answer, plain, rtol=0, atol=1e-6)
    assert len(recorded) == len(wanted)
    for gate, by_hand, found in zip(recorded, wanted, adopted.findings.gates, strict=True):
        torch.testing.assert_close(gate.weights, by_hand.detach(), rtol=0, atol=1e-6)
        assert tuple(gate.weights.shape[1:]) == found.shape
        assert gate.layer == found.name


@pytest.mark.parametrize("design", DESIGNS)
def test_an_edit_reaches_what_comes_after(design: str) -> None:
    net = made(design)
    adopted = adopt(net, WIDE, CLASSES)
    x = pictures()
    for gate in adopted.findings.gates:
        with edit_attention({gate.name: lambda weights: weights * 0.5}), record_attention() as recorded:
            changed = adopted(x)
        assert not torch.allclose(changed, net(x), atol=1e-5), gate.name
        halved = next(one for one in recorded if one.layer == gate.name)
        with edit_attention({gate.name: lambda weights: weights}), record_attention() as plain:
            adopted(x)
        torch.testing.assert_close(halved.weights, plain[recorded.index(halved)].weights / 2)
    torch.testing.assert_close(adopted(x), net(x), rtol=0, atol=0)


@pytest.mark.parametrize(("batch_first", "masked"), [(True, False), (False, False), (True, True)])
def test_the_weights_of_multi_head_attention_are_pytorchs_own(batch_first: bool, masked: bool) -> None:
    torch.manual_seed(0)
    net = MultiHead(batch_first, masked).eval()
    adopted = adopt(net, WIDE, CLASSES)
    (gate,) = adopted.findings.gates
    x = pictures()
    with torch.no_grad(), record_attention() as recorded:
        torch.testing.assert_close(adopted(x), net(x), rtol=0, atol=1e-6)
        torch.testing.assert_close(recorded[0].weights, net.by_hand(x), rtol=0, atol=1e-6)
    assert gate.kind == "cross"
    assert gate.among_itself
    assert gate.keys is not None
    assert gate.keys.grid == (16, 24)
    if masked:
        assert float(recorded[0].weights[..., -1].max()) == 0.0


def test_keys_know_their_cells() -> None:
    plain = adopt(made("self-attention"), WIDE, CLASSES).findings.gates[0]
    assert plain.among_itself
    assert plain.keys is not None
    assert plain.keys.grid == (16, 24)
    assert plain.keys.windows == (tuple(range(16 * 24)),)

    extra = adopt(made("class and register tokens"), WIDE, CLASSES).findings.gates[0]
    assert extra.keys is not None
    assert extra.keys.windows == ((-1,) * 5 + tuple(range(16 * 24)),)

    coarse = adopt(made("cross-attention"), WIDE, CLASSES).findings.gates[0]
    assert not coarse.among_itself
    assert coarse.keys is not None
    assert coarse.keys.grid == (8, 12)


def test_windows_know_where_they_lie_in_the_picture() -> None:
    (gate,) = adopt(made("windows"), WIDE, CLASSES).findings.gates
    assert gate.keys is not None
    assert len(gate.keys.windows) == 4 * 6
    # rolled by two: the first window's first cell is row 2, column 2 of 16 x 24
    assert gate.keys.windows[0][:5] == (2 * 24 + 2, 2 * 24 + 3, 2 * 24 + 4, 2 * 24 + 5, 3 * 24 + 2)
    # the last one is put together from the picture's four corners
    assert gate.keys.windows[-1][0] == 14 * 24 + 22
    assert gate.keys.windows[-1][-1] == 1 * 24 + 1
    assert sorted(cell for window in gate.keys.windows for cell in window) == list(range(16 * 24))


def test_gates_are_named_after_their_modules() -> None:
    names = [gate.name for gate in adopt(made("hand-written CBAM"), WIDE, CLASSES).findings.gates]
    assert names == ["gates.0.channel", "gates.1.spatial"]
    twice = adopt(made("reused and einsum"), WIDE, CLASSES).findings.gates
    assert [gate.name for gate in twice] == ["channel", "channel2", "spatial"]


def test_a_gate_among_the_rest_of_the_batch_is_each_pictures_own() -> None:
    net: AdoptedNetwork = adopt(made("windows"), WIDE, CLASSES)
    x = pictures(5)
    with record_attention() as together:
        net(x)
    for index in range(5):
        with record_attention() as alone:
            net(x[index : index + 1])
        torch.testing.assert_close(together[0].weights[index], alone[0].weights[0])

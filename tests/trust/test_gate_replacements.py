from __future__ import annotations

import pytest
import torch

from engine.records import GATE_DIMENSIONS, GateKind
from engine.trust.gate_record import REPLACEMENTS, levelled, permuted, takes

SHAPES: dict[GateKind, tuple[int, ...]] = {
    "channel": (2, 3, 1, 1),
    "spatial": (2, 1, 3, 4),
    "cross": (2, 3, 5),
    "emotion": (2, 3, 2, 4),
    "rows": (2, 3, 4, 1),
    "columns": (2, 3, 1, 4),
    "full": (2, 3, 3, 4),
    "branch": (2, 2, 4, 1, 1),
}


def weights(kind: GateKind) -> torch.Tensor:
    shape = SHAPES[kind]
    return torch.arange(torch.Size(shape).numel(), dtype=torch.float32).view(shape)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_every_kind_is_covered() -> None:
    assert set(SHAPES) == set(GATE_DIMENSIONS)
    assert [name for name in REPLACEMENTS if not takes("cross", name)] == ["ones"]
    assert all(takes("spatial", name) for name in REPLACEMENTS)


def test_the_mean_by_hand() -> None:
    assert levelled(weights("channel"), "channel").flatten(1).tolist() == [[1, 1, 1], [4, 4, 4]]
    assert levelled(weights("spatial"), "spatial")[:, 0, 2, 3].tolist() == [5.5, 17.5]
    # A cross gate's mean is taken for each query, an emotion gate's for each emotion.
    assert levelled(weights("cross"), "cross")[0, :, 0].tolist() == [2, 7, 12]
    assert levelled(weights("emotion"), "emotion")[0, :, 0, 0].tolist() == [3.5, 11.5, 19.5]


@pytest.mark.parametrize("kind", SHAPES)
def test_a_mean_keeps_shape_and_level(kind: GateKind) -> None:
    before = weights(kind)
    assert levelled(before, kind).shape == before.shape
    torch.testing.assert_close(levelled(before, kind).flatten(1).mean(1), before.flatten(1).mean(1))


@pytest.mark.parametrize("kind", SHAPES)
def test_a_permutation_keeps_the_weights_and_moves_them(kind: GateKind) -> None:
    before = weights(kind)
    after = permuted(before, kind, seeded())
    assert after.shape == before.shape
    assert not torch.equal(after, before)
    torch.testing.assert_close(after.flatten(1).sort().values, before.flatten(1).sort().values)
    assert torch.equal(after, permuted(before, kind, seeded()))
    assert not torch.equal(after, permuted(before, kind, seeded(1)))
    alike = before[:1].expand_as(before)
    one, two = permuted(alike, kind, seeded(3))
    assert not torch.equal(one, two), "each gate its own permutation"


@pytest.mark.parametrize("kind", ["cross", "emotion"])
def test_queries_and_emotions_are_permuted_alike(kind: GateKind) -> None:
    before = weights(kind)
    rows = permuted(before, kind, seeded())[0].flatten(1)
    apart = rows - rows[:1]
    assert torch.equal(apart, (before[0].flatten(1) - before[0].flatten(1)[:1]))

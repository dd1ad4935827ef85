from __future__ import annotations

import math

import pytest
import torch

from engine.models.taps import edit_attention, record_attention
from engine.models.vit import SelfAttention


def made(heads: int) -> SelfAttention:
    """Width 4; queries, keys, values and projection the identity, without bias."""
    attention = SelfAttention(4, heads, "block1.attention")
    with torch.no_grad():
        attention.asked.weight.copy_(torch.eye(4).repeat(3, 1))
        attention.project.weight.copy_(torch.eye(4))
        attention.asked.bias.zero_()
        attention.project.bias.zero_()
    return attention


def test_one_head_by_hand() -> None:
    # Cells (2, 0, 0, 0) and 0. The first scores itself 2 · 2 / √4 = 2 and the other 0; the second scores all 0.
    cells = torch.tensor([[[2.0, 0, 0, 0], [0, 0, 0, 0]]])
    share = math.e**2 / (math.e**2 + 1)
    with record_attention() as gates:
        out = made(1)(cells)
    assert [(gate.layer, gate.kind) for gate in gates] == [("block1.attention", "cross")]
    torch.testing.assert_close(gates[0].weights, torch.tensor([[[share, 1 - share], [0.5, 0.5]]]))
    torch.testing.assert_close(out, torch.tensor([[[2 * share, 0, 0, 0], [1.0, 0, 0, 0]]]))


def test_each_head_asks_with_its_own_channels_by_hand() -> None:
    # The first head sees (2, 0) and (0, 0), the second only zeros: scores 2 · 2 / √2 and 0.
    cells = torch.tensor([[[2.0, 0, 0, 0], [0, 0, 0, 0]]])
    share = math.exp(4 / math.sqrt(2)) / (math.exp(4 / math.sqrt(2)) + 1)
    with record_attention() as gates:
        made(2)(cells)
    rows = torch.tensor([[[share, 1 - share], [0.5, 0.5], [0.5, 0.5], [0.5, 0.5]]])
    torch.testing.assert_close(gates[0].weights, rows)


def test_it_is_torchs_own_attention() -> None:
    torch.manual_seed(0)
    attention, cells = SelfAttention(12, 3, "a"), torch.randn(2, 9, 12)
    theirs = torch.nn.MultiheadAttention(12, 3, batch_first=True)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(attention.asked.weight)
        theirs.in_proj_bias.copy_(attention.asked.bias)
        theirs.out_proj.weight.copy_(attention.project.weight)
        theirs.out_proj.bias.copy_(attention.project.bias)
    with record_attention() as gates:
        out = attention(cells)
    wanted, weights = theirs(cells, cells, cells, average_attn_weights=False)
    torch.testing.assert_close(out, wanted)
    torch.testing.assert_close(gates[0].weights, weights.flatten(1, 2))


def test_an_edit_reaches_the_output_head_by_head() -> None:
    """Row head · n + cell is what that head gathers for that cell, into the head's own channels."""
    cells = torch.arange(12.0).view(1, 3, 4)

    def only_row_four_and_cell_two(weights: torch.Tensor) -> torch.Tensor:
        edited = torch.zeros_like(weights)
        edited[:, 4, 2] = 1.0  # head 1 of 2, cell 1 of 3
        return edited

    with edit_attention({"block1.attention": only_row_four_and_cell_two}):
        out = made(2)(cells)
    wanted = torch.zeros(1, 3, 4)
    wanted[0, 1, 2:] = cells[0, 2, 2:]
    assert torch.equal(out, wanted)


def test_heads_that_do_not_fit_are_refused() -> None:
    for heads in (0, 3):
        with pytest.raises(ValueError, match="multiple of the heads"):
            SelfAttention(4, heads, "a")

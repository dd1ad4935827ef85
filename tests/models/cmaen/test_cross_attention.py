from __future__ import annotations

import math

import torch

from engine.models.cmaen.attention import CrossModalAttention
from engine.models.taps import edit_attention, record_attention


def made(width: int = 4) -> CrossModalAttention:
    """Every projection the identity, without bias."""
    cross = CrossModalAttention(width, width, width)
    with torch.no_grad():
        for conv in (cross.project, cross.project_asked):
            conv.weight.copy_(torch.eye(width).view(width, width, 1, 1))
            conv.bias.zero_()  # type: ignore[union-attr]
        for linear in (cross.query, cross.key, cross.value):
            linear.weight.copy_(torch.eye(width))
            linear.bias.zero_()
    return cross


def test_at_the_start_the_projection_alone() -> None:
    torch.manual_seed(0)
    cross = CrossModalAttention(6, 10, 8)
    assert cross.gamma is not None
    assert cross.gamma.tolist() == [0.0]
    asking, asked = torch.randn(2, 6, 5, 5), torch.randn(2, 10, 3, 3)
    assert torch.equal(cross(asking, asked), cross.project(asking))


def test_gamma_begins_where_it_is_told_and_a_projection_can_be_lost() -> None:
    torch.manual_seed(0)
    cross = CrossModalAttention(6, 10, 8, gamma_start=0.5)
    assert cross.gamma is not None
    assert cross.gamma.tolist() == [0.5]
    asking, asked = torch.randn(2, 6, 5, 5), torch.randn(2, 10, 3, 3)
    whole, own = cross(asking, asked), cross.project(asking)
    assert not torch.allclose(whole, own)
    lost = cross(asking, asked, torch.tensor([1.0, 0.0]).view(2, 1, 1, 1))
    torch.testing.assert_close(lost[0], whole[0])
    torch.testing.assert_close(lost[1], whole[1] - own[1])


def test_attention_by_hand() -> None:
    cross = made()
    assert cross.gamma is not None
    with torch.no_grad():
        cross.gamma.fill_(0.5)
    # One query cell (2, 0, 0, 0); two key cells e1 and e2. Scores 2 / sqrt(4) = 1 and 0.
    asking = torch.tensor([2.0, 0, 0, 0]).view(1, 4, 1, 1)
    asked = torch.tensor([[1.0, 0], [0, 1], [0, 0], [0, 0]]).view(1, 4, 1, 2)
    share = math.e / (math.e + 1)
    with record_attention() as gates:
        out = cross(asking, asked)
    torch.testing.assert_close(gates[0].weights, torch.tensor([[[share, 1 - share]]]))
    torch.testing.assert_close(out.flatten(), torch.tensor([2 + 0.5 * share, 0.5 * (1 - share), 0.0, 0.0]))


def test_each_grid_is_its_own_and_rows_sum_to_one() -> None:
    torch.manual_seed(1)
    cross = CrossModalAttention(6, 10, 8)
    with record_attention() as gates:
        out = cross(torch.randn(2, 6, 6, 6), torch.randn(2, 10, 2, 3))
    assert out.shape == (2, 8, 6, 6)
    assert [(gate.layer, gate.kind) for gate in gates] == [("cross", "cross")]
    assert gates[0].weights.shape == (2, 36, 6)
    torch.testing.assert_close(gates[0].weights.sum(-1), torch.ones(2, 36))


def test_cells_are_read_row_by_row() -> None:
    """A query at row r, column c is line r * w + c of the map, and its answer lands in that cell."""
    cross = made()
    assert cross.gamma is not None
    with torch.no_grad():
        cross.gamma.fill_(1.0)
        asked = torch.randn(1, 4, 2, 2)
        asking = torch.zeros(1, 4, 2, 3)

        def only_line_four_sees_cell_two(weights: torch.Tensor) -> torch.Tensor:
            made_up = torch.zeros_like(weights)
            made_up[:, 4, 2] = 1.0
            return made_up

        with edit_attention({"cross": only_line_four_sees_cell_two}):
            out = cross(asking, asked)
    torch.testing.assert_close(out[0, :, 1, 1], asked[0, :, 1, 0])
    assert float(out[0].abs().sum() - out[0, :, 1, 1].abs().sum()) == 0.0


def test_gradient_reaches_gamma_first_and_then_everything() -> None:
    torch.manual_seed(2)
    cross = CrossModalAttention(6, 10, 8)
    assert cross.gamma is not None
    asking, asked = torch.randn(2, 6, 5, 5), torch.randn(2, 10, 3, 3)
    cross(asking, asked).square().sum().backward()
    assert cross.gamma.grad is not None
    assert float(cross.gamma.grad.abs()) > 0
    with torch.no_grad():
        cross.gamma.fill_(0.3)
    cross.zero_grad()
    cross(asking, asked).square().sum().backward()
    # A key's bias moves all scores of a query alike, which a softmax does not see.
    grads = {name: float(p.grad.abs().sum()) for name, p in cross.named_parameters() if p.grad is not None}
    assert [name for name, p in cross.named_parameters() if grads.get(name, 0.0) < 1e-4] == ["key.bias"]


def test_switched_off_is_the_projection() -> None:
    cross = CrossModalAttention(6, 10, 8, attend=False)
    x = torch.randn(1, 6, 3, 3)
    with record_attention() as gates:
        assert torch.equal(cross(x, torch.randn(1, 10, 2, 2)), cross.project(x))
    assert gates == []
    assert [name for name, _ in cross.named_parameters()] == ["project.weight", "project.bias"]

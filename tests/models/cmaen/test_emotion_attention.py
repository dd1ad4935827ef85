from __future__ import annotations

import pytest
import torch

from engine.models.cmaen.attention import EmotionAttention
from engine.models.taps import record_attention


def test_both_gates_by_hand() -> None:
    attention = EmotionAttention(1, 2, reduction=1, kernel=1)
    with torch.no_grad():
        for conv in (attention.squeeze, attention.excite, attention.spatial):
            conv.weight.zero_()
            conv.bias.zero_()  # type: ignore[union-attr]
        attention.squeeze.weight[:] = torch.tensor([1.0, 2.0]).view(2, 1, 1, 1)
        attention.excite.weight[:] = torch.tensor([1.0, -1.0]).view(2, 1, 1, 1)
        attention.spatial.weight[0] = torch.tensor([1.0, 0.0]).view(2, 1, 1)  # emotion 0 looks at the maximum
        attention.spatial.weight[1] = torch.tensor([0.0, 3.0]).view(2, 1, 1)  # emotion 1 at three times the mean
    x = torch.tensor([[[[1.0, 3.0]]]])  # mean 2
    channel = torch.sigmoid(torch.tensor([2.0, -4.0]))
    gated = torch.stack([channel[0] * x[0], channel[1] * x[0]])
    expected = torch.stack([gated[0] * torch.sigmoid(gated[0]), gated[1] * torch.sigmoid(3 * gated[1])])
    torch.testing.assert_close(attention(x)[0], expected)


def test_pooled_is_the_average_of_the_gated_copies_and_so_are_its_gradients() -> None:
    torch.manual_seed(0)
    attention = EmotionAttention(16, 3, reduction=4).double()
    x = torch.randn(2, 16, 5, 4, dtype=torch.float64, requires_grad=True)
    # As CBAM's formulas read, nothing shared with the module but its weights.
    channel = attention.channel_gates(x)
    copies = x[:, None] * channel
    seen = torch.stack([copies.amax(dim=2), copies.mean(dim=2)], dim=2).flatten(1, 2)
    by_formula = copies * torch.sigmoid(attention.spatial(seen))[:, :, None]
    torch.testing.assert_close(attention(x), by_formula)
    slow, fast = by_formula.mean(dim=(3, 4)), attention.pooled(x)
    torch.testing.assert_close(fast, slow)
    wanted = [x, *attention.parameters()]
    for a, b in zip(
        torch.autograd.grad(fast.sin().sum(), wanted), torch.autograd.grad(slow.sin().sum(), wanted), strict=True
    ):
        torch.testing.assert_close(a, b)


def test_one_emotions_weights_move_its_own_map_alone() -> None:
    torch.manual_seed(0)
    attention = EmotionAttention(16, 3, reduction=4)
    x = torch.randn(2, 16, 5, 5)
    before = attention(x)
    with torch.no_grad():
        attention.spatial.weight[1] += 1.0
    after = attention(x)
    assert torch.equal(before[:, [0, 2]], after[:, [0, 2]])
    assert not torch.allclose(before[:, 1], after[:, 1])


def test_taps() -> None:
    with record_attention() as gates:
        out = EmotionAttention(16, 3)(torch.randn(2, 16, 6, 6))
    assert out.shape == (2, 3, 16, 6, 6)
    assert [(gate.layer, gate.kind, tuple(gate.weights.shape)) for gate in gates] == [
        *((f"emotion.class{k}.channel", "channel", (2, 16)) for k in range(3)),
        ("emotion.spatial", "emotion", (2, 3, 6, 6)),
    ]


def test_an_even_kernel_is_refused() -> None:
    with pytest.raises(ValueError, match="must be odd"):
        EmotionAttention(16, 3, kernel=4)

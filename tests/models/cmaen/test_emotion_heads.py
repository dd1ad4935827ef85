from __future__ import annotations

import torch

from engine.models.cmaen.net import EmotionHeads


def test_each_head_reads_its_own_features() -> None:
    torch.manual_seed(0)
    heads = EmotionHeads(8, 3, hidden=4, dropout=0.5).eval()
    pooled = torch.randn(2, 3, 8)
    before = heads(pooled)
    assert before.shape == (2, 3)
    pooled[:, 1] += torch.randn(8)
    after = heads(pooled)
    assert torch.equal(before[:, [0, 2]], after[:, [0, 2]])
    assert not torch.allclose(before[:, 1], after[:, 1])


def test_a_head_by_hand() -> None:
    heads = EmotionHeads(2, 1, hidden=2, dropout=0.0)
    with torch.no_grad():
        first, _, _, _, last = heads.heads[0]
        first.weight.copy_(torch.eye(2))
        first.bias.zero_()
        last.weight.copy_(torch.tensor([[5.0, 7.0]]))
        last.bias.fill_(1.0)
    # (4, 2): normalised (1, -1), relu (1, 0), 5 + 1.
    torch.testing.assert_close(heads(torch.tensor([[[4.0, 2.0]]])), torch.tensor([[6.0]]), rtol=1e-4, atol=1e-4)

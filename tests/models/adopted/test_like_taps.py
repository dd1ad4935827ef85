"""Edits and their gradients through gates that were found equal those through taps that are built in, kind by kind."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from engine.models.adopted.network import adopt
from engine.models.taps import AttentionTap, edit_attention
from engine.records import InputSpec
from tests.models.adopted.made_nets import (
    CLASSES,
    Bottleneck,
    Coordinate,
    EfficientChannel,
    Kept,
    SelectiveKernel,
    Tokens,
)

WIDE = InputSpec(size=32, columns=48, channels=1, mean=(0.5,), std=(0.25,))


class TappedChannel(EfficientChannel):
    def middle(self, x: Tensor) -> Tensor:
        y = self.conv(x.mean((2, 3), keepdim=True).squeeze(-1).transpose(-1, -2))
        return x * self.taps[0](self.sigmoid(y.transpose(-1, -2).unsqueeze(-1)))


class TappedCoordinate(Coordinate):
    def middle(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        both = torch.cat([x.mean(3, keepdim=True), x.mean(2, keepdim=True).permute(0, 1, 3, 2)], dim=2)
        high, wide = self.conv(both).relu().split([height, width], dim=2)
        rows, columns = self.rows(high).sigmoid(), self.columns(wide.permute(0, 1, 3, 2)).sigmoid()
        return x * self.taps[0](columns) * self.taps[1](rows)


class TappedBottleneck(Bottleneck):
    def middle(self, x: Tensor) -> Tensor:
        gate = 1 + torch.sigmoid(self.channel(x.mean((2, 3)))[:, :, None, None].expand_as(x) + self.place(x))
        return self.taps[0](gate) * x


class TappedBranches(SelectiveKernel):
    def middle(self, x: Tensor) -> Tensor:
        both = torch.stack([self.small(x), self.large(x)], dim=1)
        gate = self.choose(both.sum(1).mean((2, 3))).view(len(x), 2, 8).softmax(dim=1)
        return (both * self.taps[0](gate)[..., None, None]).sum(1)


class TappedTokens(Tokens):
    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        weights = (q * q.shape[-1] ** -0.5 @ k.transpose(-2, -1)).softmax(dim=-1)
        return self.taps[0](weights) @ v


PAIRS: dict[str, tuple[type[Kept], type[Kept]]] = {
    "channel": (EfficientChannel, TappedChannel),
    "rows and columns": (Coordinate, TappedCoordinate),
    "full": (Bottleneck, TappedBottleneck),
    "branch": (SelectiveKernel, TappedBranches),
    "cross": (Tokens, TappedTokens),
}


def bent(weights: Tensor) -> Tensor:
    """Another value of each weight, whatever their order; its slope is another at each, too."""
    return weights.square() + 0.25 * weights + 0.1


@pytest.mark.parametrize("kind", PAIRS)
def test_edits_and_gradients_equal_those_of_taps(kind: str) -> None:
    plain, tapped = PAIRS[kind]
    torch.manual_seed(5)
    adopted = adopt(plain().eval(), WIDE, CLASSES)
    gates = adopted.findings.gates
    twin = tapped().eval()
    twin.load_state_dict(copy.deepcopy(adopted.net.state_dict()))
    twin.taps = nn.ModuleList(AttentionTap(f"gate{number}", gate.kind) for number, gate in enumerate(gates))
    for number, gate in enumerate(gates):
        results = []
        for net, name in ((adopted, gate.name), (twin, f"gate{number}")):
            x = torch.randn(3, 1, 32, 48, generator=torch.Generator().manual_seed(1)).requires_grad_()
            with edit_attention({name: bent}):
                answer = net(x)
            (gradient,) = torch.autograd.grad(answer[:, 1].sum(), x)
            results.append((answer.detach(), gradient))
        torch.testing.assert_close(results[0][0], results[1][0], rtol=0, atol=1e-6)
        torch.testing.assert_close(results[0][1], results[1][1], rtol=1e-5, atol=1e-7)
        with torch.no_grad():
            assert not torch.allclose(results[0][0], twin(x), atol=1e-4), "the edit changes the answer"

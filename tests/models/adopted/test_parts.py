"""What a network of others is taken apart into: by the names of its weights, in the order of their use."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.models.adopted.parts import grouped, part_names, used_by


def test_a_part_is_what_the_outermost_module_holds() -> None:
    names = (
        "conv1.weight",
        "layer1.0.conv.weight",
        "layer1.1.conv.weight",
        "layer2.conv.weight",
        "fc.weight",
        "fc.bias",
    )
    assert part_names(names) == ("conv1", "layer1", "layer1", "layer2", "fc", "fc")


def test_what_has_more_than_half_of_the_weights_is_opened() -> None:
    names = ("net.stem.weight", *(f"net.blocks.{n}.{kind}.weight" for n in range(3) for kind in "abc"), "head.weight")
    assert part_names(names) == ("net.stem", *(f"net.blocks.{n}" for n in range(3) for _ in "abc"), "head")
    assert part_names(("scale", "deep.scale", "deep.er.weight", "deep.er.bias")) == (
        "scale",
        "deep",
        "deep.er",
        "deep.er",
    )
    assert part_names(("only.one.weight",)) == ("only.one",)
    assert part_names(("weight", "bias")) == ("weight", "bias")


class Odd(nn.Module):
    """Uses its weights in another order than it has them, one as no module's, one never."""

    def __init__(self) -> None:
        super().__init__()
        self.last, self.never, self.scale = nn.Linear(4, 2), nn.Linear(9, 9), nn.Parameter(torch.ones(4))
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        x = x * self.scale
        out: Tensor = self.last(self.attention(x, x, x)[0] + x @ self.last.weight.T @ self.last.weight)
        return out


def test_weights_in_the_order_in_which_a_pass_takes_them() -> None:
    net = Odd().eval()
    found = used_by(net, torch.randn(1, 3, 4))
    assert tuple(grouped(found)) == ("scale", "attention", "attention.out_proj", "last")
    assert sum(len(part) for part in grouped(found).values()) == 7

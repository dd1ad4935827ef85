"""The parts of a network of others, by its own names, in the order in which a pass uses their weights.

A stored network has no modules, and a live one may call none of those it has: what both have is weights with paths,
and operations that take them. So a part is a stretch of paths: ``layer3`` has all weights whose names begin so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from engine.models.adopted.operations import Arguments, Keywords, tensors


class _Uses(TorchFunctionMode):
    """Notes every weight that an operation takes, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.weights: dict[int, None] = {}

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Arguments = (), kwargs: Keywords | None = None
    ) -> Any:
        """Run the operation."""
        for tensor in tensors((args, kwargs)):
            if isinstance(tensor, nn.Parameter):
                self.weights[id(tensor)] = None
        return func(*args, **(kwargs or {}))


@torch.no_grad()
def used_by(net: nn.Module, x: Tensor) -> dict[str, nn.Parameter]:
    """Return the trained weights of a live network by name, in the order in which a pass first takes them.

    Args:
        net: in eval mode. x: what it takes.
    """
    named = {id(weights): (name, weights) for name, weights in net.named_parameters()}
    with _Uses() as uses:
        net(x)
    return dict(named[key] for key in uses.weights if key in named)


def part_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return for each weight the part that it belongs to.

    Parts are what the network's outermost module holds; one that has more than half of all weights is opened, and what
    it holds are parts in its place, until there is none. So a ``layer3`` stays whole, while ``backbone`` does not, nor
    ``blocks``, where a transformer has nearly everything.

    Args:
        names: paths of weights with dots, for example ``layer1.0.conv1.weight``.
    """
    part = dict.fromkeys(names, "")
    closed: set[str] = set()
    while True:
        counts = Counter(part.values())
        large = [one for one, count in counts.items() if one not in closed and (not one or 2 * count > len(names))]
        if not large:
            return tuple(part[name] for name in names)
        opened = large[0]
        start = len(opened) + 1 if opened else 0
        for name in [name for name, one in part.items() if one == opened]:
            inner, dot, _ = name[start:].partition(".")
            # a weight of its own, as a class token, goes by its name where nothing else is there to name
            part[name] = f"{opened}.{inner}".lstrip(".") if dot else opened or name
        closed.update((opened, *names))


def grouped(weights: Mapping[str, nn.Parameter]) -> dict[str, tuple[nn.Parameter, ...]]:
    """Return part → its weights; parts in the order of their first weight."""
    parts: dict[str, list[nn.Parameter]] = {}
    for part, one in zip(part_names(tuple(weights)), weights.values(), strict=True):
        parts.setdefault(part, []).append(one)
    return {part: tuple(held) for part, held in parts.items()}

"""Which layers to offer for gradient maps, and which of them first.

A layer that the answer does not follow is none to explain at: behind the last attention of a transformer with a class
token the other tokens are thrown away, and a gradient map there is blank. So the gradient of every layer is looked at
once. Of the rest one layer a grid is offered, the last one of those that lie in the fewest others; where there are but
one or two grids, as in transformers, the blocks around each attention. The last is the default, and it lies behind the
last gate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import torch
from torch import Tensor, nn

from engine.errors import NetworkError
from engine.models.adopted.answer import answer_of
from engine.models.adopted.findings import Findings, FoundGate, FoundLayer, Step
from engine.models.adopted.watch import Watch

FEW_GRIDS: Final = 2
"""With so many grids or fewer, blocks are offered instead of grids."""


NO_GRADIENT: Final = (
    "No gradient of the network's answer can be taken: its forward runs under torch.no_grad(), detaches what it "
    "computes, or is quantised. Open it without that; every map follows the gradient."
)


class _Keep(nn.Module):
    """Keeps what passes, and passes a copy on: what follows may work in place."""

    def forward(self, x: Tensor) -> Tensor:
        self.kept = x
        return x.clone()


def follow(net: nn.Module, x: Tensor, findings: Findings, classes: int) -> Findings:
    """Return the findings with the layers that are on the way to the answer, each with whether it moves it.

    One forward and one backward pass. A layer whose value is not used as it was returned is left out.

    Args:
        net: in eval mode. x: pictures (B, C, H, W). findings: of them. classes: K.

    Raises:
        NetworkError: no gradient can be taken of its answer.
    """
    keepers = [_Keep() for _ in findings.layers]
    given = x.detach().clone().requires_grad_()
    with torch.enable_grad():
        with Watch(len(x), (), tuple(zip(findings.layers, keepers, strict=True))) as watch:
            answer = answer_of(net(given), classes)
        watch.check_complete()
        reached = [(layer, keeper.kept) for layer, keeper in zip(findings.layers, keepers, strict=True)]
        reached = [(layer, kept) for layer, kept in reached if kept.requires_grad]
        if answer is not None and not answer.requires_grad:
            raise NetworkError(NO_GRADIENT)
        if answer is None or not reached:
            return replace(findings, layers=())
        best = answer.max(dim=1).values.sum()
        gradients = torch.autograd.grad(best, [kept for _, kept in reached], allow_unused=True)
    return replace(
        findings,
        layers=tuple(
            replace(layer, moves=bool((gradient != 0).any()))
            for (layer, _), gradient in zip(reached, gradients, strict=True)
            if gradient is not None
        ),
    )


def offer(findings: Findings) -> Findings:
    """Return the findings with the layers to choose from; see the module."""
    # a network whose last layer still holds zeros, as some begin, is moved by none
    moving = [layer for layer in findings.layers if layer.moves] or list(findings.layers)
    if not moving:
        return replace(findings, offered=())
    depth = _depths(findings.layers)
    attentions = [gate for gate in findings.gates if gate.kind == "cross"]
    grids = list(dict.fromkeys(layer.grid for layer in moving))
    chosen = [_outermost_last([layer for layer in moving if layer.grid == grid], depth) for grid in grids]
    names = {layer.step: layer.name for layer in chosen}
    if len(grids) <= FEW_GRIDS and len(attentions) > 1:
        names |= _blocks(attentions, moving)
        names |= _before_the_last(moving, [layer for layer in moving if layer.step in names])
    last_gate = max((layer.order for layer in findings.layers if layer.name.startswith("after ")), default=0)
    behind = [layer for layer in moving if layer.order >= last_gate]
    if behind and not any(layer.step in names for layer in behind):
        last = _outermost_last(behind, depth)
        names[last.step] = last.name
    return replace(findings, offered=tuple(names[layer.step] for layer in moving if layer.step in names))


def _depths(layers: Sequence[FoundLayer]) -> dict[Step, int]:
    """Return step → how many modules around a layer are layers themselves; what holds several stages does not count."""
    names = {name for layer in layers for name in (layer.name, *layer.also)}
    grids: dict[str, set[tuple[int, int]]] = {}
    for layer in layers:
        for around in _around(layer):
            grids.setdefault(around, set()).add(layer.grid)
    stages = {name for name in names if len(grids.get(name, ())) <= FEW_GRIDS}
    return {layer.step: sum(around in stages for around in _around(layer)) for layer in layers}


def _around(layer: FoundLayer) -> list[str]:
    """Return the paths of the modules that a layer lies in, outermost first."""
    parts = layer.name.removeprefix("after ").partition("#")[0].split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


def _outermost_last(layers: Sequence[FoundLayer], depth: Mapping[Step, int]) -> FoundLayer:
    return max(layers, key=lambda layer: (-depth[layer.step], layer.order))


def _blocks(attentions: Sequence[FoundGate], layers: Sequence[FoundLayer]) -> dict[Step, str]:
    """Return step → name of the outermost layer around each attention that holds no other one."""
    named = {name: layer for layer in layers for name in (layer.name, *layer.also)}
    found: dict[Step, str] = {}
    for gate in attentions:
        parts = gate.module.split(".")
        for depth in range(1, len(parts) + 1):
            path = ".".join(parts[:depth])
            others = [other for other in attentions if other is not gate and f"{other.module}.".startswith(f"{path}.")]
            if not others and path in named:
                found[named[path].step] = path
                break
    return found


def _before_the_last(layers: Sequence[FoundLayer], offered: Sequence[FoundLayer]) -> dict[Step, str]:
    """Return the last layer that has the shape of the last one offered, if it comes after that: what the last
    attention, behind which only its class token counts, is given.
    """
    last = max(offered, key=lambda layer: layer.order)
    after = [layer for layer in layers if layer.order > last.order and layer.shape == last.shape]
    return {after[-1].step: after[-1].name} if after else {}

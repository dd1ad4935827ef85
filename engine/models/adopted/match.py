"""The gates and layers of a live network, found again in its graph: the nodes where the same numbers pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import torch
from torch import Tensor, nn

from engine.errors import NetworkError
from engine.models.adopted.findings import FUSED_OPERAND, Findings, FoundGate, FoundLayer, Step
from engine.models.adopted.fused import attended
from engine.models.adopted.graph import Graph, Node
from engine.models.adopted.graph_operations import resolve
from engine.models.adopted.layout import AttentionLayout, unstretched
from engine.models.adopted.network import AdoptedNetwork
from engine.models.adopted.operations import CONTRACTIONS, factors, operation_name, tensors
from engine.models.adopted.stored import filled, last_uses
from engine.models.adopted.watch import Watch

NEAR: Final = 1e-4
"""How far numbers may differ, relative to the largest, and still be the same."""


class _Seen(nn.Module):
    """Keeps what passed it."""

    def forward(self, x: Tensor) -> Tensor:
        self.kept = x.detach().cpu().float().clone()
        return x


@torch.no_grad()
def matched(live: AdoptedNetwork, graph: Graph, weights: Mapping[str, Tensor], x: Tensor) -> Findings:
    """Return the live network's findings with nodes of the graph for steps.

    Args:
        live: the network. graph: its graph.
        weights: key → tensor of the graph.
        x: two or more pictures (B, C, H, W) float32.

    Raises:
        NetworkError: a gate, or the default layer, is not to be found in the graph.
    """
    gates, layers = _values(live, x)
    wanted_gates, wanted_layers = dict(gates), dict(layers)
    found_gates: dict[str, FoundGate] = {}
    found_layers: dict[str, FoundLayer] = {}
    layers_of = _by_module(live.findings.layers, graph)
    features: Step | None = None
    for node, name, args, kwargs, result in followed(graph, weights, x):
        for gate in live.findings.gates:
            if gate.name in wanted_gates and _near(node.module, gate.module):
                met = _gate_at(node, name, args, kwargs, gate, wanted_gates[gate.name])
                if met is not None:
                    found_gates[gate.name] = met
                    del wanted_gates[gate.name]
                    break  # a factor is one gate
        output = next(tensors(result), None) if isinstance(result, (Tensor, tuple, list)) else None
        for layer in layers_of.get(node.module, ()):
            if (
                output is not None
                and layer.name in wanted_layers
                and _same_map(layer, output, wanted_layers[layer.name])
            ):
                found_layers[layer.name] = replace(layer, step=Step(node.name, 1))
                del wanted_layers[layer.name]
        if name == "linear" and live.findings.features is not None:
            features = Step(node.name, 1)
    lost = [
        *wanted_gates,
        *(name for name in live.findings.offered[-1:] if live.findings.layer(name).name in wanted_layers),
    ]
    if lost:
        raise NetworkError(f"'{lost[0]}' of the network is not to be found in its exported form.")
    there = {name for layer in found_layers.values() for name in (layer.name, *layer.also)}
    return replace(
        live.findings,
        gates=tuple(found_gates[gate.name] for gate in live.findings.gates),
        layers=tuple(found_layers[layer.name] for layer in live.findings.layers if layer.name in found_layers),
        offered=tuple(name for name in live.findings.offered if name in there),
        features=features,
    )


def _by_module(layers: Sequence[FoundLayer], graph: Graph) -> dict[str, list[FoundLayer]]:
    """Return module → the layers that may be what an operation of it answers: those of the modules around it."""
    names = {layer: {layer.name.partition("#")[0], *layer.also} for layer in layers}
    found: dict[str, list[FoundLayer]] = {}
    for module in {node.module for node in graph.nodes}:
        parts = module.split(".")
        around = {".".join(parts[:end]) for end in range(1, len(parts) + 1)}
        found[module] = [layer for layer in layers if layer.kind == "gate" or names[layer] & around]
    return found


def _values(live: AdoptedNetwork, x: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return gate → weights as its tap sees them, and layer → map (B, C, h, w), of one pass."""
    findings = live.findings
    gates = [(gate, _Seen()) for gate in findings.gates]
    layers = [(layer, _Seen()) for layer in findings.layers]
    given = x.to(next(live.net.parameters())).contiguous()
    with Watch(len(x), gates, layers) as watch:
        live.net(given)
    watch.check_complete()
    return {gate.name: seen.kept for gate, seen in gates}, {layer.name: seen.kept for layer, seen in layers}


def followed(
    graph: Graph, weights: Mapping[str, Tensor], x: Tensor
) -> Iterator[tuple[Node, str, tuple[Any, ...], dict[str, Any], Any]]:
    """Yield (node, operation's name, arguments, keywords, result) of a graph's pass."""
    known: dict[str, Any] = {graph.picture: x.clone(), **{name: weights[key] for name, key in graph.holds.items()}}
    for node, dropped in zip(graph.nodes, last_uses(graph), strict=True):
        run = resolve(node.op)
        args = tuple(filled(value, known, "cpu") for value in node.args)
        kwargs = {key: filled(value, known, "cpu") for key, value in node.kwargs.items()}
        before = tuple(value.clone() if isinstance(value, Tensor) else value for value in args[:1]) + args[1:]
        known[node.name] = run(*args, **kwargs)
        yield node, operation_name(run), before, kwargs, known[node.name]
        for name in dropped:
            del known[name]


def _near(module: str, gate: str) -> bool:
    """Whether a node's module is the gate's, or lies in it."""
    return not gate or module == gate or module.startswith(f"{gate}.")


def _same(one: Tensor, other: Tensor) -> bool:
    if one.shape != other.shape:
        return False
    first = (one.flatten()[:64].float() - other.flatten()[:64]).abs().max()  # most differ there already
    if bool(first > NEAR * other.abs().max().clamp(min=1e-12)):
        return False
    return bool((one.float() - other).abs().max() <= NEAR * other.abs().max().clamp(min=1e-12))


def _gate_at(  # noqa: C901 - one way a form of gate
    node: Node, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], gate: FoundGate, wanted: Tensor
) -> FoundGate | None:
    """Return the gate at this node, if it is here."""
    pictures = len(wanted)
    if name == "scaled_dot_product_attention" and gate.kind == "cross":
        seen: list[Tensor] = []

        def keep(weights: Tensor) -> Tensor:
            seen.append(weights)
            return weights

        attended(name, args, kwargs, keep)
        layout = AttentionLayout(-1)
        same = _same(layout.to_tap(seen[0], pictures), wanted)
        return replace(gate, step=Step(node.name, 1), operand=FUSED_OPERAND, layout=layout) if same else None
    pair = factors(name, args, kwargs)
    if pair is None:
        return None
    for operand, value in enumerate(pair):
        if isinstance(gate.layout, AttentionLayout):
            axis = (-1 if operand == 0 else -2) if name in CONTRACTIONS else gate.layout.axis
            layout = AttentionLayout(axis)
            fits = value.ndim >= 3 and value.numel() == wanted.numel() and value.shape[0] % pictures == 0
            if fits and _same(layout.to_tap(value, pictures), wanted):
                return replace(gate, step=Step(node.name, 1), operand=operand, layout=layout)
        elif operand == gate.operand:
            native = unstretched(value, gate.stretched)
            if native.ndim == gate.layout.axes and native.numel() >= wanted.numel():  # class tokens too
                try:
                    shown = gate.layout.to_tap(native)
                except (RuntimeError, IndexError, ValueError):
                    continue
                if _same(shown, wanted):
                    return replace(gate, step=Step(node.name, 1))
    return None


def _same_map(layer: FoundLayer, output: Tensor, wanted: Tensor) -> bool:
    if output.ndim != len(layer.arrangement.axes) or output.numel() < wanted.numel():
        return False
    try:
        shown = layer.arrangement.laid_out(output).reshape(wanted.shape)
    except (RuntimeError, IndexError, ValueError):
        return False
    return _same(shown, wanted)

"""A stored network at work: its graph is followed node by node, with taps and layers where they were found.

No code of the network is there, and no function mode is needed: the node of each gate is known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn

from engine.errors import NetworkError
from engine.models.adopted.answer import as_logits
from engine.models.adopted.findings import FUSED_OPERAND, Findings, FoundGate, FoundLayer
from engine.models.adopted.fused import attended
from engine.models.adopted.graph import Graph, Node
from engine.models.adopted.graph_operations import RETURNING_LISTS, resolve
from engine.models.adopted.graph_rules import Here, Ref
from engine.models.adopted.network import AdoptedModel, LayerPoint
from engine.models.adopted.operations import factors, operation_name, tensors, with_factor
from engine.models.adopted.watch import through_point, through_tap
from engine.models.taps import is_listening, record_attention

MOST_AT_ONCE: Final = 2**28
"""Numbers in one result of an operation, for one picture."""
MOST_TOGETHER: Final = 2**34
"""Numbers in all results together, for one picture."""
MOST_PARTS: Final = 4096
"""Results of one operation that answers with several."""


class Weights(nn.Module):
    """A node in the tree of weights, named as the network named its modules."""


def _put(root: nn.Module, key: str, value: Tensor, *, trained: bool) -> tuple[nn.Module, str]:
    """Hang a tensor into the tree; returns where: its holder and its name there."""
    *path, last = key.split(".")
    for part in path:
        if not hasattr(root, part):
            root.add_module(part, Weights())
        root = root.get_submodule(part)
    if trained:
        root.register_parameter(last, nn.Parameter(value))
    else:
        root.register_buffer(last, value)
    return root, last


class StoredNetwork(AdoptedModel):
    """A network that was stored as a graph.

    Args:
        graph: as :func:`engine.models.adopted.graph.read_graph` gives it, checked by :func:`check_sizes`.
        findings: gates and layers, whose steps are nodes by name.
        tensors: key → its tensor.
    """

    def __init__(self, graph: Graph, findings: Findings, tensors: Mapping[str, Tensor]) -> None:
        super().__init__(findings)
        self.graph = graph
        self.weights = Weights()
        at = {key: _put(self.weights, key, tensors[key], trained=graph.tensors[key].trained) for key in graph.tensors}
        self._held = [(name, *at[key]) for name, key in graph.holds.items()]
        self._run = [resolve(node.op) for node in graph.nodes]
        self._last = last_uses(graph)
        # by number: whoever exports the network puts other modules into the taps' places
        self._gates: dict[str, list[tuple[FoundGate, int]]] = {}
        for number, gate in enumerate(findings.gates):
            self._gates.setdefault(gate.step.operation, []).append((gate, number))
        self._layers: dict[str, list[tuple[FoundLayer, LayerPoint]]] = {}
        for layer, point in zip(findings.layers, self.points, strict=True):
            if isinstance(point, LayerPoint):
                self._layers.setdefault(layer.step.operation, []).append((layer, point))

    def weights_in_order(self, _x: Tensor) -> dict[str, nn.Parameter]:
        """Return the trained weights by the network's own names, in the order in which its graph first uses them."""
        keys = [
            self.graph.holds[name] for node in self.graph.nodes for name in _names(node) if name in self.graph.holds
        ]
        trained = dict.fromkeys(key for key in keys if self.graph.tensors[key].trained)
        return {key: self.weights.get_parameter(key) for key in trained}

    def forward(self, x: Tensor) -> Tensor:
        """Map normalised pictures (B, C, H, W) to logits (B, K) float32."""
        first = next(self.parameters())
        # a copy in plain order: some networks work in place, or flatten with .view
        given = x.to(first.dtype).clone(memory_format=torch.contiguous_format)
        listening = is_listening() or torch.compiler.is_compiling()
        known: dict[str, Any] = {self.graph.picture: given}
        known |= {name: getattr(holder, own) for name, holder, own in self._held}
        feature_step = self.findings.features
        for number, (node, run) in enumerate(zip(self.graph.nodes, self._run, strict=True)):
            args = tuple(filled(value, known, first.device) for value in node.args)
            kwargs = {key: filled(value, known, first.device) for key, value in node.kwargs.items()}
            if feature_step is not None and node.name == feature_step.operation and self.features is not None:
                args = (self.features(args[0]), *args[1:])
            result = None
            if listening and node.name in self._gates:
                result, args, kwargs = self._gated(node.name, operation_name(run), args, kwargs, x.shape[0])
            if result is None:
                result = run(*args, **kwargs)
            for layer, point in self._layers.get(node.name, ()):
                if point.is_watched:
                    output = next(tensors(result))
                    changed = through_point(point, layer.arrangement, layer.grid, output)
                    if changed is not output:
                        result = (changed, *result[1:]) if isinstance(result, (tuple, list)) else changed
            known[node.name] = result
            for name in self._last[number]:
                del known[name]
        answer: Tensor = known[self.graph.output]
        return as_logits(answer, self.graph.answer)

    def _gated(
        self, node: str, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], pictures: int
    ) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
        """Pass a node's gates through their taps; returns (the result where it is known by that, arguments)."""
        for gate, number in self._gates[node]:
            tap = self.taps[number]
            if gate.operand == FUSED_OPERAND:

                def through(weights: Tensor, gate: FoundGate = gate, tap: nn.Module = tap) -> Tensor:
                    return through_tap(tap, gate, weights, pictures)

                return attended(name, args, kwargs, through), args, kwargs
            pair = factors(name, args, kwargs)
            if pair is not None:
                edited = through_tap(tap, gate, pair[gate.operand], pictures)
                if edited is not pair[gate.operand]:
                    args, kwargs = with_factor(name, args, kwargs, gate.operand, edited)
        return None, args, kwargs


def _names(node: Node) -> list[str]:
    """Return the earlier nodes that a node speaks of."""
    found: list[str] = []

    def look(value: Any) -> None:
        if isinstance(value, Ref):
            found.append(value.name)
        elif isinstance(value, (list, tuple)):
            for item in value:
                look(item)

    look(node.args)
    look(list(node.kwargs.values()))
    return found


def last_uses(graph: Graph) -> list[list[str]]:
    """Return for each node which results nobody asks for after it."""
    last: dict[str, int] = {}
    for number, node in enumerate(graph.nodes):
        last[node.name] = number
        for name in _names(node):
            last[name] = number
    dropped: list[list[str]] = [[] for _ in graph.nodes]
    for name, number in last.items():
        if name != graph.output:
            dropped[number].append(name)
    return dropped


def filled(value: Any, known: Mapping[str, Any], device: torch.device | str) -> Any:
    """Return an argument with what it speaks of in its place."""
    if isinstance(value, Ref):
        return known[value.name]
    if isinstance(value, Here):
        return device
    return [filled(item, known, device) for item in value] if isinstance(value, list) else value


def _too_much(node: Node, what: str) -> NetworkError:
    return NetworkError(
        f"The graph's node '{node.name[:40]}' ({node.op}) {what}; the graph is damaged or was not written by FERLens, "
        "so it is not opened."
    )


def _check_parts(node: Node, run: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Refuse what would give a great many results, before their list is made."""
    name = operation_name(run)
    if name.strip("_") not in RETURNING_LISTS or not args or not isinstance(args[0], Tensor):
        return
    x, rest = args[0], args[1:]
    dim = kwargs.get("dim", (rest[0] if rest else 0) if name == "unbind" else rest[1] if len(rest) > 1 else 0)
    if not isinstance(dim, int) or not -x.ndim <= dim < x.ndim:
        raise _too_much(node, "divides an axis that is not there")
    size = x.shape[dim]
    wanted = rest[0] if rest else None
    if name == "unbind":
        count = size
    elif isinstance(wanted, list):
        count = len(wanted)
    elif isinstance(wanted, int) and wanted > 0:
        count = math.ceil(size / wanted) if "split" in name and name != "tensor_split" else wanted
    else:
        raise _too_much(node, "divides into parts of no size")
    if count > MOST_PARTS:
        raise _too_much(node, f"divides into {count:,} parts")


@torch.no_grad()
def check_sizes(graph: Graph) -> int:
    """Follow a graph with tensors that have a shape and no memory, check what it would take, return its classes K.

    Raises:
        NetworkError: an operation does not take what it is given, or takes too much memory.
    """
    known: dict[str, Any] = {graph.picture: torch.empty((2, *graph.input), device="meta")}
    for name, key in graph.holds.items():
        facts = graph.tensors[key]
        known[name] = torch.empty(facts.shape, dtype=getattr(torch, facts.dtype), device="meta")
    together = 0
    for node in graph.nodes:
        run = resolve(node.op)
        args = [filled(value, known, "meta") for value in node.args]
        kwargs = {key: filled(value, known, "meta") for key, value in node.kwargs.items()}
        _check_parts(node, run, args, kwargs)
        try:
            result = run(*args, **kwargs)
        except (
            RuntimeError,
            TypeError,
            ValueError,
            IndexError,
            NotImplementedError,
            AssertionError,
            OverflowError,
        ) as error:
            raise _too_much(node, f"does not take what it is given ({str(error).splitlines()[0][:80]})") from error
        if isinstance(result, int) and abs(result) > MOST_TOGETHER:
            raise _too_much(node, "gives too large a number")
        for tensor in tensors(result):
            if tensor.device.type != "meta":
                raise _too_much(node, "makes a tensor of its own elsewhere")
            together += tensor.numel()
            if tensor.numel() > 2 * MOST_AT_ONCE or together > 2 * MOST_TOGETHER:
                raise _too_much(node, f"would take {tensor.numel():,} numbers")
        known[node.name] = result
    answer = known[graph.output]
    if not isinstance(answer, Tensor) or answer.ndim != 2 or answer.shape[0] != 2 or not answer.is_floating_point():
        raise NetworkError("The graph's output is no logits (pictures, classes); it is not opened.")
    return int(answer.shape[1])


def check_findings(net: StoredNetwork) -> None:
    """Run a stored network once with every gate and layer looked at.

    Raises:
        NetworkError: one of them is not where the graph says.
    """
    channels, height, width = net.graph.input
    first = next(net.parameters())
    x = torch.zeros(2, channels, height, width, dtype=first.dtype, device=first.device)
    shapes: dict[str, tuple[int, ...]] = {}

    def look(point: nn.Module, _inputs: object, output: Tensor) -> None:
        shapes[str(point.layer)] = tuple(output.shape[1:])

    handles = [point.register_forward_hook(look) for point in net.points]
    try:
        with torch.no_grad(), record_attention() as gates:
            net(x)
    except (RuntimeError, IndexError, ValueError, TypeError, NetworkError) as error:
        raise NetworkError(_MISPLACED.format(f" ({str(error)[:80]})")) from error
    finally:
        for handle in handles:
            handle.remove()
    complete = {gate.layer for gate in gates} == {gate.name for gate in net.findings.gates}
    if not complete or shapes != {layer.name: layer.shape for layer in net.findings.layers}:
        raise NetworkError(_MISPLACED.format(""))


_MISPLACED: Final = (
    "The gates and layers are not where the graph says{}; the graph is damaged or was not written by FERLens, so it is "
    "not opened."
)

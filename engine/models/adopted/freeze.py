"""From a live network to a stored one: ``torch.export``, the graph as data, and the gates found again in it.

An exported program is a list of operations; what is kept of it are their names, arguments and weights
(:mod:`engine.models.adopted.graph`). The gates and layers of the live network are found again by their values: the
node that gives the same numbers for the same pictures. Last, the stored network's logits and gradients are compared
with the live one's, and nothing is kept that differs.
"""

from __future__ import annotations

import io
import json
import logging
import math
import warnings
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn

from engine.errors import NetworkError
from engine.models.adopted.answer import answer_of
from engine.models.adopted.batch import SIZES, merged
from engine.models.adopted.findings_json import to_json
from engine.models.adopted.graph import DAMAGED, FORMAT, VERSION, Graph, read_graph
from engine.models.adopted.graph_operations import PYTHON
from engine.models.adopted.match import matched
from engine.models.adopted.network import AdoptedNetwork, noise
from engine.models.adopted.stored import StoredNetwork, check_sizes
from engine.models.copying import copied
from engine.records import InputSpec

TOLERANCE: Final = 1e-4
"""How far logits, and gradients of the picture, may differ, relative to the largest: rounding, and nothing else."""

_COMPARED: Final = 5
"""Pictures of the comparison: not as many as any export is made with."""
_DROPPED: Final = ("_assert", "sym_constrain_range", "_guards")
_SIZES: Final = {value: key for key, value in PYTHON.items()}


@dataclass(frozen=True, eq=False)
class Frozen:
    """A network as data.

    Attributes:
        document: what ``graph.json`` holds.
        tensors: what ``weights.safetensors`` holds; floating-point ones as float32, on the CPU.
        logits_difference, gradient_difference: the largest from the live network, relative to its largest.
    """

    document: dict[str, Any]
    tensors: dict[str, Tensor]
    logits_difference: float
    gradient_difference: float


def freeze(live: AdoptedNetwork, spec: InputSpec) -> Frozen:
    """Return a live network as data.

    Raises:
        NetworkError: it cannot be exported, holds an operation that is not on the list, or comes out otherwise.
    """
    live = _in_float32(live)
    x = noise(spec, _COMPARED).to(next(live.net.parameters()))
    document, tensors = _exported(live, spec)
    graph = _checked(document)
    findings = matched(live, graph, tensors, x.cpu().float())
    document["found"] = to_json(findings)
    stored = StoredNetwork(read_graph(_written(document)), findings, tensors).eval()
    logits, gradient = _differences(live, stored, x)
    if not (logits <= TOLERANCE and gradient <= TOLERANCE):  # NaN is no agreement
        raise NetworkError(
            "The stored form of this network does not give its own answers: its logits differ by "
            f"{logits:.1e} and its gradients by {gradient:.1e} of the largest; {TOLERANCE:.0e} would be rounding."
        )
    return Frozen(document, tensors, logits, gradient)


def _in_float32(live: AdoptedNetwork) -> AdoptedNetwork:
    """Return a network of half precision as a copy in float32, which is what is stored; any other as it is."""
    types = {value.dtype for value in live.net.state_dict().values() if value.is_floating_point()}
    if types & {torch.float16, torch.bfloat16} and len(types) == 1:
        return AdoptedNetwork(copied(live.net).float(), live.findings, live.answer, live.classes).eval()
    return live


def _written(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


def _checked(document: dict[str, Any]) -> Graph:
    """Return the graph as whoever opens it reads it; what that refuses cannot be stored, and is not damaged."""
    try:
        graph = read_graph(_written(document))
        check_sizes(graph)
    except NetworkError as error:
        raise NetworkError(
            f"This network cannot be stored without its code: {str(error).partition(DAMAGED)[0]}."
        ) from error
    return graph


def _exported(live: AdoptedNetwork, spec: InputSpec) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return the document and the tensors of a network, for batches of any size."""
    like = next(live.net.parameters())
    any_size = ({0: torch.export.Dim("batch", min=1, max=4096)},)
    try:
        program = _program(live.net, live.classes, noise(spec).to(like), any_size)
    except (RuntimeError, ValueError, TypeError) as error:
        if "specialized it to be a constant" not in str(error):
            raise _refused(error) from error
    except Exception as error:  # whatever PyTorch's export raises, of which there is no list
        raise _refused(error) from error
    else:
        return _document(program, live, spec)
    try:
        programs = [_program(live.net, live.classes, noise(spec, size).to(like), None) for size in SIZES]
    except Exception as error:
        raise _refused(error) from error
    (first, tensors), (second, _) = (_document(program, live, spec) for program in programs)
    picture = next(node["name"] for node in first["nodes"] if node.get("holds", "") is None)
    return merged(first, second, picture), tensors


class _Answering(nn.Module):
    """Answers with the logits alone, whatever the network returns them in."""

    def __init__(self, net: nn.Module, classes: int) -> None:
        super().__init__()
        self.net = net
        self.classes = classes

    def forward(self, x: Tensor) -> Tensor | None:
        return answer_of(self.net(x), self.classes)


def _own_name(path: str) -> str:
    """Return a path inside :class:`_Answering` as the network's own."""
    return path.removeprefix("net").removeprefix(".")


def _program(net: nn.Module, classes: int, x: Tensor, sizes: Any) -> torch.export.ExportedProgram:
    noisy = logging.getLogger("torch").level
    try:
        logging.getLogger("torch").setLevel(logging.ERROR)
        # Where an export fails PyTorch prints the whole network, with the places of its files.
        nowhere = io.StringIO()
        with torch.no_grad(), warnings.catch_warnings(), redirect_stdout(nowhere), redirect_stderr(nowhere):
            warnings.simplefilter("ignore")
            return torch.export.export(_Answering(net, classes), (x,), dynamic_shapes=sizes)
    finally:
        logging.getLogger("torch").setLevel(noisy)


def _refused(error: Exception) -> NetworkError:
    said = str(error).strip().splitlines() or [type(error).__name__]
    return NetworkError(
        f"PyTorch cannot export this network ({said[0][:160]}), so it cannot be stored without its code."
    )


def _document(
    program: torch.export.ExportedProgram, live: AdoptedNetwork, spec: InputSpec
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    signature = program.graph_signature
    holds = {one.arg.name: _own_name(one.target) for one in signature.input_specs if one.target is not None}
    state: dict[str, Any] = {
        _own_name(key): value for key, value in {**program.constants, **program.state_dict}.items()
    }
    trained = {_own_name(key) for key in signature.parameters}
    used = _needed(program)
    tensors: dict[str, Tensor] = {}
    nodes: list[dict[str, Any]] = []
    output = ""
    for node in program.graph.nodes:
        if node.op == "placeholder":
            key = holds.get(node.name)
            if key is None:
                nodes.append({"name": node.name, "holds": None})
            elif node.name in used:
                tensors[key] = _kept(state[key])
                nodes.append({"name": node.name, "holds": key})
        elif node.op == "output":
            output = _answer_node(node.args[0])
        elif node.name in used:
            nodes.append(_node(node))
    document = {
        "format": FORMAT,
        "version": VERSION,
        "input": {"channels": spec.channels, "height": spec.height, "width": spec.width},
        "tensors": {
            key: {"shape": list(value.shape), "dtype": _word(value.dtype), "trained": key in trained}
            for key, value in tensors.items()
        },
        "nodes": nodes,
        "output": output,
        "answer": live.answer,
        "found": {},
    }
    return document, tensors


def _needed(program: torch.export.ExportedProgram) -> set[str]:
    """Return the names of the nodes that the answer needs, and of those that write into what it needs."""
    nodes = list(program.graph.nodes)
    wanted: set[str] = set()
    for node in reversed(nodes):
        if node.op == "output":
            wanted.add(_answer_node(node.args[0]))
        writes = node.op == "call_function" and getattr(node.target, "__name__", "").partition(".")[0].endswith("_")
        if (node.name in wanted or writes) and not _is_dropped(node):
            wanted.add(node.name)
            wanted.update(before.name for before in node.all_input_nodes)
    return wanted


def _is_dropped(node: torch.fx.Node) -> bool:
    return node.op == "call_function" and any(word in str(node.target) for word in _DROPPED)


def _answer_node(given: Any) -> str:
    """Return the name of the node that is the network's answer: the first tensor that it returns."""
    if isinstance(given, torch.fx.Node):
        return given.name
    for part in given.values() if isinstance(given, Mapping) else given:
        if isinstance(part, (torch.fx.Node, tuple, list)) and (found := _answer_node(part)):
            return found
    return ""


def _kept(value: Any) -> Tensor:
    """Return a weight as it is stored: float32 where it is a real number, on the CPU, in memory of its own."""
    tensor: Tensor = value.detach()
    return (tensor.float() if tensor.is_floating_point() else tensor).cpu().contiguous().clone()


def _node(node: torch.fx.Node) -> dict[str, Any]:
    if node.op != "call_function":
        raise NetworkError(f"PyTorch exports this network with '{node.op}' in it, which cannot be stored without code.")
    if node.target in _SIZES:
        operation = f"py.{_SIZES[node.target]}"
    elif isinstance(node.target, torch._ops.OpOverload):  # noqa: SLF001 - the class has no public name
        operation = str(node.target)
    else:
        name = getattr(node.target, "__name__", str(node.target))
        raise NetworkError(f"This network uses the operation '{name}', which cannot be stored without its code.")
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    return {
        "name": node.name,
        "op": operation,
        "args": [_packed(value) for value in node.args],
        "kwargs": {key: _packed(value) for key, value in node.kwargs.items() if key != "pin_memory"},
        "module": _own_name(str(stack[-1][0])) if stack else "",
    }


def _word(value: object) -> str:
    return str(value).removeprefix("torch.")


def _packed(value: Any) -> Any:  # noqa: PLR0911 - one way a kind of argument
    if isinstance(value, torch.fx.Node):
        return {"node": value.name}
    if isinstance(value, (list, tuple)):
        return [_packed(item) for item in value]
    if isinstance(value, torch.dtype):
        return {"dtype": _word(value)}
    if isinstance(value, torch.memory_format):
        return {"memory": _word(value)}
    if isinstance(value, torch.device):
        return {"device": True}
    if isinstance(value, torch.layout):
        return None  # strided is what all of them are
    if isinstance(value, float) and not math.isfinite(value):
        return {"number": "inf" if value > 0 else "-inf"}
    if value is None or isinstance(value, (int, float, bool, str)):
        return value
    raise NetworkError(f"This network passes a {type(value).__name__} to an operation, which cannot be stored.")


def _differences(live: AdoptedNetwork, stored: StoredNetwork, x: Tensor) -> tuple[float, float]:
    """Return the largest differences of logits and of the picture's gradients, relative to the largest of each."""
    found = []
    for net, given in ((live, x), (stored, x.cpu().float())):
        point = given.detach().clone().requires_grad_()
        with torch.enable_grad():
            logits = net(point)
            weights = torch.linspace(-1.0, 2.0, logits.shape[1], device=logits.device)
            (gradient,) = torch.autograd.grad((logits * weights).sum(), point)
        found.append((logits.detach().cpu().float(), gradient.cpu().float()))

    def relative(one: Tensor, other: Tensor) -> float:
        return float((one - other).abs().max() / one.abs().max().clamp(min=1e-12))

    (logits, gradient), (own_logits, own_gradient) = found
    return relative(logits, own_logits), relative(gradient, own_gradient)

"""A network as data: ``graph.json``, read and refused before anything is built from it.

The file is JSON of one shape::

    {"format": "ferlens-graph", "version": 1, "input": {"channels": 3, "height": 224, "width": 224},
     "tensors": {"conv1.weight": {"shape": [64, 3, 7, 7], "dtype": "float32", "trained": true}, ...},
     "nodes": [{"name": "w1", "holds": "conv1.weight"}, {"name": "x", "holds": null}, ...,
               {"name": "conv2d", "op": "aten.conv2d.default", "args": [...], "kwargs": {...}, "module": "conv1"}, ...],
     "output": "linear", "answer": "logits", "found": {...}}

An argument is a number, a text, a truth value, null, a list of arguments, or one of ``{"node": NAME}`` (an earlier
node's result), ``{"dtype": NAME}``, ``{"memory": NAME}``, ``{"device": true}`` (the network's own, wherever it is) and
``{"number": "inf" | "-inf"}``. A node speaks of earlier nodes alone, so there can be no cycle.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import torch
from torch.nn import Module

from engine.errors import NetworkError
from engine.models.adopted.answer import Answer
from engine.models.adopted.graph_operations import DTYPES, FORMATS, TEXTS, VIEWS, resolve
from engine.models.adopted.graph_rules import Here, Ref, wrong_call
from engine.records import LARGEST_SIDE

FORMAT: Final = "ferlens-graph"
VERSION: Final = 1
GRAPH: Final = "graph.json"

MOST_BYTES: Final = 64_000_000
MOST_NODES: Final = 20_000
MOST_TENSORS: Final = 20_000
MOST_NUMBERS: Final = 2**31
"""Of all weights together."""
DEEPEST: Final = 4
"""Lists within lists in an argument."""
LONGEST: Final = 256
"""Entries of a list, characters of a text."""
_KEY: Final = re.compile(r"\w+(\.\w+)*", re.ASCII)
LARGEST: Final = 2**40
"""No whole number in an argument is larger, but for THE_END."""
THE_END: Final = 2**63 - 1
"""What a slice ends with that ends where its axis does."""


@dataclass(frozen=True)
class TensorFacts:
    """What a tensor of the weights' file must be; ``trained`` ones are parameters, others buffers."""

    shape: tuple[int, ...]
    dtype: str
    trained: bool


@dataclass(frozen=True)
class Node:
    """One operation.

    Attributes:
        name: unique. op: as :func:`engine.models.adopted.graph_operations.resolve` takes it.
        args, kwargs: with Ref and Here in them, dtypes already turned into torch's.
        module: the path of the module that computes it.
    """

    name: str
    op: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    module: str


@dataclass(frozen=True)
class Graph:
    """A stored network.

    Attributes:
        input: (channels, height, width).
        tensors: key in the weights' file → what it must be.
        holds: node → key of the tensor that it is.
        picture: the node that the pictures are.
        nodes: the operations in order.
        output: the node that is the answer. answer: what that is.
        found: gates and layers, as :mod:`engine.models.adopted.findings_json` reads them.
    """

    input: tuple[int, int, int]
    tensors: Mapping[str, TensorFacts]
    holds: Mapping[str, str]
    picture: str
    nodes: tuple[Node, ...]
    output: str
    answer: Answer
    found: Mapping[str, Any] = field(default_factory=dict)


DAMAGED: Final = "; the graph is damaged or was not written by FERLens, so it is not opened."


def _refuse(what: str) -> NetworkError:
    return NetworkError(f"{what}{DAMAGED}")


def _taken(document: Any, keys: Mapping[str, type | tuple[type, ...]], where: str) -> dict[str, Any]:
    """Return a mapping that has exactly these keys, of these types."""
    if not isinstance(document, dict):
        raise _refuse(f"Expected {where} of {GRAPH} to be a mapping, got {type(document).__name__}")
    missing, other = keys.keys() - document.keys(), document.keys() - keys.keys()
    if missing or other:
        said = (
            f"lacks '{min(missing)}'" if missing else f"has '{str(min(other, key=str))[:40]}', which nothing asks for"
        )
        raise _refuse(f"{where.capitalize()} of {GRAPH} {said}")
    for key, types in keys.items():
        value = document[key]
        if not isinstance(value, types) or (isinstance(value, bool) and types is int):
            raise _refuse(f"'{key}' in {where} of {GRAPH} is of another type than expected")
    return document


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")


def read_graph(data: bytes) -> Graph:
    """Read a graph; nothing is built, and no memory taken but for the description itself.

    Raises:
        NetworkError: it is no graph, of another version, or holds anything that is not on the lists.
    """
    if len(data) > MOST_BYTES:
        raise _refuse(f"Expected {GRAPH} of at most {MOST_BYTES // 1_000_000} MB, got {len(data) // 1_000_000}")
    try:
        raw = json.loads(data, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _refuse(f"{GRAPH} is no JSON ({str(error)[:80]})") from error
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise _refuse(f"Expected {GRAPH} with the format '{FORMAT}'")
    if raw.get("version") != VERSION:
        raise NetworkError(
            f"{GRAPH} is of version {str(raw.get('version'))[:20]}, and this FERLens reads version {VERSION}; "
            "get a newer FERLens, or import the network again."
        )
    keys: dict[str, type | tuple[type, ...]] = {
        "format": str, "version": int, "input": dict, "tensors": dict, "nodes": list, "output": str, "answer": str,
        "found": dict,
    }  # fmt: skip
    document = _taken(raw, keys, "the top")
    sides = _taken(document["input"], {"channels": int, "height": int, "width": int}, "the input")
    if sides["channels"] not in (1, 3) or not all(1 <= sides[side] <= LARGEST_SIDE for side in ("height", "width")):
        raise _refuse(f"Expected an input of 1 or 3 channels and at most {LARGEST_SIDE} pixels a side")
    if document["answer"] not in ("logits", "probabilities"):
        raise _refuse(f"Expected the answer of {GRAPH} to be logits or probabilities")
    return _Reader(_tensors(document["tensors"])).read(document, (sides["channels"], sides["height"], sides["width"]))


def _tensors(document: dict[str, Any]) -> dict[str, TensorFacts]:
    if len(document) > MOST_TENSORS:
        raise _refuse(f"Expected at most {MOST_TENSORS} tensors, got {len(document)}")
    found, total = {}, 0
    for key, value in document.items():
        facts = _taken(value, {"shape": list, "dtype": str, "trained": bool}, "a tensor")
        shape = facts["shape"]
        fits = len(shape) <= 8 and all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in shape)
        named = (
            len(key) <= LONGEST and _KEY.fullmatch(key) and not any(hasattr(Module, part) for part in key.split("."))
        )
        if not named or facts["dtype"] not in DTYPES or not fits:
            raise _refuse(f"The tensor '{key[:40]}' has no possible name, shape or type")
        total += math.prod(shape)
        if total > MOST_NUMBERS:
            raise _refuse(f"The weights are more than {MOST_NUMBERS:,} numbers")
        found[key] = TensorFacts(tuple(shape), facts["dtype"], facts["trained"])
    folders = {".".join(key.split(".")[:end]) for key in found for end in range(1, key.count(".") + 1)}
    if folders & found.keys():
        raise _refuse(f"The tensor '{min(folders & found.keys())[:40]}' holds others")
    if not any(facts.trained for facts in found.values()):
        raise _refuse("No tensor is a trained weight")
    return found


class _Reader:
    """Reads nodes in order, each against those before it."""

    def __init__(self, tensors: dict[str, TensorFacts]) -> None:
        self.tensors = tensors
        self.holds: dict[str, str] = {}
        self.nodes: list[Node] = []
        self.picture = ""
        self.names: set[str] = set()
        self.borrowed: set[str] = set()
        """Nodes that may be the weights themselves, or a view of them: nothing may write there."""

    def read(self, document: dict[str, Any], sides: tuple[int, int, int]) -> Graph:
        if len(document["nodes"]) > MOST_NODES:
            raise _refuse(f"Expected at most {MOST_NODES:,} nodes, got {len(document['nodes']):,}")
        for number, raw in enumerate(document["nodes"]):
            self._node(raw, f"node {number}")
        if not self.picture:
            raise _refuse("No node is the pictures")
        if document["output"] not in {node.name for node in self.nodes}:
            raise _refuse(f"The output '{document['output'][:40]}' is no operation's result")
        if self.tensors.keys() != set(self.holds.values()):
            raise _refuse("The nodes do not hold the tensors that are listed")
        return Graph(
            sides, self.tensors, self.holds, self.picture, tuple(self.nodes), document["output"], document["answer"],
            document["found"],
        )  # fmt: skip

    def _node(self, raw: Any, where: str) -> None:
        if isinstance(raw, dict) and "holds" in raw:
            given = _taken(raw, {"name": str, "holds": (str, type(None))}, where)
            self._named(given["name"])
            if given["holds"] is None:
                if self.picture:
                    raise _refuse(f"{where.capitalize()} is the pictures a second time")
                self.picture = given["name"]
            elif given["holds"] not in self.tensors:
                raise _refuse(f"{where.capitalize()} holds '{given['holds'][:40]}', which is not listed")
            else:
                self.holds[given["name"]] = given["holds"]
                self.borrowed.add(given["name"])
            return
        given = _taken(raw, {"name": str, "op": str, "args": list, "kwargs": dict, "module": str}, where)
        try:
            resolve(given["op"])
        except NetworkError as error:
            raise _refuse(f"{where.capitalize()}: {error}") from error
        args = tuple(self._argument(value, where, given["op"]) for value in given["args"][:LONGEST])
        kwargs = {str(key): self._argument(value, where, given["op"]) for key, value in given["kwargs"].items()}
        if (
            any(not key.isidentifier() or key == "out" for key in kwargs)
            or len(given["args"]) > LONGEST
            or len(given["module"]) > LONGEST * 4
        ):
            raise _refuse(f"{where.capitalize()} has an argument that no operation takes")
        self._check(Node(given["name"], given["op"], args, kwargs, given["module"]), where)

    def _check(self, node: Node, where: str) -> None:
        wrong = wrong_call(node.op, node.args, node.kwargs, self._is_borrowed)
        if wrong:
            raise _refuse(f"{where.capitalize()} {wrong}")
        first = node.args[0] if node.args else None
        views = node.op.startswith("py.") or node.op.split(".")[1] in VIEWS
        if views and self._is_borrowed(first):
            self.borrowed.add(node.name)
        self._named(node.name)
        self.nodes.append(node)

    def _is_borrowed(self, value: Any) -> bool:
        return isinstance(value, Ref) and value.name in self.borrowed

    def _named(self, name: str) -> None:
        if not name or len(name) > LONGEST or name in self.names:
            raise _refuse(f"The name '{name[:40]}' is empty, too long or there twice")
        self.names.add(name)

    def _argument(self, value: Any, where: str, operation: str, depth: int = 0) -> Any:
        """Read one argument."""
        if isinstance(value, list) and len(value) <= LONGEST and depth < DEEPEST:
            return [self._argument(item, where, operation, depth + 1) for item in value]
        if isinstance(value, dict) and len(value) == 1:
            return self._special(*next(iter(value.items())), where)
        if value is None or isinstance(value, bool) or (isinstance(value, float) and math.isfinite(value)):
            return value
        if isinstance(value, int) and (abs(value) <= LARGEST or value == THE_END):
            return value
        if isinstance(value, str) and (value in TEXTS or _is_equation(value, operation)):
            return value
        raise _refuse(f"{where.capitalize()} has an argument that no operation takes")

    def _special(self, kind: str, word: Any, where: str) -> Any:
        if kind == "node" and isinstance(word, str) and word in self.names:
            return Ref(word)
        if kind == "dtype" and word in DTYPES:
            return getattr(torch, word)
        if kind == "memory" and word in FORMATS:
            return getattr(torch, word)
        if kind == "device" and word is True:
            return Here()
        if kind == "number" and word in ("inf", "-inf"):
            return float(word)
        raise _refuse(f"{where.capitalize()} speaks of '{str(word)[:40]}', which is no earlier node and no known word")


def _is_equation(text: str, operation: str) -> bool:
    return (
        operation == "aten.einsum.default"
        and len(text) <= LONGEST
        and set(text) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ,->. ")
    )

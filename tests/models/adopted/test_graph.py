"""A graph that anyone may have written: refused before anything is built, or opened and the same as ever."""

from __future__ import annotations

import copy
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from engine.errors import NetworkError
from engine.models.adopted.findings_json import from_json
from engine.models.adopted.freeze import freeze
from engine.models.adopted.graph import VERSION, Graph, read_graph
from engine.models.adopted.network import adopt
from engine.models.adopted.stored import StoredNetwork, check_findings, check_sizes
from engine.models.taps import record_attention
from engine.records import InputSpec
from tests.models.adopted.made_nets import CLASSES, made

SPEC = InputSpec(size=32, columns=48, channels=1, mean=(0.5,), std=(0.25,))
KEPT = Path(__file__).parent / "kept"
"""A network as version 1 of the format stored it; never to be written anew."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return freeze(adopt(made("hand-written CBAM"), SPEC, CLASSES), SPEC).document


def opened(document: Any) -> Graph:
    graph = read_graph(document if isinstance(document, bytes) else json.dumps(document).encode())
    check_sizes(graph)
    return graph


def node_of(document: dict[str, Any], operation: str) -> dict[str, Any]:
    found: dict[str, Any] = next(node for node in document["nodes"] if node.get("op", "").startswith(operation))
    return found


def added(document: dict[str, Any], op: str, args: list[Any], **kwargs: Any) -> None:
    document["nodes"].append({"name": "added", "op": op, "args": args, "kwargs": kwargs, "module": ""})


def refer(name: str) -> dict[str, str]:
    return {"node": name}


Change = Callable[[dict[str, Any]], None]


def _output(document: dict[str, Any]) -> dict[str, str]:
    return refer(document["output"])


HOSTILE: dict[str, tuple[Change, str]] = {
    "an operation of the system": (lambda d: added(d, "os.system", ["ls"]), "'os.system' is not on the list"),
    "an unknown operation": (lambda d: added(d, "aten.from_file.default", ["x"]), "is not on the list"),
    "an operation with a result to write into": (
        lambda d: added(d, "aten.add.out", [_output(d), 1]),
        "is not on the list",
    ),
    "an attribute of an operation": (lambda d: added(d, "aten.relu.__class__", [_output(d)]), "is not on the list"),
    "a text as an argument": (lambda d: added(d, "aten.relu.default", ["/etc/passwd"]), "argument that no operation"),
    "random numbers": (
        lambda d: added(d, "aten.dropout.default", [_output(d), 0.5, True]),
        "draws random numbers",
    ),
    "random numbers by keyword": (
        lambda d: added(d, "aten.dropout.default", [_output(d), 0.5], train=True),
        "draws random numbers",
    ),
    "a thousand million elements": (
        lambda d: added(d, "aten.zeros.default", [[10**9]], device={"device": True}),
        "would take 1,000,000,000 numbers",
    ),
    "a great many elements by repetition": (
        lambda d: added(d, "aten.repeat.default", [_output(d), [10**5, 10**5]]),
        "numbers",
    ),
    "a great many results": (lambda d: added(d, "aten.chunk.default", [_output(d), 10**9]), "parts"),
    "a list times a number": (lambda d: added(d, "py.mul", [[1, 2], 10**12]), "does not take what it is given"),
    "a number of any size": (lambda d: added(d, "aten.add.Tensor", [_output(d), 10**30]), "argument that no operation"),
    "a tensor elsewhere": (lambda d: added(d, "aten.zeros.default", [[2]]), "elsewhere than where the network runs"),
    "weights of a thousand million numbers": (
        lambda d: d["tensors"]["stem.weight"].update(shape=[10**10]),
        "more than",
    ),
    "weights of a negative size": (lambda d: d["tensors"]["stem.weight"].update(shape=[-1, 2]), "no possible"),
    "weights of another shape": (lambda d: d["tensors"]["stem.weight"].update(shape=[8, 3, 3, 3]), "conv2d"),
    "weights with the name of a method": (
        lambda d: d["tensors"].update(forward=d["tensors"]["stem.bias"]),
        "no possible name",
    ),
    "weights that nothing holds": (lambda d: d["tensors"].update(more=d["tensors"]["stem.bias"]), "do not hold"),
    "a node that follows itself": (
        lambda d: node_of(d, "aten.conv2d")["args"].__setitem__(0, refer(node_of(d, "aten.conv2d")["name"])),
        "no earlier node",
    ),
    "a node that follows a later one": (
        lambda d: node_of(d, "aten.conv2d")["args"].__setitem__(0, _output(d)),
        "no earlier node",
    ),
    "two nodes of one name": (lambda d: d["nodes"].append(d["nodes"][-1]), "there twice"),
    "no nodes": (lambda d: d.update(nodes=[]), "No node is the pictures"),
    "too many nodes": (lambda d: d.update(nodes=[{}] * 20_001), "at most 20,000 nodes"),
    "no output": (lambda d: d.update(output="nowhere"), "no operation's result"),
    "an output that is no logits": (lambda d: d.update(output=node_of(d, "aten.conv2d")["name"]), "no logits"),
    "a missing key": (lambda d: d.pop("nodes"), "lacks 'nodes'"),
    "a missing key of a node": (lambda d: node_of(d, "aten.conv2d").pop("args"), "lacks 'args'"),
    "a key that nothing asks for": (lambda d: d.update(code="print(1)"), "has 'code'"),
    "a key of another type": (lambda d: d.update(tensors=[]), "another type"),
    "lists in lists": (lambda d: added(d, "aten.relu.default", [[[[[[1]]]]]]), "argument that no operation"),
    "another format": (lambda d: d.update(format="pt2"), "with the format"),
    "writing into the weights": (
        lambda d: added(d, "aten.mul_.Tensor", [refer(next(n["name"] for n in d["nodes"] if n.get("holds"))), 2]),
        "writes into the weights",
    ),
    "an input of no possible size": (lambda d: d["input"].update(height=10**6), "pixels a side"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_graphs_are_refused_before_anything_is_built(document: dict[str, Any], what: str) -> None:
    change, said = HOSTILE[what]
    changed = copy.deepcopy(document)
    change(changed)
    tracemalloc.start()
    try:
        with pytest.raises(NetworkError, match=said):
            opened(changed)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_views_of_weights_are_not_written_into_either(document: dict[str, Any]) -> None:
    changed = copy.deepcopy(document)
    held = next(node["name"] for node in changed["nodes"] if node.get("holds"))
    changed["nodes"].append(
        {"name": "seen", "op": "aten.view.default", "args": [refer(held), [-1]], "kwargs": {}, "module": ""}
    )
    added(changed, "aten.mul_.Tensor", [refer("seen"), 2])
    with pytest.raises(NetworkError, match="writes into the weights"):
        opened(changed)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x04",
        b"[1]",
        b"null",
        b'{"format": "ferlens-graph"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"format": "ferlens-graph", "version": 1, "nodes": [NaN]}',
    ],
)
def test_what_is_no_graph_is_refused(data: bytes) -> None:
    with pytest.raises(NetworkError):
        read_graph(data)


def test_a_newer_graph_says_how_to_open_it(document: dict[str, Any]) -> None:
    with pytest.raises(NetworkError, match=f"of version {VERSION + 1}.*get a newer FERLens"):
        opened({**document, "version": VERSION + 1})


DAMAGED: dict[str, Change] = {
    "no such kind": lambda f: f["gates"][0].update(kind="magic"),
    "no such operand": lambda f: f["gates"][0].update(operand=7),
    "no such node": lambda f: f["gates"][0].update(node="nowhere"),
    "no layer": lambda f: f.update(offered=[], layers=[]),
    "an unknown layer": lambda f: f["offered"].append("nowhere"),
    "a grid of no possible size": lambda f: f["layers"][0].update(shape=[1, 10**9, 1]),
    "two gates of one name": lambda f: f["gates"].append(f["gates"][0]),
    "a missing part": lambda f: f.pop("cells"),
    "another type": lambda f: f.update(gates=3),
    "an axis too many": lambda f: f["layers"][0]["layout"].update(axes=["picture", "channel", "row", "row", "column"]),
    "a gate of another shape": lambda f: f["gates"][0].update(shape=[9]),
    "a gate that no pass meets": lambda f: f["gates"][0].update(node="conv2d"),
    "cells that are not there": lambda f: f["layers"][0]["layout"].update(
        axes=["picture", "channel", "row", "cell"], order=[10**7]
    ),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_gates_that_are_not_where_they_are_said_to_be_are_refused(document: dict[str, Any], what: str) -> None:
    changed = copy.deepcopy(document)
    DAMAGED[what](changed["found"])
    graph = opened(changed)
    tensors = {key: torch.zeros(facts.shape) for key, facts in graph.tensors.items()}
    with pytest.raises(NetworkError, match="so it is not opened"):
        check_findings(
            StoredNetwork(graph, from_json(graph.found, frozenset(node.name for node in graph.nodes)), tensors).eval()
        )


def test_a_graph_of_the_first_version_opens_as_it_did() -> None:
    assert sum(file.stat().st_size for file in KEPT.iterdir()) < 100_000
    graph = opened((KEPT / "graph.json").read_bytes())
    tensors = load_file(KEPT / "weights.safetensors")
    expected = load_file(KEPT / "expected.safetensors")
    net = StoredNetwork(graph, from_json(graph.found, frozenset(node.name for node in graph.nodes)), tensors).eval()
    check_findings(net)
    x = expected["pictures"].requires_grad_()
    with record_attention() as gates:
        logits = net(x)
    torch.testing.assert_close(logits, expected["logits"], rtol=1e-4, atol=1e-5)
    (gradient,) = torch.autograd.grad(logits[:, 1].sum(), x)
    torch.testing.assert_close(gradient, expected["gradient"], rtol=1e-4, atol=1e-6)
    assert [(gate.layer, gate.kind) for gate in gates] == [
        ("gates.0.channel", "channel"),
        ("gates.1.spatial", "spatial"),
    ]
    torch.testing.assert_close(gates[0].weights, expected["channel"], rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(gates[1].weights, expected["spatial"], rtol=1e-4, atol=1e-6)

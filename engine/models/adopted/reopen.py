"""A network of others from its folder: ``graph.json`` and the weights, both checked against the card before use."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from engine.errors import CheckpointError, NetworkError
from engine.models.adopted.findings_json import from_json
from engine.models.adopted.graph import GRAPH, MOST_BYTES, Graph, read_graph
from engine.models.adopted.stored import StoredNetwork, check_findings, check_sizes
from engine.records import RunCard


def reopened(path: Path, card: RunCard, tensors: Mapping[str, Tensor]) -> StoredNetwork:
    """Build a stored network, in eval mode, on the CPU.

    Args:
        path: its folder. card: its card. tensors: what the file of its weights holds, whose sha256 is the card's.

    Raises:
        CheckpointError: the graph is missing or another than the card's, or does not fit card and weights.
        NetworkError: the graph holds what none may hold (:mod:`engine.models.adopted.graph`).
    """
    try:
        if (path / GRAPH).stat().st_size > MOST_BYTES:
            raise CheckpointError(f"The {GRAPH} of '{card.name}' is larger than any may be; fetch the folder again.")
        data = (path / GRAPH).read_bytes()
    except OSError as error:
        raise CheckpointError(f"Checkpoint '{card.name}' has no {GRAPH}; fetch the folder again.") from error
    if hashlib.sha256(data).hexdigest() != card.config["graph_sha256"]:
        raise CheckpointError(
            f"The {GRAPH} of '{card.name}' is not the one its card describes (sha256 differs); fetch the folder again."
        )
    graph = read_graph(data)
    _check_fit(graph, card, tensors)
    try:
        findings = from_json(graph.found, frozenset(node.name for node in graph.nodes))
        net = StoredNetwork(graph, findings, tensors).eval()
        check_findings(net)
    except (KeyError, AttributeError) as error:  # names of weights that no module can have
        raise NetworkError(
            f"The graph of '{card.name}' cannot be built ({str(error)[:80]}); import it again."
        ) from error
    return net


def _check_fit(graph: Graph, card: RunCard, tensors: Mapping[str, Tensor]) -> None:
    wanted = {key: (facts.shape, facts.dtype) for key, facts in graph.tensors.items()}
    came = {key: (tuple(value.shape), str(value.dtype).removeprefix("torch.")) for key, value in tensors.items()}
    if wanted != came:
        key = next(key for key in sorted({*wanted, *came}) if wanted.get(key) != came.get(key))
        raise CheckpointError(f"The weights of '{card.name}' do not fit its graph at '{key[:80]}'; fetch them again.")
    for key, facts in graph.tensors.items():
        value = tensors[key]
        # a mask may be infinite; a weight may not
        if value.is_floating_point() and bool((~value.isfinite() if facts.trained else value.isnan()).any()):
            raise CheckpointError(f"The weights of '{card.name}' hold NaN or infinity in '{key[:80]}'.")
    if graph.input != (card.input.channels, card.input.height, card.input.width):
        raise CheckpointError(f"The graph of '{card.name}' takes other pictures than its card says; import it again.")
    classes = check_sizes(graph)
    if classes != len(card.classes):
        raise CheckpointError(
            f"The graph of '{card.name}' answers with {classes} numbers, and its card names {len(card.classes)} "
            "classes; fetch the folder again."
        )

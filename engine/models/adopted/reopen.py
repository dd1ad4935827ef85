"""A network of others from its folder: its graph, or its code, and the weights, checked against the card before use."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor

from engine.errors import CheckpointError, FerLensError, NetworkError
from engine.models.adopted.findings import described
from engine.models.adopted.findings_json import from_json
from engine.models.adopted.graph import GRAPH, MOST_BYTES, Graph, read_graph
from engine.models.adopted.live_code import CODE, LiveCode, read_code, rebuilt
from engine.models.adopted.live_code import MOST_BYTES as MOST_CODE
from engine.models.adopted.network import AdoptedNetwork, adopt, unwrapped
from engine.models.adopted.stored import StoredNetwork, check_findings, check_sizes
from engine.records import InputSpec, RunCard


def reopened(path: Path, card: RunCard, tensors: Mapping[str, Tensor]) -> StoredNetwork:
    """Build a stored network, in eval mode, on the CPU.

    Args:
        path: its folder. card: its card. tensors: what the file of its weights holds, whose sha256 is the card's.

    Raises:
        CheckpointError: the graph is missing or another than the card's, or does not fit card and weights.
        NetworkError: the graph holds what none may hold (:mod:`engine.models.adopted.graph`).
    """
    data = _read(path / GRAPH, card, MOST_BYTES)
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


def _read(file: Path, card: RunCard, most: int) -> bytes:
    try:
        if file.stat().st_size > most:
            raise CheckpointError(
                f"The {file.name} of '{card.name}' is larger than any may be; fetch the folder again."
            )
        return file.read_bytes()
    except OSError as error:
        raise CheckpointError(f"Checkpoint '{card.name}' has no {file.name}; fetch the folder again.") from error


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


def opened_live(path: Path, card: RunCard, tensors: Mapping[str, Tensor]) -> AdoptedNetwork:
    """Build a live network by its code, which runs here, in eval mode, on the CPU.

    Whether it may is the caller's to ask first (:mod:`engine.models.adopted.trust_code`).

    Raises:
        CheckpointError: ``code.json`` or the code is missing or changed, and nothing was run; or weights, gates or
            layers are others than the card's. NetworkError: the code cannot be run.
    """
    data = _read(path / CODE, card, MOST_CODE)
    if hashlib.sha256(data).hexdigest() != card.config["code_sha256"]:
        raise CheckpointError(
            f"The {CODE} of '{card.name}' is not the one its card describes (sha256 differs), so nothing of it was "
            "run; import the network again."
        )
    code = read_code(data, card.name)
    live = filled(code, tensors, spec=card.input, classes=card.classes, name=card.name)
    found = described(live.findings)
    if any(found[key] != card.config[key] for key in found):
        raise CheckpointError(
            f"Other gates or layers are found in '{card.name}' than its card lists, with these versions of PyTorch and "
            "of what its code imports; import it again."
        )
    return live


def filled(
    code: LiveCode, tensors: Mapping[str, Tensor], *, spec: InputSpec, classes: Sequence[str], name: str
) -> AdoptedNetwork:
    """Build a live network by its code, fill it with its weights and look through it.

    Raises:
        CheckpointError: the code is missing or changed, or the weights do not fit. NetworkError: it cannot be run.
    """
    net = unwrapped(rebuilt(code, name))
    try:
        net.load_state_dict(dict(tensors))
        live = adopt(net, spec, classes)
    except FerLensError:
        raise
    except Exception as error:  # the network's own code may raise anything, wherever it is called
        what = (str(error).strip().splitlines() or [""])[0][:120]
        raise CheckpointError(
            f"The weights of '{name}' do not fit the network that {code.shown} builds, or it fails "
            f"({type(error).__name__}: {what}); import it again."
        ) from error
    if code.gates or code.no_gates or code.layer is not None:
        corrected = live.findings.corrected(gates=code.gates, no_gates=code.no_gates, layer=code.layer)
        live = AdoptedNetwork(live.net, corrected, live.answer, live.classes)
    return live.eval()

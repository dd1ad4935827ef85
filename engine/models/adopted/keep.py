"""A network of others into a checkpoint: exported, compared with itself, written with its graph, weights and card."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.errors import NetworkError
from engine.models.adopted.findings import described
from engine.models.adopted.freeze import TOLERANCE, Frozen, freeze
from engine.models.adopted.graph import GRAPH
from engine.models.adopted.live_code import CODE, recorded
from engine.models.adopted.network import AdoptedNetwork, noise
from engine.models.adopted.reopen import filled
from engine.models.checkpoint import write_checkpoint
from engine.records import ADOPTED, Domain, InputSpec, RunCard


@dataclass(frozen=True)
class Origin:
    """Where a network came from.

    Attributes:
        source: as it was named, for example ``timm:resnet18`` or ``net.py:EmotionCNN``; without a machine's path.
        file: the name of the file of its weights. sha256: that file's. Both empty where there was none.
        claimed_accuracy: what its maker says, in [0, 1], or None.
    """

    source: str
    file: str = ""
    sha256: str = ""
    claimed_accuracy: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return what a card keeps of it."""
        return {key: value for key, value in vars(self).items() if value not in ("", None)}


@dataclass(frozen=True)
class Corrected:
    """How what was found in a network was corrected; see :meth:`engine.models.adopted.findings.Findings.corrected`."""

    gates: tuple[str, ...] = ()
    no_gates: tuple[str, ...] = ()
    layer: str | None = None


def keep(  # noqa: PLR0913 - what a card says
    path: Path,
    live: AdoptedNetwork,
    *,
    classes: Sequence[str],
    spec: InputSpec,
    domain: Domain,
    origin: Origin,
    metrics: Mapping[str, dict[str, Any]] | None = None,
    notes: Sequence[str] = (),
    overwrite: bool = False,
) -> tuple[RunCard, Frozen]:
    """Write a live network as the checkpoint ``path``, complete or not at all.

    Args:
        path: its folder. live: as :func:`engine.models.adopted.network.adopt` gives it.
        classes, spec, domain, origin, metrics, notes: for its card. overwrite: replace a folder that is there.

    Returns:
        the card, and what was stored with how far it differs from the live network.

    Raises:
        NetworkError: it cannot be stored without its code. CheckpointError: the folder is there already.
    """
    frozen = freeze(live, spec)
    graph = (json.dumps(frozen.document, ensure_ascii=False, allow_nan=False) + "\n").encode()
    said = {"graph_sha256": hashlib.sha256(graph).hexdigest(), **described(live.findings)}
    card = write_checkpoint(
        path,
        live.net,
        _card(said, classes, spec, domain, origin, metrics, notes),
        tensors=frozen.tensors,
        files={GRAPH: graph},
        overwrite=overwrite,
    )
    return card, frozen


def keep_live(  # noqa: PLR0913 - what a card says
    path: Path,
    live: AdoptedNetwork,
    source: str,
    arguments: Mapping[str, Any],
    *,
    corrected: Corrected,
    classes: Sequence[str],
    spec: InputSpec,
    domain: Domain,
    origin: Origin,
    metrics: Mapping[str, dict[str, Any]] | None = None,
    overwrite: bool = False,
) -> RunCard:
    """Write a live network by the path and the sha256 of its code, which runs here, is trusted, and must build it anew.

    Args:
        path, live, classes, spec, domain, origin, metrics, overwrite: as of :func:`keep`.
        source: ``FILE.py:NAME``. arguments: of the call.
        corrected: how what was found in it was corrected.

    Raises:
        NetworkError: what the code builds is another network. CheckpointError: the folder is there already.
    """
    first, _ = recorded(source, arguments)
    code = replace(first, gates=corrected.gates, no_gates=corrected.no_gates, layer=corrected.layer)
    tensors = {key: _kept(value) for key, value in live.net.state_dict().items()}
    again = filled(code, tensors, spec=spec, classes=classes, name=path.name)
    x = noise(spec)
    with torch.no_grad():
        logits, others = live(x.to(next(live.net.parameters()))).cpu(), again(x)
    same = described(again.findings) == described(live.findings)
    if not same or not float((logits - others).abs().max()) <= TOLERANCE * float(logits.abs().max()):
        raise NetworkError(
            f"What '{code.shown}:{code.name}' builds with these arguments does not answer as this network does; name "
            "what built it."
        )
    document = code.to_json()
    said = {"code_sha256": hashlib.sha256(document).hexdigest(), **described(live.findings)}
    return write_checkpoint(
        path,
        live.net,
        _card(said, classes, spec, domain, origin, metrics, ()),
        tensors=tensors,
        files={CODE: document},
        overwrite=overwrite,
    )


def _kept(value: Any) -> Tensor:
    if not isinstance(value, Tensor):
        raise NetworkError("The network keeps something other than tensors in its state, which cannot be stored.")
    tensor = value.detach()
    return (tensor.float() if tensor.is_floating_point() else tensor).cpu().contiguous().clone()


def _card(
    said: dict[str, Any],
    classes: Sequence[str],
    spec: InputSpec,
    domain: Domain,
    origin: Origin,
    metrics: Mapping[str, dict[str, Any]] | None,
    notes: Sequence[str],
) -> dict[str, Any]:
    return {
        "architecture": ADOPTED,
        "config": said,
        "classes": tuple(classes),
        "input": spec,
        "recipe": {},
        "data": {},
        "metrics": dict(metrics or {}),
        "notes": tuple(notes),
        "domain": domain,
        "origin": origin.as_dict(),
    }

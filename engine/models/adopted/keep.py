"""A network of others into a checkpoint: exported, compared with itself, written with its graph, weights and card."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.models.adopted.findings import Findings
from engine.models.adopted.freeze import Frozen, freeze
from engine.models.adopted.graph import GRAPH
from engine.models.adopted.network import AdoptedNetwork
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


def described(findings: Findings) -> dict[str, Any]:
    """Return the gates and layers as a card lists them."""
    return {
        "gates": [{"layer": gate.name, "kind": gate.kind, "shape": list(gate.shape)} for gate in findings.gates],
        "layers": list(findings.offered),
    }


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
    card = write_checkpoint(
        path,
        live.net,
        {
            "architecture": ADOPTED,
            "config": {"graph_sha256": hashlib.sha256(graph).hexdigest(), **described(live.findings)},
            "classes": tuple(classes),
            "input": spec,
            "recipe": {},
            "data": {},
            "metrics": dict(metrics or {}),
            "notes": tuple(notes),
            "domain": domain,
            "origin": origin.as_dict(),
        },
        tensors=frozen.tensors,
        files={GRAPH: graph},
        overwrite=overwrite,
    )
    return card, frozen

"""What is inside a network: its gates with their kinds, shapes and module paths, and its parameters by part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import torch

from engine.documents import BAD_VALUES
from engine.errors import CheckpointError
from engine.models.registry import build_model, count_parameters, parameters_by_module
from engine.models.taps import record_attention, taps_of
from engine.records import InputSpec, RunCard

_COMPUTED: Final = 512  # pixels of a side


@dataclass(frozen=True)
class ListedGate:
    """A gate as it is listed.

    Attributes:
        layer: its name. kind: see :data:`engine.records.GateKind`. shape: as a record has it, without the batch.
        module: the path of the module that it belongs to; empty for the network itself.
    """

    layer: str
    kind: str
    shape: tuple[int, ...]
    module: str


@dataclass(frozen=True)
class Inside:
    """What a network is made of.

    Attributes:
        parameters: trainable values. parts: those of each direct part; empty for a network of others.
        gates: in forward order.
    """

    parameters: int
    parts: Mapping[str, int]
    gates: tuple[ListedGate, ...]


def inside(card: RunCard) -> Inside:
    """Return what the network of a card is made of; its weights are not read.

    Raises:
        CheckpointError: no network can be built as the card says.
    """
    if card.is_adopted:  # its card lists the gates, so nothing is built
        gates = tuple(_stored(gate) for gate in card.config["gates"])
        return Inside(card.parameters, {}, gates)
    return inside_of(card.architecture, len(card.classes), card.input, card.config)


def inside_of(architecture: str, classes: int, spec: InputSpec, config: Mapping[str, Any]) -> Inside:
    """As :func:`inside`, of one of our own architectures.

    Gates are listed by their shapes, so that what is large need not be computed; the device of shapes starts slowly.

    Raises:
        CheckpointError: it cannot be built so, or does not take such pictures.
    """
    with torch.device("cpu" if spec.size <= _COMPUTED else "meta"):
        model = build_model(architecture, classes=classes, spec=spec, config=dict(config)).eval()
        try:
            with torch.no_grad(), record_attention() as gates:
                model(torch.zeros(1, spec.channels, spec.size, spec.size))
        except (RuntimeError, *BAD_VALUES) as error:
            raise CheckpointError("it cannot take a picture of the size that its card names.") from error
    taps = set(taps_of(model))
    # A tap may be held in two places; what counts is the module around it.
    around = {module.layer: name.rpartition(".")[0] for name, module in model.named_modules() if module in taps}
    listed = tuple(
        ListedGate(gate.layer, gate.kind, tuple(gate.weights.shape[1:]), around.get(gate.layer, "")) for gate in gates
    )
    return Inside(count_parameters(model), parameters_by_module(model), listed)


def _stored(gate: Mapping[str, Any]) -> ListedGate:
    """Return a gate of an adopted network's card, which is named after its module and its kind."""
    name, kind = str(gate["layer"]), str(gate["kind"])
    head, _, last = name.rpartition(".")
    return ListedGate(name, kind, tuple(gate["shape"]), head if last.startswith(kind) else name)


NOT_CHECKED: Final = "not checked against your data"
"""What is said of a network of others until it was measured here."""


def is_unchecked(card: RunCard) -> bool:
    """Whether a network of others was never measured on anything."""
    return card.is_adopted and not card.metrics

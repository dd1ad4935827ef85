"""What was found in a network: its gates, what was left out and why, what might be a gate, and its layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from engine.errors import UnknownNameError, UsageError
from engine.models.adopted.layout import Arrangement, AttentionLayout, GateLayout
from engine.records import GateKind, KeyCells

FUSED_OPERAND: Final = -1
"""The operand of a gate that is computed inside one operation, as in a fused attention."""


@dataclass(frozen=True)
class Step:
    """An operation of a forward pass: the ``number``-th, from 1, of its name.

    Counted by name and not overall, so that an operation that someone's hook adds moves nothing but its own kind.
    """

    operation: str
    number: int


@dataclass(frozen=True)
class FoundGate:
    """A gate of a network.

    Attributes:
        name: unique; the module's path and the kind, for example ``layer1.0.se.channel``.
        kind: see :data:`engine.records.GateKind`.
        shape: as a record has it, without the batch.
        made_by: the operation that squashed it: ``sigmoid``, ``softmax``...; empty for a candidate.
        module: the path of the module that multiplies it; empty for the network itself.
        step: the multiplication. operand: which of its two factors the gate is, or FUSED_OPERAND.
        layout: how it is read.
        stretched: axes (negative) of the factor along which the gate is only repeated.
        keys: of an attention, which cells its keys are; None where that is not known.
        among_itself: of an attention, whether the cells that ask are those that are asked.
    """

    name: str
    kind: GateKind
    shape: tuple[int, ...]
    made_by: str
    module: str
    step: Step
    operand: int
    layout: GateLayout | AttentionLayout
    stretched: tuple[int, ...] = ()
    keys: KeyCells | None = None
    among_itself: bool = False

    def describe(self) -> str:
        """Return one line, for example ``layer1.0.se.channel: channel gate of 64, by sigmoid``."""
        words = "attention" if self.kind == "cross" else f"{self.kind} gate"
        if self.kind == "cross" and self.among_itself:
            words = "self-attention"
        grid = ""
        if self.keys is not None:
            windows = len(self.keys.windows)
            grid = f" over {self.keys.grid[0]} x {self.keys.grid[1]} cells"
            grid += f" in {windows} windows" if windows > 1 else ""
        made = f", by {self.made_by}" if self.made_by else ", not squashed"
        return f"{self.name}: {words} of {' x '.join(map(str, self.shape))}{grid}{made}"


@dataclass(frozen=True)
class LeftOut:
    """A product that looked like a gate and is none, and why."""

    module: str
    reason: str


@dataclass(frozen=True)
class FoundLayer:
    """An operation whose answer is a map: where gradient maps can be taken.

    Attributes:
        name: the module's path, with ``#2`` where it answers a second time; ``after NAME`` for what a gate gives.
        kind: the module's class, for example ``Conv2d``; ``gate`` for what a gate gives.
        step: the operation.
        shape: (C, h, w).
        arrangement: how its answer is laid out as (B, C, h, w).
        order: when it answers, counted in operations of the pass.
        moves: whether the answer follows it: its gradient is not zero everywhere.
        also: other names of the same answer: modules further inside that gave it.
    """

    name: str
    kind: str
    step: Step
    shape: tuple[int, int, int]
    arrangement: Arrangement
    order: int
    moves: bool = True
    also: tuple[str, ...] = ()

    @property
    def grid(self) -> tuple[int, int]:
        """(h, w)."""
        return self.shape[1:]


@dataclass(frozen=True)
class Findings:
    """What one discovery pass found.

    Attributes:
        gates: in forward order.
        candidates: products of two things that the picture decides, one stretched over the other and not squashed; off
            unless asked for by name.
        left_out: what looked like a gate and is none.
        layers: every operation with a map, in forward order.
        offered: names of the layers to choose from, in forward order; the last is the default.
        features: the last linear layer's step, or None.
    """

    gates: tuple[FoundGate, ...]
    candidates: tuple[FoundGate, ...]
    left_out: tuple[LeftOut, ...]
    layers: tuple[FoundLayer, ...]
    offered: tuple[str, ...] = ()
    features: Step | None = None

    def layer(self, name: str) -> FoundLayer:
        """Return a layer by name, offered or not.

        Raises:
            UnknownNameError: there is none; the message lists those that are offered.
        """
        for layer in self.layers:
            if name == layer.name or name in layer.also:
                return layer
        raise UnknownNameError("layer", name, self.offered)

    def after(self, gate: str) -> FoundLayer | None:
        """Return the layer of what a gate multiplies, gated; None where that is no map of the picture."""
        name = f"after {gate}"
        return next((layer for layer in self.layers if name == layer.name or name in layer.also), None)

    def corrected(
        self, *, gates: Sequence[str] = (), no_gates: Sequence[str] = (), layer: str | None = None
    ) -> Findings:
        """Return the findings as a person corrects them.

        Args:
            gates: names of candidates that are gates after all.
            no_gates: names of gates that are none.
            layer: the name of any layer, to be the default.

        Raises:
            UnknownNameError: a name that is not among the candidates, gates or layers.
            UsageError: a name is asked for and refused.
        """
        wanted, refused = set(gates), set(no_gates)
        if wanted & refused:
            raise UsageError(f"'{min(wanted & refused)}' is named as a gate and as none; choose one.")
        known = [gate.name for gate in self.gates]
        for name in no_gates:
            if name not in known:
                raise UnknownNameError("gate", name, known)
        added = [gate for gate in self.candidates if gate.name in wanted]
        for name in gates:
            if name not in known and name not in {gate.name for gate in added}:
                raise UnknownNameError("candidate", name, [gate.name for gate in self.candidates])
        kept = [gate for gate in self.gates if gate.name not in refused]
        offered = self.offered
        if layer is not None:
            offered = (*(name for name in offered if name != layer), self.layer(layer).name)
        return replace(
            self,
            gates=tuple(kept + added),
            candidates=tuple(gate for gate in self.candidates if gate.name not in wanted)
            + tuple(gate for gate in self.gates if gate.name in refused),
            offered=offered,
        )

    def describe(self) -> str:
        """Return the findings in lines for people."""
        lines = [f"{len(self.gates)} gates found"]
        lines += [f"  {gate.describe()}" for gate in self.gates]
        if self.left_out:
            reasons: dict[tuple[str, str], int] = {}
            for one in self.left_out:
                reasons[one.module, one.reason] = reasons.get((one.module, one.reason), 0) + 1
            lines.append(f"{len(self.left_out)} left out")
            lines += [
                f"  {module or 'the network itself'}: {reason}" + (f" ({count} times)" if count > 1 else "")
                for (module, reason), count in reasons.items()
            ]
        if self.candidates:
            lines.append(f"{len(self.candidates)} candidates, off unless named with --gate")
            lines += [f"  {gate.describe()}" for gate in self.candidates]
        if self.offered:
            lines.append(f"layers: {', '.join(self.offered)} (the last is the default)")
        return "\n".join(lines)


def described(findings: Findings) -> dict[str, Any]:
    """Return the gates and layers as a card lists them."""
    return {
        "gates": [{"layer": gate.name, "kind": gate.kind, "shape": list(gate.shape)} for gate in findings.gates],
        "layers": list(findings.offered),
    }

"""Attention taps: how a gate's weights are read (and, for tests of use, replaced) without touching the model.

Each gate passes its weights through an :class:`AttentionTap`, an identity module with a name. A tap looks at two
``contextvars.ContextVar``; a context variable belongs to one thread (or task), so two threads that explain with the
same model never see each other's maps, and nothing stays registered on the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.records import GATE_DIMENSIONS, GateKind, KeyCells

GateEdit = Callable[[Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class RecordedGate:
    """One gate of one forward pass, still a tensor on its device.

    ``weights`` by kind: channel (B, C), spatial (B, h, w), rows (B, C, h), columns (B, C, w), full (B, C, h, w), branch
    (B, branches, C), cross (B, queries, keys), emotion (B, K, h, w). ``keys``, ``among_itself``: as of the tap.
    """

    layer: str
    kind: GateKind
    weights: Tensor
    keys: KeyCells | None = None
    among_itself: bool = False


_recorder: ContextVar[list[RecordedGate] | None] = ContextVar("attention_recorder", default=None)
_edits: ContextVar[Mapping[str, GateEdit] | None] = ContextVar("attention_edits", default=None)


def as_recorded(kind: GateKind, weights: Tensor) -> Tensor:
    """Return a gate's weights as :class:`RecordedGate` has them, without the axes that only broadcasting needs."""
    if kind == "channel":
        return weights.flatten(1)
    axis = {"spatial": 1, "rows": 3, "columns": 2}.get(kind)
    return weights if axis is None else weights.squeeze(axis)


class AttentionTap(nn.Module):
    """An identity that a gate's weights pass through, with a layer name such as ``block2.spatial``.

    ``forward`` takes and returns the weights as the gate multiplies them: (B, C, 1, 1) for a channel gate,
    (B, 1, h, w) for a spatial one, (B, C, h, 1) for rows, (B, C, 1, w) for columns; other kinds as in
    :class:`RecordedGate`.

    Args:
        layer: its name.
        kind: the gate's.
        keys: of a ``cross`` gate, which cells its keys are; None: the cells of a square grid, row by row.
        among_itself: of a ``cross`` gate, whether the cells that ask are those that are asked, in the same order: of
            its queries, windows come first, in each its heads, in each head the cells.
    """

    def __init__(self, layer: str, kind: GateKind, keys: KeyCells | None = None, *, among_itself: bool = False) -> None:
        super().__init__()
        if kind not in GATE_DIMENSIONS:
            raise ValueError(f"kind must be one of {sorted(GATE_DIMENSIONS)}, got {kind!r}")
        self.layer = layer
        self.kind: GateKind = kind
        self.keys = keys
        self.among_itself = among_itself

    def forward(self, weights: Tensor) -> Tensor:
        """Return the weights, edited and recorded where the calling thread asked for it."""
        if not torch.compiler.is_compiling():
            edits = _edits.get()
            if edits is not None and self.layer in edits:
                edited = edits[self.layer](weights)
                if edited.shape != weights.shape:
                    raise ValueError(
                        f"an edit of {self.layer} must keep the shape {tuple(weights.shape)}, got {tuple(edited.shape)}"
                    )
                weights = edited
            recorder = _recorder.get()
            if recorder is not None:
                native = as_recorded(self.kind, weights).detach()
                recorder.append(RecordedGate(self.layer, self.kind, native, self.keys, self.among_itself))
        return weights

    def extra_repr(self) -> str:
        """Return what ``print(model)`` shows of the tap."""
        return f"{self.layer!r}, {self.kind!r}"


def is_listening() -> bool:
    """Whether the calling thread records or edits gates at this moment."""
    return _recorder.get() is not None or _edits.get() is not None


@contextmanager
def record_attention() -> Iterator[list[RecordedGate]]:
    """Collect every gate of the forward passes made in this thread inside the block, in forward order."""
    gates: list[RecordedGate] = []
    token = _recorder.set(gates)
    try:
        yield gates
    finally:
        _recorder.reset(token)


def edits_here() -> Mapping[str, GateEdit]:
    """Return the edits that the calling thread is under, so that others can be made beside them."""
    return _edits.get() or {}


@contextmanager
def edit_attention(edits: Mapping[str, GateEdit]) -> Iterator[None]:
    """Replace gates by layer name for the forward passes made in this thread inside the block.

    Each edit maps the weights as multiplied (see :class:`AttentionTap`) to weights of the same shape.
    """
    token = _edits.set(dict(edits))
    try:
        yield
    finally:
        _edits.reset(token)


def taps_of(model: nn.Module) -> tuple[AttentionTap, ...]:
    """Return the model's taps in registration order."""
    return tuple(module for module in model.modules() if isinstance(module, AttentionTap))

"""Is a gate used? Put something else in its place, and see whether the answer changes.

A gate that is drawn beautifully may be one that the layers after it ignore. Here each gate alone is replaced (see
:mod:`engine.trust.gate_record`), the rest of the net runs on, and its answers are compared with the unchanged
ones; :mod:`engine.trust.gate_record` says by which figures, and what counts as used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from engine.data.transforms import normalise, to_tensor
from engine.errors import UnknownNameError
from engine.explain.target import ResolvedTarget, Target, class_indices
from engine.models.locking import holding
from engine.models.taps import AttentionTap, GateEdit, edit_attention, taps_of
from engine.records import Float32, GateKind, InputSpec, UInt8
from engine.trust.gate_record import REPLACEMENTS, GateUse, Replaced, ReplacementName, levelled, permuted, takes

DRAWS: Final = 10
"""Permutations, and other pictures at most, unless said."""

_ROWS: Final = 128
"""Pictures in one forward pass; bounds the memory."""

Progress = Callable[[int, int], None]
"""Called with (forward passes done, wanted)."""


def _slots(kind: GateKind, draws: int, lent: int) -> dict[ReplacementName, slice]:
    """Return which of a picture's rows hold which replacement; row 0 is the unchanged picture."""
    counts: dict[ReplacementName, int] = {"mean": 1, "permuted": draws, "another picture": lent, "ones": 1}
    slots: dict[ReplacementName, slice] = {}
    start = 1
    for name in REPLACEMENTS:
        if takes(kind, name) and counts[name]:
            slots[name] = slice(start, start + counts[name])
            start += counts[name]
    return slots


def _edit(
    kind: GateKind, slots: dict[ReplacementName, slice], rows: int, lenders: list[list[int]], generator: torch.Generator
) -> GateEdit:
    """Return the edit of a batch: ``rows`` rows for each picture in turn, then the lenders, which stay as they are.

    ``lenders`` holds for each picture the numbers of those that lend it their gates.
    """
    own = len(lenders) * rows

    def edit(weights: Tensor) -> Tensor:
        edited = weights.clone()
        by_picture = edited[:own].view(len(lenders), rows, *weights.shape[1:])  # a view
        before = by_picture[:, 0].clone()
        for name, slot in slots.items():
            repeats = slot.stop - slot.start
            if name == "mean":
                by_picture[:, slot] = levelled(before, kind)[:, None]
            elif name == "permuted":
                drawn = permuted(before.repeat_interleave(repeats, dim=0), kind, generator)
                by_picture[:, slot] = drawn.view(len(lenders), repeats, *weights.shape[1:])
            elif name == "another picture":
                by_picture[:, slot] = weights[own:][torch.tensor(lenders, device=weights.device)]
            else:
                by_picture[:, slot] = 1.0
        return edited

    return edit


def _compare(
    logits: Tensor,
    settled: ResolvedTarget,
    slots: dict[ReplacementName, slice],
    truths: tuple[int, ...] | None,
) -> tuple[Replaced, ...]:
    """Compare the rows (N, rows, K) of logits with the first of each picture; ``truths`` are N classes, if known."""
    count, rows, _ = logits.shape
    probabilities = logits.softmax(dim=2)
    distance = (probabilities - probabilities[:, :1]).abs().sum(dim=2) / 2
    answers = logits.argmax(dim=2)
    flips = (answers != answers[:, :1]).float()
    scalars = settled.scalar(logits.flatten(0, 1)).view(count, rows)
    change = scalars - scalars[:, :1]
    right: Tensor | None = None
    if truths is not None:
        hits = (answers == torch.tensor(truths, device=answers.device)[:, None]).float()
        right = hits - hits[:, :1]

    def over_draws(values: Tensor, slot: slice) -> Float32:
        return values[:, slot].mean(dim=1).cpu().numpy().astype(np.float32)

    return tuple(
        Replaced(
            name,
            slot.stop - slot.start,
            over_draws(distance, slot).clip(0.0, 1.0),
            over_draws(flips, slot),
            over_draws(change, slot),
            None if right is None else over_draws(right, slot),
        )
        for name, slot in slots.items()
    )


def _choose_taps(model: nn.Module, layers: Sequence[str] | None) -> tuple[AttentionTap, ...]:
    taps = {tap.layer: tap for tap in taps_of(model)}
    for layer in layers or ():
        if layer not in taps:
            raise UnknownNameError("gate", layer, taps)
    return tuple(tap for layer, tap in taps.items() if layers is None or layer in layers)


def gate_use(  # noqa: PLR0913 - what it needs of a checkpoint is given one by one, not as a checkpoint
    model: nn.Module,
    faces: UInt8,
    *,
    spec: InputSpec,
    classes: tuple[str, ...],
    target: Target | None = None,
    truths: Sequence[str] | None = None,
    others: UInt8 | None = None,
    layers: Sequence[str] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[GateUse, ...]:
    """Ask of each gate whether the model uses it for these pictures.

    All draws of a gate run in one batch (several where there are many pictures), and so does the unchanged picture that
    they are compared with. The model's lock is held meanwhile; nothing on the model changes.

    Args:
        model: shared by threads; a model without gates gives an empty tuple.
        faces: (N, S, S) or (N, S, S, 3) uint8, N >= 1, S as in ``spec``.
        spec: the model's input.
        classes: K names.
        target: whose logit to follow; None follows each picture's predicted class.
        truths: N true classes, for targets that speak of them and for the change of accuracy.
        others: pictures (M, S, S[, 3]) uint8 that lend their gates; None lets the N pictures lend theirs to each
            other. A single picture without others leaves ``another picture`` out.
        layers: the gates by layer name; None asks of all.
        draws: permutations a picture, and lenders a picture at most; 10 or more are advised.
        seed: of permutations and lenders.
        progress: see Progress.

    Returns:
        One record a gate, in the model's order.

    Raises:
        UnknownNameError: there is no such gate or class.
        UsageError: the target makes no sense for these pictures.
    """
    if draws < 1 or not len(faces):
        raise ValueError(f"expected one draw and one picture or more, got {draws} and {len(faces)}")
    taps = _choose_taps(model, layers)
    device = next(model.parameters()).device
    x = normalise(to_tensor(faces).to(device), spec)
    pool = x if others is None else normalise(to_tensor(others).to(device), spec)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(pool))[: draws + 1]
    # Each picture borrows from the same few others (never from itself), so that these run once a batch.
    lenders = [
        [i for i, one in enumerate(order) if others is not None or one != index][:draws] for index in range(len(x))
    ]
    slots = {tap.layer: _slots(tap.kind, draws, len(lenders[0])) for tap in taps}
    found = []
    with holding(model), torch.no_grad():
        answers = torch.cat([model(part) for part in torch.split(x, _ROWS)])
        labels = class_indices(truths, classes)
        settled = (target or Target()).settle(answers, classes, labels)
        rows = {layer: 1 + sum(slot.stop - slot.start for slot in own.values()) for layer, own in slots.items()}
        at_once = {layer: max(1, _ROWS // count) for layer, count in rows.items()}
        total, done = sum(-(-len(x) // step) for step in at_once.values()), 0
        for tap in taps:
            generator = torch.Generator().manual_seed(seed)
            logits = []
            for start in range(0, len(x), at_once[tap.layer]):
                part = slice(start, start + at_once[tap.layer])
                repeated = x[part].repeat_interleave(rows[tap.layer], dim=0)
                edit = _edit(tap.kind, slots[tap.layer], rows[tap.layer], lenders[part], generator)
                with edit_attention({tap.layer: edit}):
                    batch = torch.cat([repeated, pool[order]])
                    out = model(batch.contiguous(memory_format=torch.channels_last))
                logits.append(out[: len(repeated)].float().view(-1, rows[tap.layer], len(classes)))
                done += 1
                if progress is not None:
                    progress(done, total)
            compared = _compare(torch.cat(logits), settled, slots[tap.layer], labels)
            found.append(GateUse(tap.layer, tap.kind, settled.name, compared))
    return tuple(found)

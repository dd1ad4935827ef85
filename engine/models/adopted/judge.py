"""Is this product a gate? What is looked at before an operation runs, and what is said of it when it has.

A gate is one factor of a product that (1) was squashed into weights, (2) depends on the picture and (3) is multiplied
with something else that does. Not gates: an activation (features times a squashed self, as in Swish and gated linear
units), a learnt scale, a factor with the features' own shape that was only clamped or passed through tanh.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from torch import Tensor

from engine.models.adopted.findings import FUSED_OPERAND, FoundGate, Step
from engine.models.adopted.fused import added_keys, arguments_of
from engine.models.adopted.layout import AttentionLayout, GateLayout, gate_layout, native_shape, unstretched
from engine.models.adopted.operations import (
    CONTRACTIONS,
    FUSED,
    PRODUCTS,
    QUOTIENTS,
    SQUASHING,
    WEAKLY_SQUASHING,
    Arguments,
    Keywords,
    contracted,
    factors,
    is_in_place,
    operands_of,
)
from engine.models.adopted.places import UNKNOWN, Places, key_cells
from engine.models.adopted.trace import Known, Trace
from engine.records import KeyCells

_UNNAMED: Final = Step("", 0)
ACTIVATION: Final = "an activation: features times their own squashed selves"
LEARNT: Final = "a learnt scale: the picture does not decide it"
IN_TWO_STEPS: Final = (
    "a gate in two steps, features * exp(z) / (1 + exp(z)) or / sum(exp(z)): its value is nowhere; write "
    "features * sigmoid(z) or softmax(z)"
)
ROWS: Final = "weights of learnt rows: the picture does not decide what is weighed"


@dataclass(frozen=True, eq=False)
class Suspect:
    """A factor that may be a gate.

    Attributes:
        operand: 0 or 1. value: the factor without what it is stretched over. stretched: see FoundGate.
        known, other: of the factor and of what it is multiplied with.
        letters: of an einsum, those of the factor, of the other one and of the result; else three empty texts.
    """

    operand: int
    value: Tensor
    stretched: tuple[int, ...]
    known: Known
    other: Known
    letters: tuple[str, str, str] = ("", "", "")


@dataclass(frozen=True)
class Judge:
    """Judges the products of one pass, by what the trace knows."""

    trace: Trace

    def before(
        self, func: Callable[..., Any], name: str, args: Arguments, kwargs: Keywords
    ) -> Suspect | FoundGate | str | None:
        """Look at an operation that is about to run.

        Returns:
            A suspect, for :meth:`after`; a gate that needs no second look; why it is none; None: nothing to do with it.
        """
        if name in FUSED | QUOTIENTS:
            return (self._fused if name in FUSED else self._quotient)(name, args, kwargs)
        pair = factors(name, args, kwargs)
        if pair is None:
            return None
        if name in PRODUCTS:
            found = self._product(pair)
            if isinstance(found, Suspect) and found.operand == 0 and is_in_place(func):
                return "a gate that is overwritten with the features it gates, in place"
            return found
        if name in CONTRACTIONS:
            return self._attention(pair, (-1, -2))
        return self._einsum(pair, args[0] if isinstance(args[0], str) else "")

    def _einsum(self, pair: tuple[Tensor, Tensor], equation: str) -> Suspect | FoundGate | str | None:
        """Judge a sum of equation: over one letter that both factors have it may be attention, over none a product."""
        sides = (pair[0].ndim, pair[1].ndim)
        first, second, result = contracted(equation, 0, sides)
        summed = [letter for letter in first if letter in second and letter not in result]
        if not result or len(summed) > 1 or not set(result) <= set(first + second):
            return None
        if summed:
            return self._attention(pair, (first.index(summed[0]) - len(first), second.index(summed[0]) - len(second)))
        found = self._product(pair) if set(first + second) == set(result) else None
        if isinstance(found, Suspect):
            return replace(found, letters=contracted(equation, found.operand, sides))
        return found

    def after(self, verdict: Suspect | FoundGate | str, result: Tensor) -> FoundGate | str | None:
        """Return what a verdict of :meth:`before` comes to, now that the result is there."""
        if not isinstance(verdict, Suspect):
            return verdict
        if result.ndim < 2:
            return None
        known, other = verdict.known, verdict.other
        own, _, whole = verdict.letters
        onto = [whole.index(letter) for letter in own] if own else None
        layout = gate_layout(
            verdict.value,
            result.shape,
            self._features(verdict, result),
            known.squash,
            onto,
            pictures=self.trace.pictures,
        )
        if isinstance(layout, str):
            return layout if known.squash else None
        if known.squash in WEAKLY_SQUASHING and layout.kind == "full":
            return f"{known.squash} of the features' own shape: an activation"
        if known.squash and known.squashed_root and known.squashed_root == other.root:
            return ACTIVATION
        seen = layout.to_tap(verdict.value).shape
        return FoundGate(
            name="",
            kind=layout.kind,
            shape=native_shape(layout.kind, seen),
            made_by=known.squash,
            module="",
            step=_UNNAMED,
            operand=verdict.operand,
            layout=layout,
            stretched=verdict.stretched,
        )

    @staticmethod
    def _features(verdict: Suspect, result: Tensor) -> Places | None:
        """Return the twin of the gated features, shaped as the result."""
        _, features, whole = verdict.letters
        if whole:
            places = verdict.other.places
            if places is None or set(features) != set(whole):
                return None
            return Places(places.code.permute([features.index(letter) for letter in whole]), places.grid)
        for known in (verdict.other, verdict.known):
            if known.places is not None and known.places.code.shape == result.shape:
                return known.places
        return None if verdict.other.places is None else verdict.other.places.over(result.shape)

    def _quotient(self, name: str, args: Arguments, kwargs: Keywords) -> Suspect | str | None:
        """Judge a division: by ``1 + exp(-z)`` it is a product with a sigmoid."""
        operands = operands_of(name, args, kwargs)
        divided, divisor = (None, None) if operands is None else map(self.trace.of, operands)
        if divided is None or divisor is None or divisor.form is None or not divisor.depends:
            return None
        alike = divided.form is not None and divided.form.root == divisor.form.root
        if alike:
            twice = divided.form is not None and divided.form.step == "times exp"
            return IN_TWO_STEPS if twice and divisor.form.step in {"1 + exp", "sum of exp"} else None
        pair = factors(name, args, kwargs)
        if pair is None or divisor.form.step != "1 + exp":
            return None
        gate = replace(divisor, squash="sigmoid", squashed_root=divisor.form.root)
        return self._product(pair, (divided, gate))

    def _product(self, pair: tuple[Tensor, Tensor], known: tuple[Known, Known] | None = None) -> Suspect | str | None:
        known = known or (self.trace.of(pair[0]), self.trace.of(pair[1]))
        if not all(one.depends for one in known):
            learnt = [one for one in known if one.squash in SQUASHING and not one.depends]
            return LEARNT if learnt and any(one.depends for one in known) else None
        cut = [unstretched(factor, tuple(one.stretched)) for factor, one in zip(pair, known, strict=True)]
        squashed = [index for index, one in enumerate(known) if one.squash]
        sizes = [factor.numel() for factor in cut]
        if len(squashed) == 1:
            operand = squashed[0]
        elif sizes[0] == sizes[1]:
            return None  # two weights of one shape make weights; two features, features
        else:
            operand = sizes.index(min(sizes))
            if not squashed and (cut[operand].ndim < 3 or pair[1 - operand].ndim < 3):
                return None
        return Suspect(
            operand, cut[operand], tuple(sorted(known[operand].stretched)), known[operand], known[1 - operand]
        )

    def _attention(self, pair: tuple[Tensor, Tensor], axes: tuple[int, int]) -> FoundGate | str | None:
        """Judge a contraction of two factors along the given axes of theirs."""
        known = [self.trace.of(factor) for factor in pair]
        weights = [index for index, one in enumerate(known) if one.squash in SQUASHING and one.depends]
        if not weights or pair[weights[0]].ndim < 3:
            return None
        operand = weights[0]
        if not known[1 - operand].depends:
            return ROWS
        value, axis = pair[operand], axes[operand]
        keys = self._keys(known[1 - operand].places, axes[1 - operand])
        asking = known[operand].places
        asked = None if asking is None or axis != -1 else key_cells(asking, self.trace.pictures, -2)
        return self._attention_gate(value, known[operand].squash, operand, axis, (keys, asked))

    def _attention_gate(
        self, value: Tensor, squash: str, operand: int, axis: int, cells: tuple[KeyCells | None, KeyCells | None]
    ) -> FoundGate | str:
        """Make the record of attention weights; ``cells`` are those that are asked and those that ask."""
        count = value.shape[axis]
        if value.shape[0] % self.trace.pictures or (value.ndim + axis) == 0:
            return "attention whose first axis is not the batch"
        return FoundGate(
            name="",
            kind="cross",
            shape=(value.numel() // (self.trace.pictures * count), count),
            made_by=squash,
            module="",
            step=_UNNAMED,
            operand=operand,
            layout=AttentionLayout(axis),
            keys=cells[0],
            among_itself=cells[0] is not None and cells[0] == cells[1],
        )

    def _keys(self, places: Places | None, axis: int) -> KeyCells | None:
        if places is None or axis not in (-1, -2) or places.code.ndim < 3:
            return None
        return key_cells(places, self.trace.pictures, axis)

    def _fused(self, name: str, args: Arguments, kwargs: Keywords) -> FoundGate | str | None:
        given = arguments_of(name, args, kwargs)
        query, key, value = given["query"], given["key"], given["value"]
        known = [self.trace.of(part) for part in (query, key, value)]
        if not known[2].depends:
            return ROWS if any(one.depends for one in known) else None
        if not (known[0].depends or known[1].depends):
            return LEARNT
        if name == "scaled_dot_product_attention":
            weights = query.new_empty((*query.shape[:-1], key.shape[-2]), device="meta")
            asked, asking = (self._keys(one.places, -2) for one in (known[2], known[0]))
            return self._attention_gate(weights, "softmax", FUSED_OPERAND, -1, (asked, asking))
        if query.ndim != 3:
            return "multi-head attention without a batch"
        added = added_keys(given)
        asked, asking = (self._keys(_batch_first(one.places), -2) for one in (known[2], known[0]))
        among = asked is not None and asked == asking
        if asked is not None and added:
            asked = KeyCells(asked.grid, tuple((*window, *(UNKNOWN,) * added) for window in asked.windows))
        shape = (query.shape[1], given["num_heads"], query.shape[0], key.shape[0] + added)
        made = self._attention_gate(
            query.new_empty(shape, device="meta"), "softmax", FUSED_OPERAND, -1, (asked, asking)
        )
        return made if isinstance(made, str) else replace(made, among_itself=among)


def _batch_first(places: Places | None) -> Places | None:
    return None if places is None or places.code.ndim != 3 else Places(places.code.transpose(0, 1), places.grid)


__all__ = ["ACTIVATION", "LEARNT", "ROWS", "GateLayout", "Judge", "Suspect"]

"""From a gate as the network multiplies it to the gate as a tap reads it, and back.

A tap wants one layout a kind, whatever the network's own: (B, C, 1, 1) for a channel gate, (B, 1, h, w) for a spatial
one, (B, C, h, 1) and (B, C, 1, w) for rows and columns, (B, C, h, w) for a full one, (B, branches, C) for one that
weighs branches, (B, queries, keys) for attention. Which axis is what was traced (:mod:`engine.models.adopted.places`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import torch
from torch import Tensor

from engine.models.adopted.places import UNKNOWN, Places, Role
from engine.records import GateKind

_OF_PLACES: Final[tuple[Role, ...]] = ("cell", "row", "column")
"""In the order in which they are laid out, whatever theirs is in the network."""


@dataclass(frozen=True)
class Arrangement:
    """What the axes of a tensor are, so that it can be laid out as pictures, channels, places.

    Attributes:
        axes: a role an axis; exactly one is ``picture``.
        order: where the cells 0, 1, 2... lie along the ``cell`` axis, which may hold more than them (class tokens) and
            hold them in another order (windows); None: it holds them alone, row by row.
    """

    axes: tuple[Role, ...]
    order: tuple[int, ...] | None = None

    @cached_property
    def _permutation(self) -> tuple[int, ...]:
        wanted: tuple[Role, ...] = ("picture", "channel", *_OF_PLACES, "one")
        return tuple(axis for one in wanted for axis, role in enumerate(self.axes) if role == one)

    @cached_property
    def picture_axis(self) -> int:
        """Which axis the pictures are."""
        return self.axes.index("picture")

    @cached_property
    def is_usual(self) -> bool:
        """Whether pictures, channels and places lie in that order, axes of size 1 aside, and hold nothing else."""
        kept = [axis for axis in self._permutation if self.axes[axis] != "one"]
        return self.order is None and kept == sorted(kept)

    def _taken_apart(self, value: Tensor) -> Tensor:
        """Return value as (B, channels..., places...) without the axes of size 1; still with all tokens."""
        kept = [axis for axis in self._permutation if self.axes[axis] != "one"]
        return value.permute(self._permutation).reshape([value.shape[axis] for axis in kept])

    def laid_out(self, value: Tensor) -> Tensor:
        """Return value as (B, channels..., places...), cells alone and row by row."""
        found = self._taken_apart(value)
        return found if self.order is None else found.index_select(-1, torch.tensor(self.order, device=found.device))

    def put_back(self, laid_out: Tensor, value: Tensor) -> Tensor:
        """Return ``value`` (as the network has it) with what :meth:`laid_out` showed of it replaced."""
        whole = self._taken_apart(value)
        if self.order is None:
            whole = laid_out.reshape(whole.shape)
        else:
            cells = laid_out.reshape(*whole.shape[:-1], len(self.order)).to(whole.dtype)
            whole = whole.index_copy(-1, torch.tensor(self.order, device=whole.device), cells)
        permutation = self._permutation
        permuted = whole.reshape([value.shape[axis] for axis in permutation])
        return permuted.permute([permutation.index(axis) for axis in range(value.ndim)])


def cell_order(places: Places, axes: Sequence[Role]) -> tuple[int, ...] | None:
    """Return where each cell lies along the places of a tensor, or None where some cell is missing or there twice.

    Places are counted along the ``cell`` axis, or over rows and columns together.
    """
    code = places.code
    for axis, role in reversed(list(enumerate(axes))):
        if role not in _OF_PLACES:
            code = code.select(axis, 0)
    if [role for role in axes if role in _OF_PLACES] == ["column", "row"]:
        code = code.T
    line = Places(code, places.grid).cell_numbers().flatten().tolist()
    at = {cell: position for position, cell in enumerate(line) if cell != UNKNOWN}
    whole = len(at) == places.cells == sum(cell != UNKNOWN for cell in line)
    return tuple(at[cell] for cell in range(places.cells)) if whole else None


def arrangement(places: Places) -> Arrangement | None:
    """Return how a tensor of features is laid out as (B, C, h, w), or None where it is no such thing.

    It needs one axis of pictures, one or more of channels, and either cells or rows and columns, all there once.
    """
    axes = places.roles
    there = [role for role in axes if role in _OF_PLACES]
    if axes.count("picture") != 1 or "channel" not in axes or sorted(there) not in (["cell"], ["column", "row"]):
        return None
    order = cell_order(places, axes)
    if order is None:
        return None
    in_order = order == tuple(range(len(order)))
    if there == ["cell"]:
        tokens = places.code.shape[axes.index("cell")]
        return Arrangement(axes, None if in_order and tokens == places.cells else order)
    return Arrangement(axes) if in_order else None


@dataclass(frozen=True)
class GateLayout:
    """How the value of a gate that is multiplied with features is read.

    Attributes:
        kind: see :data:`engine.records.GateKind`.
        arrangement: of the value, without what it is stretched over.
        grid: (h, w) of its places; (1, 1) where it has none.
        branches: how many branches it weighs; 1 for all kinds but ``branch``.
        groups: how many groups of channels the network folds into the batch, each gated by itself; 1: none. The
            arrangement is that of the value with the groups taken out, as an axis of channels behind the pictures.
    """

    kind: GateKind
    arrangement: Arrangement
    grid: tuple[int, int] = (1, 1)
    branches: int = 1
    groups: int = 1

    @property
    def axes(self) -> int:
        """How many axes the value has in the network."""
        return len(self.arrangement.axes) - (self.groups > 1)

    def to_tap(self, value: Tensor) -> Tensor:
        """Return the value as a tap takes this kind."""
        value = self._unfolded(value)
        # At every gate of every pass: where nothing has to be turned, one view is all there is to do.
        laid_out = value if self.arrangement.is_usual else self.arrangement.laid_out(value)
        return laid_out.reshape(value.shape[self.arrangement.picture_axis], *self._tapped)

    @cached_property
    def _tapped(self) -> tuple[int, ...]:
        """What a tap sees of a picture; -1 for the channels."""
        height, width = self.grid
        shape: dict[str, tuple[int, ...]] = {
            "channel": (-1, 1, 1),
            "spatial": (1, height, width),
            "rows": (-1, height, 1),
            "columns": (-1, 1, width),
            "full": (-1, height, width),
            "branch": (self.branches, -1),
        }
        return shape[self.kind]

    def from_tap(self, weights: Tensor, value: Tensor) -> Tensor:
        """Return the value with what the tap gave back in its place."""
        return self.arrangement.put_back(weights, self._unfolded(value)).reshape(value.shape)

    def _unfolded(self, value: Tensor) -> Tensor:
        """Return the value with the groups that lie in its batch as an axis of their own."""
        if self.groups == 1:
            return value
        axis = self.arrangement.picture_axis
        return value.reshape(*value.shape[:axis], -1, self.groups, *value.shape[axis + 1 :])


@dataclass(frozen=True)
class AttentionLayout:
    """How attention weights are read: (B, queries, keys), heads and windows one after the other among the queries.

    Attributes:
        axis: which axis of the weights, counted from the last (negative), the keys are.
    """

    axis: int

    def to_tap(self, value: Tensor, pictures: int) -> Tensor:
        """Return weights, whose first axis is B times heads or windows, as (B, queries, keys)."""
        turned = value.movedim(self.axis, -1)
        return turned.reshape(pictures, -1, turned.shape[-1])

    def from_tap(self, weights: Tensor, value: Tensor) -> Tensor:
        """Return (B, queries, keys) in the shape of ``value``."""
        return weights.reshape(value.movedim(self.axis, -1).shape).movedim(-1, self.axis)


def _guessed(shape: Sequence[int]) -> tuple[Role, ...] | None:
    """Return what the axes of features of unknown origin are, by the customs of PyTorch; None where there is none."""
    customs: dict[int, tuple[Role, ...]] = {
        2: ("picture", "channel"),
        3: ("picture", "channel", "channel"),
        4: ("picture", "channel", "row", "column"),
    }
    found = customs.get(len(shape))
    return (
        None if found is None else tuple("one" if size == 1 else role for size, role in zip(shape, found, strict=True))
    )


def _kind(own: Sequence[Role], there: Sequence[Role], squash: str) -> GateKind | None:
    """Return the kind of a gate that differs along ``own`` of the axes ``there`` of the features."""
    channels, places = own.count("channel"), {role for role in own if role in _OF_PLACES}
    whole = {role for role in there if role in _OF_PLACES}
    if not places:
        return None if not channels else "branch" if channels > 1 and squash == "softmax" else "channel"
    if places == whole:
        return "full" if channels else "spatial"
    return "rows" if places == {"row"} else "columns" if places == {"column"} else None


def gate_layout(  # noqa: PLR0911 - one way a reason
    value: Tensor,
    product: Sequence[int],
    places: Places | None,
    squash: str,
    onto: Sequence[int] | None = None,
    *,
    pictures: int,
) -> GateLayout | str:
    """Return how a gate is read, or why it cannot be.

    Args:
        value: the gate, its stretched axes cut to one (:func:`unstretched`).
        product: shape of the gated features.
        places: the twin of the features, broadcast to that shape; None where nothing is known of them.
        squash: what made the gate a gate.
        onto: which axis of the product each of the gate's is; None: they are broadcast from the right.
        pictures: B.
    """
    there = places.roles if places is not None else _guessed(product)
    if there is None:
        return f"features of {len(product)} axes whose layout is not known"
    axes = range(len(product) - value.ndim, len(product)) if onto is None else onto
    own: tuple[Role, ...] = tuple(
        "one" if size == 1 else there[axis] for size, axis in zip(value.shape, axes, strict=True)
    )
    if "mixed" in own or own.count("picture") != 1:
        return _NOT_THE_BATCH
    groups, left = divmod(value.shape[own.index("picture")], pictures)
    if groups != 1:
        return _NOT_THE_BATCH if left or places is None else _in_groups(value, own, places, squash, groups)
    kind = _kind(own, there, squash)
    if kind is None:
        return "it is one number for the whole picture"
    if not any(role in _OF_PLACES for role in own):
        return GateLayout(kind, Arrangement(own), branches=value.shape[own.index("channel")] if kind == "branch" else 1)
    if places is None:
        return GateLayout(kind, Arrangement(own), grid=(product[2], product[3]))
    return _with_places(kind, value, own, places)


_NOT_THE_BATCH: Final = "its first axis is not the batch (windows, or one gate for all pictures)"


def _in_groups(value: Tensor, own: tuple[Role, ...], places: Places, squash: str, groups: int) -> GateLayout | str:
    """Return how a gate is read whose groups of channels are folded into the batch, those of a picture together."""
    axis = places.roles.index("picture")
    line = places.pictures().movedim(axis, 0).flatten(1)[:, 0]
    apart = (*own[: own.index("picture") + 1], "channel", *own[own.index("picture") + 1 :])
    kind = _kind(apart, places.roles, squash)
    if (
        bool((line != torch.arange(len(line) // groups).repeat_interleave(groups)).any())
        or kind is None
        or kind == "branch"
    ):
        return _NOT_THE_BATCH
    if not any(role in _OF_PLACES for role in own):
        return GateLayout("channel", Arrangement(apart), groups=groups)
    found = _with_places("full" if kind == "spatial" else kind, value, own, places)
    if isinstance(found, str):
        return found
    return GateLayout(found.kind, Arrangement(apart, found.arrangement.order), found.grid, groups=groups)


def _with_places(kind: GateKind, value: Tensor, own: tuple[Role, ...], places: Places) -> GateLayout | str:
    order = cell_order(places, places.roles)
    if order is None:
        return "its places are not the cells of one grid, each once"
    plain = order == tuple(range(len(order)))
    if "cell" in own:
        tokens = value.shape[own.index("cell")]
        return GateLayout(kind, Arrangement(own, None if plain and tokens == places.cells else order), places.grid)
    if not plain:
        return "its rows and columns are not in the picture's order"
    return GateLayout(kind, Arrangement(own), places.grid)


def unstretched(value: Tensor, stretched: Sequence[int]) -> Tensor:
    """Return a gate without the axes that it is only stretched along: those named, and those of stride 0.

    Args:
        value: the gate as it is multiplied.
        stretched: axes counted from the last (negative), along which it was repeated.
    """
    for axis, (size, stride) in enumerate(zip(value.shape, value.stride(), strict=True)):
        if axis and size > 1 and (stride == 0 or axis - value.ndim in stretched):
            value = value.narrow(axis, 0, 1)
    return value


def native_shape(kind: GateKind, shape: Sequence[int]) -> tuple[int, ...]:
    """Return the shape that a record of a gate has, from the shape (B, ...) that its tap sees."""
    if kind == "channel":
        return (math.prod(shape[1:]),)
    if kind in {"spatial", "rows", "columns"}:
        return tuple(
            size for axis, size in enumerate(shape[1:]) if axis != {"spatial": 0, "rows": 2, "columns": 1}[kind]
        )
    return tuple(shape[1:])

"""What is known of each tensor of a forward pass: does the picture reach it, was it squashed, where do its numbers lie.

Tensors are told apart by identity; what is known is forgotten with the tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from torch import Tensor
from torch.utils.weak import WeakIdKeyDictionary

from engine.models.adopted import places as twins
from engine.models.adopted.operations import (
    AFFINE,
    COMBINING,
    JOINING,
    KEEPING,
    MOVING,
    POINTWISE,
    RESIZING,
    SQUASHING,
    WEAKLY_SQUASHING,
    Arguments,
    Keywords,
    contracted,
    tensors,
)
from engine.models.adopted.places import Places
from engine.models.adopted.written_out import Form, Squashed, written_out

GRID_MAKERS: Final = frozenset({
    "conv2d", "conv_transpose2d", "convolution", "max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "lp_pool2d",
    "adaptive_max_pool2d", "fractional_max_pool2d", "pixel_shuffle", "pixel_unshuffle", "grid_sample",
    "max_pool2d_with_indices", "boolean_dispatch", "max_unpool2d",
}) | RESIZING  # fmt: skip
"""What answers (B, C, h, w) by its own definition."""

LINEAR: Final = frozenset({"linear"})
REDUCING: Final = frozenset({"mean", "sum", "amax", "amin", "max", "min", "std", "var", "logsumexp"})
_WITH_INDICES: Final = frozenset({"max", "min"})


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of a tensor.

    Attributes:
        depends: the picture reaches it.
        root: the number of the tensor that it is a pointwise function of (its own where it is of none).
        squash: the squashing operation it came from through nothing but layout and affine steps; else empty.
        squashed_root: the root of what was squashed; 0 where several were.
        stretched: axes (negative) along which it is only repeated.
        places: its twin, or None.
        form: how far it has come to weights that are squashed in several steps, or None.
    """

    depends: bool = False
    root: int = 0
    squash: str = ""
    squashed_root: int = 0
    stretched: frozenset[int] = frozenset()
    places: Places | None = None
    form: Form | None = None


@dataclass(eq=False)
class Trace:
    """What is known of all tensors so far.

    Attributes:
        pictures: B.
        known: tensor → what is known of it; a tensor that is not there is a weight or a constant.
    """

    pictures: int
    known: WeakIdKeyDictionary = field(default_factory=WeakIdKeyDictionary)
    _count: int = 0

    def begin(self, x: Tensor) -> None:
        """Note the pictures (B, C, H, W) themselves."""
        self.known[x] = Known(depends=True, root=self._number(), places=twins.on_a_grid(x.shape))

    def of(self, tensor: Tensor) -> Known:
        """Return what is known of a tensor."""
        found: Known = self.known.get(tensor, _NOTHING)  # type: ignore[no-untyped-call]  # torch has no types for it
        return found

    def _number(self) -> int:
        self._count += 1
        return self._count

    def learn(self, func: Callable[..., Any], name: str, args: Arguments, kwargs: Keywords, result: Any) -> None:
        """Note what follows for the results of an operation that has just run."""
        given = [*tensors(args), *tensors(kwargs)]
        before = [self.of(tensor) for tensor in given]
        # what lends its shape or type alone (expand_as, type_as) does not count
        counted = before[:1] if name in MOVING | KEEPING else before
        reached = [known for known in counted if known.depends]
        if name == "setitem" and reached and isinstance(args[0], Tensor):  # the only operation without a result
            self.known[args[0]] = Known(depends=True, root=self._number())
            return
        outputs = list(tensors(result)) if isinstance(result, (Tensor, tuple, list)) else []
        if not outputs:
            return
        if not reached:
            self._learn_constant(name, before, outputs)
            return
        laid_out = self._places(func, name, (args, kwargs), given, outputs)
        for output, where in zip(outputs, laid_out, strict=True):
            self.known[output] = self._one(name, args, given, before, output, where)

    def _learn_constant(self, name: str, before: Sequence[Known], outputs: Sequence[Tensor]) -> None:
        """Note that what the picture does not reach was squashed: a learnt scale, which is said to be no gate."""
        if name in SQUASHING or (name in MOVING | KEEPING | AFFINE and any(known.squash for known in before)):
            for output in outputs:
                self.known[output] = Known(squash=name if name in SQUASHING else "sigmoid")

    def _one(
        self,
        name: str,
        args: Arguments,
        given: Sequence[Tensor],
        before: Sequence[Known],
        output: Tensor,
        where: Places | None,
    ) -> Known:
        first = before[0]
        found = Known(depends=True, root=self._number(), places=where)
        written = written_out(name, args, lambda tensor: self.of(tensor).form, first.root, found.root)
        if isinstance(written, Squashed):
            return replace(found, squash=written.by, squashed_root=written.root)
        found = replace(found, form=written)
        if name in SQUASHING | WEAKLY_SQUASHING and first.depends:
            # a clamped feature is still a function of the feature, number by number; so is a sigmoid of it, but that
            # is what must be told from the feature
            root = first.root if name in WEAKLY_SQUASHING else found.root
            return replace(found, squash=name, squashed_root=first.root, root=root)
        of = [known for known in ([first] if name in MOVING | KEEPING else before) if known.depends]
        if name in MOVING | KEEPING | AFFINE | RESIZING and len(of) == 1:
            own = of[0]
            return replace(
                found,
                squash=own.squash,
                squashed_root=own.squashed_root,
                root=own.root if name in POINTWISE else found.root,
                stretched=self._stretched(name, given[0], own, output) if own.squash or own.form else frozenset(),
            )
        if name in AFFINE | JOINING | COMBINING and of and all(known.squash for known in of):
            return replace(found, squash=of[0].squash)
        if name == "relu":
            return replace(found, root=first.root)
        return found

    @staticmethod
    def _stretched(name: str, source: Tensor, own: Known, output: Tensor) -> frozenset[int]:
        """Return along which axes ``output`` only repeats weights."""
        if name in {"expand", "expand_as", "broadcast_to", "repeat", "tile"}:
            before = (1,) * (output.ndim - source.ndim) + tuple(source.shape)
            grown = {a - output.ndim for a in range(output.ndim) if before[a] == 1 and output.shape[a] > 1}
            return own.stretched | grown
        return own.stretched if name in KEEPING | AFFINE and source.shape == output.shape else frozenset()

    def _places(  # noqa: PLR0911 - one way a family of operations
        self,
        func: Callable[..., Any],
        name: str,
        arguments: tuple[Arguments, Keywords],
        given: Sequence[Tensor],
        outputs: Sequence[Tensor],
    ) -> list[Places | None]:
        args, kwargs = arguments
        nothing: list[Places | None] = [None] * len(outputs)
        output, first = outputs[0], self.of(given[0]).places
        if name in GRID_MAKERS:
            fits = output.ndim == 4 and len(output) == self.pictures
            return [twins.on_a_grid(output.shape) if fits else None, *nothing[1:]]
        if name in JOINING:
            parts = [(tensor, self.of(tensor).places) for tensor in given]
            dim: Any = args[1] if len(args) > 1 else kwargs.get("dim", kwargs.get("axis", 0))
            unknown = any(self.of(tensor).depends and places is None for tensor, places in parts)
            return nothing if unknown else self._fitting([twins.joined(name, parts, dim)], outputs)
        if name in MOVING:
            return nothing if first is None else self._fitting(twins.moved(first, func, name, args, kwargs), outputs)
        if name in {"pad", "constant_pad_nd"}:
            return nothing if first is None else self._fitting([twins.padded(first, args, kwargs)], outputs)
        if name in LINEAR:
            return nothing if first is None else [twins.last_axis_replaced(first, output.shape[-1])]
        if name in {"matmul", "bmm"} and first is not None and output.shape[:-1] == given[0].shape[:-1]:
            return [twins.last_axis_replaced(first, output.shape[-1])]  # of attention scores: the asking cell
        if name == "einsum" and first is not None and isinstance(args[0], str):
            sides = [tensor.ndim for tensor in given]
            own, _, result = contracted(args[0], 0, (sides[0], sides[1])) if len(sides) == 2 else ("", "", "")
            return self._fitting([twins.summed(first, own, result, output.shape) if own else None], outputs)
        if name in REDUCING:
            return self._reduced(name, first, arguments, outputs)
        return [self._same_shape(given, one) for one in outputs]

    @staticmethod
    def _fitting(found: Sequence[Places | None], outputs: Sequence[Tensor]) -> list[Places | None]:
        """Return the twins that fit the results, None for each where the operation gave others."""
        if len(found) != len(outputs):
            return [None] * len(outputs)
        return [
            places if places is not None and places.code.shape == output.shape else None
            for places, output in zip(found, outputs, strict=True)
        ]

    def _reduced(
        self, name: str, first: Places | None, arguments: tuple[Arguments, Keywords], outputs: Sequence[Tensor]
    ) -> list[Places | None]:
        args, kwargs = arguments
        dims = args[1] if len(args) > 1 else kwargs.get("dim", kwargs.get("axis"))
        keepdim = bool(args[2] if len(args) > 2 and isinstance(args[2], bool) else kwargs.get("keepdim", False))
        dims = (dims,) if isinstance(dims, int) else dims
        if first is None or not isinstance(dims, (tuple, list)) or not all(isinstance(dim, int) for dim in dims):
            return [None] * len(outputs)
        found = twins.reduced(first, dims, keepdim)
        return self._fitting([found] * len(outputs) if name in _WITH_INDICES else [found], outputs)

    def _same_shape(self, given: Sequence[Tensor], output: Tensor) -> Places | None:
        """Return the twin of what has an argument's shape and is taken to lie where that does: activations, norms..."""
        candidates = [(tensor, self.of(tensor).places) for tensor in given]
        for tensor, places in candidates:
            if places is not None and tensor.shape == output.shape:
                return places
        for _, places in candidates:
            if places is not None and (broad := places.over(output.shape)) is not None:
                return broad
        return None


_NOTHING: Final = Known()

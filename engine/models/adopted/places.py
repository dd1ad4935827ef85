"""Where in the picture each number of a tensor lies: followed through whatever a network does with its axes.

A convolution answers (B, C, h, w); what comes after may be (B, h, w, C), (B, h · w, C), a class token and then the
cells, or windows of 7 x 7 cells that are rolled, cut out and folded into the batch. Instead of guessing from sizes,
each feature tensor gets a twin of whole numbers, which says of every number which picture and which cell it belongs to;
the operations that move numbers are run on the twin as well. Along which axes picture, row and column differ then says
what the axes are, for any layout, any order and any rectangle.

The twin of a convolution's answer is stretched without memory (its channels have stride 0), so most twins cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

import torch
from torch import Tensor

from engine.models.adopted.operations import Arguments, Keywords
from engine.records import NO_CELL, KeyCells

Role = Literal["picture", "row", "column", "cell", "channel", "one", "mixed"]
"""What differs along an axis: the picture, the cell's row, its column, both (cells one after the other), neither of
them (channels, heads, groups); ``one`` is an axis of size 1; ``mixed`` are windows: pictures and cells together."""

UNKNOWN: Final = NO_CELL
"""In a twin: nothing is known of this number, as of what padding adds."""

_MISFITS: Final = (RuntimeError, TypeError, ValueError, IndexError, NotImplementedError, AttributeError)


@dataclass(frozen=True, eq=False)
class Places:
    """A tensor's twin.

    Attributes:
        code: int32, shaped as the tensor: ``picture * (cells + 1)``, plus ``cell + 1`` where the number belongs to a
            cell of the grid (row by row) and 0 where it belongs to none (a class token); or UNKNOWN.
        grid: (h, w), the grid that cells are counted on.
    """

    code: Tensor
    grid: tuple[int, int]

    @property
    def cells(self) -> int:
        """How many cells the grid has."""
        return self.grid[0] * self.grid[1]

    def pictures(self) -> Tensor:
        """Return which picture each number belongs to; UNKNOWN where that is not known."""
        return torch.where(self.code < 0, UNKNOWN, self.code // (self.cells + 1))

    def cell_numbers(self) -> Tensor:
        """Return which cell each number belongs to; UNKNOWN where to none or that is not known."""
        return torch.where(self.code < 0, UNKNOWN, self.code % (self.cells + 1) - 1)

    @cached_property
    def roles(self) -> tuple[Role, ...]:
        """What each axis of the tensor is."""
        return _roles(self)

    def over(self, shape: Sequence[int]) -> Places | None:
        """Return the twin of what this one's tensor is broadcast to, or None where it cannot be."""
        try:
            return Places(self.code.expand(tuple(shape)), self.grid)
        except _MISFITS:
            return None


def on_a_grid(shape: Sequence[int]) -> Places:
    """Return the twin of a convolution's or pooling's answer of ``shape`` (B, C, h, w)."""
    pictures, _, height, width = shape
    cells = torch.arange(1, height * width + 1, dtype=torch.int32).view(1, 1, height, width)
    first = torch.arange(pictures, dtype=torch.int32).view(-1, 1, 1, 1) * (height * width + 1)
    return Places((first + cells).expand(tuple(shape)), (height, width))


def without_cells(shape: Sequence[int], grid: tuple[int, int]) -> Places:
    """Return the twin of tokens, ``shape`` (B, ...), that belong to a picture and to no cell of ``grid``."""
    first = torch.arange(shape[0], dtype=torch.int32).view(-1, *(1,) * (len(shape) - 1))
    return Places((first * (grid[0] * grid[1] + 1)).expand(tuple(shape)), grid)


def _replay(code: Tensor, func: Callable[..., Any], name: str, args: Arguments, kwargs: Keywords) -> Any:
    """Run a moving operation on a twin, which lies on the CPU."""
    rest: list[Any] = [arg.cpu() if isinstance(arg, Tensor) else arg for arg in args[1:]]
    given = {word: value for word, value in kwargs.items() if word not in {"input", "self"}}
    if name in {"view", "unsafe_view"}:  # a twin may lie in memory otherwise than its tensor
        if len(rest) == 1 and isinstance(rest[0], torch.dtype):
            return None
        return code.reshape(*rest)
    if name in {"T", "mT", "H", "mH"}:
        return getattr(code, name)
    if isinstance(func, torch._ops.OpOverload):  # noqa: SLF001 - the class of exported operations has no public name
        return func(code, *rest, **given)
    if name == "getitem":
        return code[rest[0]]
    return getattr(code, name)(*rest, **given)


def moved(
    places: Places, func: Callable[..., Any], name: str, args: Arguments, kwargs: Keywords
) -> list[Places | None]:
    """Return the twins of a moving operation's results (one or several), from the twin of its first argument."""
    try:
        found = _replay(places.code, func, name, args, kwargs)
    except _MISFITS:
        return []
    listed = list(found) if isinstance(found, (tuple, list)) else [found]
    return [Places(code, places.grid) if isinstance(code, Tensor) else None for code in listed]


def padded(places: Places, args: Arguments, kwargs: Keywords) -> Places | None:
    """Return the twin of ``F.pad``'s result; what it adds is UNKNOWN."""
    widths = args[1] if len(args) > 1 else kwargs.get("pad")
    if widths is None:
        return None
    try:
        return Places(torch.nn.functional.pad(places.code, list(widths), value=UNKNOWN), places.grid)
    except _MISFITS:
        return None


def joined(name: str, parts: Sequence[tuple[Tensor, Places | None]], dim: int) -> Places | None:
    """Return the twin of ``cat`` or ``stack``: a part without one (a class token) belongs to no cell.

    None where no part has a twin, or two count cells on different grids.
    """
    grids = {places.grid for _, places in parts if places is not None}
    if len(grids) != 1:
        return None
    (grid,) = grids
    codes = [(places or without_cells(tensor.shape, grid)).code for tensor, places in parts]
    try:
        return Places((torch.cat if name == "cat" else torch.stack)(codes, dim), grid)
    except _MISFITS:
        return None


def last_axis_replaced(places: Places, size: int) -> Places:
    """Return the twin of a linear layer's answer: other channels in the last axis, all else where it was.

    Where the layer mixes the channels of several cells (as where patches are merged, 2 x 2 into one), or every other
    row and column was left out, what it answers lies on a coarser grid.
    """
    first = places.code[..., :1]
    found = Places(first.expand(*first.shape[:-1], size), places.grid)
    merges = places.code.stride(-1) != 0 and bool((places.code != first).any())
    return _coarser(found, always=merges)


def _coarser(places: Places, *, always: bool) -> Places:
    """Return the twin with its cells counted on the grid of those rows and columns that it has cells of.

    Unless ``always``, only where these are every second, third... one; what lacks others is a part cut out.
    """
    code = without_repeats(places.code)
    cells = places.cell_numbers() if code is places.code else Places(code, places.grid).cell_numbers()
    rows, columns = cells // places.grid[1], cells % places.grid[1]
    there = cells != UNKNOWN
    if not bool(there.any()):
        return places
    own_rows, own_columns = torch.unique(rows[there]), torch.unique(columns[there])  # sorted
    grid = (len(own_rows), len(own_columns))
    if grid == places.grid or not (always or _regular(own_rows) or _regular(own_columns)):
        return places
    cell = torch.searchsorted(own_rows, rows) * grid[1] + torch.searchsorted(own_columns, columns)
    picture = torch.where(code < 0, 0, code // (places.cells + 1))
    renumbered = picture * (grid[0] * grid[1] + 1) + torch.where(there, cell + 1, 0)
    renumbered = torch.where(code < 0, UNKNOWN, renumbered).to(torch.int32)
    return Places(renumbered.expand(places.code.shape), grid)


def _regular(numbers: Tensor) -> bool:
    """Whether sorted numbers have one distance of 2 or more."""
    steps = numbers.diff()
    return len(steps) > 0 and int(steps[0]) > 1 and bool((steps == steps[0]).all())


def reduced(places: Places, dims: Sequence[int], keepdim: bool) -> Places | None:
    """Return the twin of a mean, sum or maximum over ``dims``, or None where these hold several pictures or cells."""
    axes = tuple(sorted({dim % places.code.ndim for dim in dims}))
    code = places.code
    for axis in axes:
        first = code.narrow(axis, 0, 1)
        if code.stride(axis) and bool((without_repeats(code) != without_repeats(first)).any()):
            return None
        code = first
    return Places(code if keepdim else code.squeeze(axes), places.grid)


def summed(places: Places, own: str, result: str, shape: Sequence[int]) -> Places | None:
    """Return the twin of an einsum's result from that of one factor, or None where cells are summed over.

    Args:
        places: of the factor, whose axes are the letters ``own``.
        result: the letters of the result. shape: its sizes.
    """
    if len(own) != places.code.ndim or len(result) != len(shape):
        return None
    gone = [axis for axis, letter in enumerate(own) if letter not in result]
    left = reduced(places, gone, keepdim=False) if gone else places
    if left is None:
        return None
    letters = [letter for letter in own if letter in result]
    code = left.code.permute([letters.index(letter) for letter in result if letter in letters])
    for axis, letter in enumerate(result):
        code = code if letter in letters else code.unsqueeze(axis)
    return Places(code, places.grid).over(shape)


def _differs(values: Tensor, axis: int) -> bool:
    """Whether known values differ along an axis."""
    for reference in (values.narrow(axis, 0, 1), values.narrow(axis, values.shape[axis] - 1, 1)):
        if bool(((values != reference) & (values != UNKNOWN) & (reference != UNKNOWN)).any()):
            return True
    return False


def without_repeats(code: Tensor) -> Tensor:
    """Return a twin's code with axes of stride 0, along which all numbers are one, cut to a single entry."""
    for axis, (size, stride) in enumerate(zip(code.shape, code.stride(), strict=True)):
        if size > 1 and stride == 0:
            code = code.narrow(axis, 0, 1)
    return code


def _roles(places: Places) -> tuple[Role, ...]:
    short = Places(without_repeats(places.code), places.grid)
    pictures, cells = short.pictures(), short.cell_numbers()
    rows = torch.where(cells < 0, UNKNOWN, cells // places.grid[1])
    columns = torch.where(cells < 0, UNKNOWN, cells % places.grid[1])
    found: list[Role] = []
    for axis, size in enumerate(places.code.shape):
        if size == 1:
            found.append("one")
            continue
        picture, row, column = (_differs(values, axis) for values in (pictures, rows, columns))
        if picture:
            found.append("mixed" if row or column else "picture")
        else:
            found.append("cell" if row and column else "row" if row else "column" if column else "channel")
    return tuple(found)


def key_cells(places: Places, pictures: int, axis: int) -> KeyCells | None:  # noqa: PLR0911 - one way a reason
    """Return which cells the values of an attention belong to, or None where that is not one answer for each picture.

    Args:
        places: of the values, (rows..., with keys along ``axis`` and channels along the other of the last two).
        pictures: B; rows of one picture must lie together.
        axis: -2, or -1 where channels come first.

    [1] A. El-Nouby et al. XCiT: Cross-Covariance Image Transformers. NeurIPS 2021, arXiv:2106.09681.
    """
    if places.roles[axis] == "channel" and places.cells > 1:
        return None  # channels that attend to channels, as in XCiT [1]; their keys are no places
    code = places.code.movedim(axis, -1)[..., 0, :]  # (rows..., keys)
    code = code.reshape(-1, code.shape[-1])
    if len(code) % pictures:
        return None
    there = Places(code, places.grid)
    owner = torch.arange(pictures).repeat_interleave(len(code) // pictures)[:, None]
    found = there.pictures()
    if bool(((found != owner) & (found != UNKNOWN)).any()):
        return None
    cells = there.cell_numbers().view(pictures, -1, code.shape[-1])
    if bool((cells != cells[:1]).any()) or bool((cells == UNKNOWN).all()):
        return None
    windows = torch.unique_consecutive(cells[0], dim=0)
    if cells.shape[1] % len(windows):
        return None
    repeats = cells.shape[1] // len(windows)
    if bool((windows.repeat_interleave(repeats, dim=0) != cells[0]).any()):
        return None
    return KeyCells(places.grid, tuple(tuple(row) for row in windows.tolist()))

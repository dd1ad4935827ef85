"""Operations by name, whoever calls them: ``x * y``, ``torch.mul``, ``x.mul_`` and ``aten.mul.Tensor`` are all ``mul``.

A :class:`torch.overrides.TorchFunctionMode` is handed every operation as a Python callable, in one of four spellings:
a method, a function, a descriptor (``x.T``) or an overload of an exported graph. Everything else in this room speaks of
operations by the one name that :func:`operation_name` gives them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from string import ascii_letters
from typing import Any, Final

import torch
from torch import Tensor

Arguments = tuple[Any, ...]
Keywords = dict[str, Any]

SQUASHING: Final = frozenset({"sigmoid", "hardsigmoid", "softmax"})
"""What turns numbers of any size into weights: the mark of a gate."""

WEAKLY_SQUASHING: Final = frozenset({"relu6", "hardtanh", "clamp", "tanh"})
"""What also serves as an ordinary activation: a gate only where it is stretched over more than it was made of."""

MOVING: Final = frozenset({
    "view", "reshape", "unsqueeze", "squeeze", "expand", "expand_as", "transpose", "permute", "swapaxes", "swapdims",
    "flatten", "unflatten", "repeat", "repeat_interleave", "tile", "broadcast_to", "getitem", "select", "slice",
    "split", "split_with_sizes", "chunk", "unbind", "narrow", "movedim", "moveaxis", "view_as", "reshape_as",
    "tensor_split", "roll", "flip", "t", "T", "mT", "H", "mH", "unsafe_view", "index_select", "index", "ravel",
    "unfold",
})  # fmt: skip
"""What lays the same numbers out otherwise."""

KEEPING: Final = frozenset({
    "contiguous", "to", "type_as", "type", "float", "half", "double", "bfloat16", "clone", "dropout", "dropout2d",
    "feature_dropout", "alpha_dropout", "alias", "detach", "detach_copy", "lift_fresh", "lift_fresh_copy", "to_copy",
    "masked_fill", "nan_to_num", "cpu", "cuda", "requires_grad", "data", "pow", "sqrt",
})  # fmt: skip
"""What leaves the numbers where they are, and weights the weights that they were."""

AFFINE: Final = frozenset({"add", "sub", "rsub", "neg", "div", "rdiv", "mul"})
RESIZING: Final = frozenset({"interpolate", "upsample_bilinear2d", "upsample_nearest2d", "upsample_bicubic2d"})
JOINING: Final = frozenset({"cat", "stack"})
COMBINING: Final = frozenset({"maximum", "minimum", "where", "lerp"})
"""Weights that are combined with weights alone stay weights, as under AFFINE and JOINING."""

POINTWISE: Final = MOVING | KEEPING | AFFINE | {"relu"}
"""What makes a tensor a function, number by number, of the one it was made of."""

PRODUCTS: Final = frozenset({"mul", "addcmul"})
QUOTIENTS: Final = frozenset({"div"})
"""``features / (1 + exp(-z))``: a product with the reciprocal, which the network itself never computes."""
CONTRACTIONS: Final = frozenset({"matmul", "bmm", "baddbmm"})
FUSED: Final = frozenset({"scaled_dot_product_attention", "multi_head_attention_forward"})

_SAME: Final[dict[str, str]] = {
    "multiply": "mul", "imul": "mul", "rmul": "mul", "iadd": "add", "radd": "add", "isub": "sub", "subtract": "sub",
    "truediv": "div", "itruediv": "div", "true_divide": "div", "divide": "div", "idiv": "div", "rtruediv": "rdiv",
    "rmatmul": "matmul", "imatmul": "matmul", "mm": "matmul", "expit": "sigmoid", "hard_sigmoid": "hardsigmoid",
    "clip": "clamp", "concat": "cat", "concatenate": "cat", "upsample": "interpolate", "hsplit": "tensor_split",
}  # fmt: skip
_IN_PLACE: Final = frozenset({"__imul__", "__iadd__", "__isub__", "__idiv__", "__itruediv__"})
_READ: Final = frozenset({"T", "mT", "H", "mH", "data", "real", "imag"})
_OPERANDS: Final[dict[str, tuple[int, int]]] = {"addcmul": (1, 2), "baddbmm": (1, 2)}
_KEYWORDS: Final[tuple[tuple[str, ...], tuple[str, ...]]] = (
    ("input", "self", "tensor1", "batch1"),
    ("other", "mat2", "tensor2", "batch2"),
)


@functools.cache
def _word(func: Callable[..., Any]) -> str:
    name = str(getattr(func, "__name__", func)).partition(".")[0]
    if name.startswith("__") and name.endswith("__"):
        name = name[2:-2]
    if name in {"get", "set"}:  # the descriptor of an attribute; but for a few it reads no tensor
        attribute = str(getattr(getattr(func, "__self__", None), "__name__", ""))
        return attribute if name == "get" and attribute in _READ else ""
    name = name.removeprefix("special_").strip("_")
    return _SAME.get(name, name)


def operation_name(func: Callable[..., Any]) -> str:
    """Return the operation's one name; empty for what computes nothing, as reading ``x.shape``."""
    try:
        return _word(func)
    except TypeError:  # not hashable
        return str(_word.__wrapped__(func))


def tensors(things: Any) -> Iterator[Tensor]:
    """Yield the tensors among arguments, those in lists too."""
    if isinstance(things, Tensor):
        yield things
    elif isinstance(things, (tuple, list)):
        for thing in things:
            yield from tensors(thing)
    elif isinstance(things, dict):
        for thing in things.values():
            yield from tensors(thing)


def _flat(name: str, args: Arguments) -> list[Any] | None:
    """Return an einsum's operands, in a new list, or None where the operation is another."""
    if name != "einsum":
        return None
    return list(args[1]) if len(args) == 2 and isinstance(args[1], (tuple, list)) else list(args[1:])


def factors(name: str, args: Arguments, kwargs: Keywords) -> tuple[Tensor, Tensor] | None:
    """Return the two tensors that an operation multiplies, in its order; None where it does not multiply two.

    Of a quotient, the second is the reciprocal of what is divided by.
    """
    pair = operands_of(name, args, kwargs)
    return (pair[0], _reciprocal(pair[1])) if pair is not None and name in QUOTIENTS else pair


def operands_of(name: str, args: Arguments, kwargs: Keywords) -> tuple[Tensor, Tensor] | None:
    """Return the two tensors that an operation multiplies or divides, as it is given them."""
    operands = _flat(name, args)
    if operands is not None:
        found = operands
    elif name in PRODUCTS | CONTRACTIONS | QUOTIENTS and not kwargs.get("rounding_mode"):
        found = [
            args[place] if len(args) > place else next((kwargs[word] for word in words if word in kwargs), None)
            for place, words in zip(_OPERANDS.get(name, (0, 1)), _KEYWORDS, strict=True)
        ]
    else:
        return None
    first, second = found if len(found) == 2 else (None, None)
    return (first, second) if isinstance(first, Tensor) and isinstance(second, Tensor) else None


def _reciprocal(divisor: Tensor) -> Tensor:
    """Return 1 / divisor, which is only repeated where the divisor is (axes of stride 0)."""
    once = tuple(slice(0, 1) if stride == 0 else slice(None) for stride in divisor.stride())
    return divisor[once].reciprocal().expand(divisor.shape)


def _divisor(factor: Tensor) -> Tensor:
    """Return what to divide by in place of a multiplication with ``factor``; where that is 0, infinity.

    Its gradient is finite there, too.
    """
    nothing = factor == 0
    return torch.where(nothing, torch.inf, torch.where(nothing, 1.0, factor).reciprocal())


def with_factor(
    name: str, args: Arguments, kwargs: Keywords, operand: int, value: Tensor
) -> tuple[Arguments, Keywords]:
    """Return the arguments with factor ``operand`` (0 or 1, as :func:`factors` has them) replaced."""
    if name in QUOTIENTS and operand == 1:
        value = _divisor(value)
    operands = _flat(name, args)
    if operands is not None:
        operands[operand] = value
        # an exported einsum takes them in a list, and nothing else
        listed = len(args) == 2 and isinstance(args[1], (tuple, list))
        return ((args[0], operands) if listed else (args[0], *operands)), kwargs
    place = _OPERANDS.get(name, (0, 1))[operand]
    if len(args) > place:
        return (*args[:place], value, *args[place + 1 :]), kwargs
    word = next(word for word in _KEYWORDS[operand] if word in kwargs)
    return args, {**kwargs, word: value}


def is_in_place(func: Callable[..., Any]) -> bool:
    """Whether an operation writes its result into its first argument: ``mul_``, ``*=``, ``aten.mul_.Tensor``."""
    name = str(getattr(func, "__name__", func)).partition(".")[0]
    return (name.endswith("_") and not name.endswith("__")) or name in _IN_PLACE


def contracted(equation: str, operand: int, sides: tuple[int, int]) -> tuple[str, str, str]:
    """Return an einsum's (letters of factor ``operand``, letters of the other factor, letters of the result).

    Spaces are dropped, an ellipsis becomes letters of its own, and a result that is not written is what einsum makes
    of it. An equation of other than two factors gives three empty texts.

    Args:
        equation: as ``torch.einsum`` takes it. operand: 0 or 1.
        sides: how many axes each factor has.
    """
    left, arrow, result = equation.replace(" ", "").partition("->")
    parts = left.split(",")
    if len(parts) != 2:
        return "", "", ""
    free = [letter for letter in ascii_letters if letter not in equation]
    most = max(0, *(count - len(part) + 3 for part, count in zip(parts, sides, strict=True) if "..." in part), 0)
    if most > len(free):
        return "", "", ""
    others = "".join(free[:most])
    if not arrow:
        once = sorted(letter for letter in set(left) - set(",.") if left.count(letter) == 1)
        result = ("..." if "..." in left else "") + "".join(once)
    written = []
    for part, count in zip(parts, sides, strict=True):
        own = count - len(part) + 3  # axes that the ellipsis stands for, the last of those of all
        written.append(part.replace("...", others[most - own :] if own else ""))
    return written[operand], written[1 - operand], result.replace("...", others)

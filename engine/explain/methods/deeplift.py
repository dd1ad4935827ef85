"""DeepLIFT: how the difference from a blank picture travels through the model, change over change instead of slope.

[1] A. Shrikumar, P. Greenside, A. Kundaje. Learning Important Features Through Propagating Activation Differences.
    ICML 2017, arXiv:1704.02685 (the rescale rule, section 3.5.2).

The map's pixels sum to the explained scalar less that of the blank picture. It assumes that the blank picture means
"nothing there", and that a single step from there says more than the slope where the picture stands.

Picture and blank run together as neighbouring rows. Each rule returns the true values, with a derivative that is the
same for both rows and carries the difference of its inputs exactly into that of its outputs:

- an activation by itself: change over change (rescale rule); its derivative where the change is nearly 0;
- a maximum, of a pool, along an axis or of two features: its rise goes to the cell that holds the greater of both
  maxima;
- a product of two features, as of a feature and its gate: each factor takes its change times the mean of the other's
  two values. [1] has no rule for products; this one is the only symmetric one that loses nothing.

Captum's DeepLift has rules for modules only (see :mod:`engine.explain.methods.guided`). Where activations are modules
that run once, and nothing is multiplied or max-pooled, both give the same; behind a max-pool its sums are found to be
off. A stored network's operations are the same ones under their exported names. Models with other operations, as a
softmax or a LayerNorm between features, are refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.explain.methods.guided import BackwardRules, unruled_operations
from engine.explain.methods.method import Setup
from engine.explain.target import ScalarFunction
from engine.models.adopted.operations import is_in_place, operation_name, tensors

NEARLY_ZERO: Final = 1e-6
"""A change of an activation's input below this has no reliable ratio."""

ACTIVATIONS: Final[tuple[str, ...]] = (
    "relu", "sigmoid", "tanh", "silu", "gelu", "elu", "leaky_relu", "softplus", "hardtanh", "hardswish", "abs", "mish",
    "hardsigmoid", "relu6", "clamp", "clamp_min", "clamp_max", "selu", "celu", "prelu", "logsigmoid", "log_sigmoid",
)  # fmt: skip

MAX_POOLS: Final[tuple[str, ...]] = (
    "max_pool1d", "max_pool2d", "adaptive_max_pool1d", "adaptive_max_pool2d", "max_pool1d_with_indices",
    "max_pool2d_with_indices", "adaptive_max_pool1d_with_indices", "adaptive_max_pool2d_with_indices",
)  # fmt: skip

AFFINE: Final[frozenset[str]] = frozenset((
    "add", "sub", "rsub", "neg", "sum", "mean", "convolution", "addmm", "mm", "t", "transpose", "permute",
    "view", "reshape", "unsafe_view", "expand", "cat", "stack", "select", "slice", "split", "split_with_sizes",
    "chunk", "squeeze", "unsqueeze", "clone", "detach", "alias", "flatten", "avg_pool2d", "adaptive_avg_pool2d",
    "upsample_bilinear2d", "upsample_nearest2d", "constant_pad_nd", "native_batch_norm", "cudnn_batch_norm",
    "native_batch_norm_legit_no_training", "batch_norm_impl_index", "empty", "zeros", "ones", "full",
    "empty_like", "zeros_like", "ones_like", "scalar_tensor", "to_copy", "copy", "arange", "lift_fresh",
    "unbind", "roll", "flip", "repeat",
))  # fmt: skip
"""Basic operations that change over change leaves as they are: linear in the features, or none of their business."""


def _rows(values: Tensor) -> tuple[Tensor, Tensor]:
    """Return the rows of the pictures and those of the blanks."""
    return values[0::2], values[1::2]


def _both(values: Tensor) -> Tensor:
    return values.repeat_interleave(2, dim=0)


def _is_feature(value: object) -> bool:
    """Whether a value may depend on the pictures; weights do not."""
    return isinstance(value, Tensor) and value.requires_grad and not isinstance(value, nn.Parameter)


def _activation(func: Callable[..., Any], x: Tensor, *args: Any, **kwargs: Any) -> Any:
    if not _is_feature(x) or any(map(_is_feature, (*args, *kwargs.values()))):
        return NotImplemented
    kwargs.pop("inplace", None)
    with torch.enable_grad():
        point = x.detach().clone().requires_grad_()
        y = func(point * 1.0, *args, **kwargs)  # times one: some work in place, which a leaf does not allow
        (slope,) = torch.autograd.grad(y.sum(), point)
    (a, b), (ya, yb) = _rows(point.detach()), _rows(y.detach())
    change = a - b
    ratio = torch.where(change.abs() > NEARLY_ZERO, (ya - yb) / change, _rows(slope)[0])
    return y.detach() + _both(ratio) * (x - x.detach())


def _largest(cells: Tensor, at: Tensor) -> Tensor:
    """Pick maxima by index, along the last axis, with the rule's derivative.

    Args:
        cells: (2B, ..., N) features.
        at: (2B, ..., M) int64, where each row's own maxima are.

    Returns:
        (2B, ..., M).
    """
    of_picture, of_blank = (_both(index) for index in _rows(at))
    y = cells.detach().gather(-1, at)
    rise = _rows(y)[0] - _rows(y)[1]
    result = y
    for index, taken in ((of_picture, rise > 0), (of_blank, rise < 0)):
        picked = cells.gather(-1, index)
        a, b = _rows(picked.detach())
        ratio = torch.where(taken, rise / torch.where(taken, a - b, 1.0), 0.0)
        result = result + _both(ratio) * (picked - picked.detach())
    return result


def _max_pool(func: Callable[..., Any], x: Tensor, *args: Any, **kwargs: Any) -> Any:
    """The pools over one axis and two, adaptive or not; some spellings give the places of the maxima as well."""
    axes = 1 if "1d" in func.__name__ else 2
    if not _is_feature(x) or x.ndim != axes + 2:
        return NotImplemented
    plain = func(x.detach(), *args, **kwargs)
    if isinstance(plain, Tensor):
        kwargs.pop("return_indices", None)
        name = operation_name(func)
        pooled, at = getattr(F, name)(x.detach(), *args, **kwargs, return_indices=True)
    else:
        pooled, at = plain
    values = _largest(x.flatten(2), at.flatten(2)).view_as(pooled)
    return values if isinstance(plain, Tensor) else (values, at)


def _along(x: Tensor, axes: Sequence[int], *, keepdim: bool) -> Tensor:
    """Return the maxima of (2B, ...) along axes, in rising order and none of them the first."""
    cells = x.movedim(tuple(axes), tuple(range(-len(axes), 0))).flatten(-len(axes))
    result = _largest(cells, cells.detach().argmax(dim=-1, keepdim=True)).squeeze(-1)
    for axis in axes if keepdim else ():
        result = result.unsqueeze(axis)
    return result


def _amax(_func: Callable[..., Any], x: Tensor, dim: int | Sequence[int] = (), keepdim: bool = False) -> Any:
    axes = sorted(axis % x.ndim for axis in ((dim,) if isinstance(dim, int) else dim))
    if not _is_feature(x) or not axes or axes[0] == 0:
        return NotImplemented
    return _along(x, axes, keepdim=keepdim)


def _max(func: Callable[..., Any], x: Tensor, *args: Any, **kwargs: Any) -> Any:
    """``max`` of two features, or along an axis, which gives the places of the maxima as well."""
    given = dict(zip(("dim", "keepdim"), args, strict=False)) | kwargs
    other = given.get("other", given.get("dim"))
    if isinstance(other, Tensor):
        return _maximum(func, x, other)
    if not _is_feature(x) or not isinstance(other, int) or other % x.ndim == 0:
        return NotImplemented
    plain = func(x.detach(), *args, **kwargs)
    return type(plain)((_along(x, (other % x.ndim,), keepdim=bool(given.get("keepdim", False))), plain[1]))


def _maximum(_func: Callable[..., Any], x: Tensor, other: Tensor) -> Any:
    if not (_is_feature(x) and _is_feature(other)) or x.shape != other.shape:
        return NotImplemented
    return _along(torch.stack([x, other], dim=-1), (x.ndim,), keepdim=False)


def _product(func: Callable[..., Any], x: Any, other: Any) -> Any:
    y = other
    if _is_feature(x) and _is_feature(y):
        if x.ndim == y.ndim and len(x) == len(y):
            mean_x, mean_y = (_both(torch.stack(_rows(value.detach())).mean(dim=0)) for value in (x, y))
            return x.detach() * y.detach() + mean_y * (x - x.detach()) + mean_x * (y - y.detach())
        if not _is_shared(y, x):
            return NotImplemented if not _is_shared(x, y) else _product(func, x.detach(), y)
        y = y.detach()
    return func(x.clone() if is_in_place(func) else x, y)


def _is_shared(value: Tensor, by: Tensor) -> bool:
    """Whether all rows of a tensor meet the same values of another, which then change nothing between two of them."""
    return value.ndim < by.ndim or (value.ndim == by.ndim and len(value) == 1)


def _one_feature(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Leave an operation as it is where only its first, or only one, argument depends on the pictures: it is linear."""
    features = [value for value in tensors((args, kwargs)) if _is_feature(value)]
    inverse = operation_name(func) == "div" and len(args) > 1 and _is_feature(args[1])
    return NotImplemented if len(features) > 1 or inverse else func(*args, **kwargs)


RULES: Final[dict[str, Callable[..., Any]]] = {
    **dict.fromkeys(ACTIVATIONS, _activation),
    **dict.fromkeys(MAX_POOLS, _max_pool),
    "max": _max,
    "maximum": _maximum,
    "amax": _amax,
    "mul": _product,
    **dict.fromkeys(("div", "matmul", "bmm", "einsum"), _one_feature),
}


def _together(x: Tensor, blank: Tensor) -> Tensor:
    """Return (2B, C, S, S): picture 1, blank 1, picture 2, blank 2..."""
    return torch.stack([x, blank], dim=1).flatten(0, 1)


def deeplift_refusal(model: nn.Module, x: Tensor) -> str | None:
    """Say why DeepLIFT cannot explain a model, or None; x is one of its pictures (1, C, S, S)."""
    try:
        return _refusal(model, x)
    except (RuntimeError, TypeError, ValueError, IndexError) as error:  # of the network's own code, under the rules
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return f"DeepLIFT's rules cannot be followed through this model ({said[:160]})"


def _refusal(model: nn.Module, x: Tensor) -> str | None:
    found = unruled_operations(model, _together(x, torch.zeros_like(x)), RULES)
    unknown = list(dict.fromkeys(called for name, called in found.items() if name not in AFFINE))
    if unknown:
        return f"DeepLIFT has no rule for what this model computes with ({', '.join(unknown[:4])})"
    return None if _adds_up(model, x) else "the differences that DeepLIFT finds in this model do not add up"


def _adds_up(model: nn.Module, x: Tensor) -> bool:
    """Whether the map of a weighted sum of all logits has the sum that it must; a last guard against a rule's gap."""
    half = torch.full_like(x, 0.5)

    def scalar_of(pictures: Tensor, _which: Tensor | None = None, /) -> Tensor:
        logits: Tensor = model(pictures)
        return logits @ torch.linspace(-1.0, 2.0, logits.shape[1], device=logits.device, dtype=logits.dtype)

    found = (_multipliers(scalar_of, x, half) * (x - half)).sum()
    with torch.no_grad():
        wanted, size = scalar_of(x) - scalar_of(half), model(x).abs().max()
    return bool((found - wanted).abs() <= 0.01 * wanted.abs() + 0.001 * size)


def _multipliers(scalar_of: ScalarFunction, x: Tensor, blank: Tensor) -> Tensor:
    """Return the multipliers (B, C, S, S) of a picture's difference from its blank."""
    given = _together(x, blank).detach().requires_grad_()
    with torch.enable_grad(), BackwardRules(RULES):
        scalar = scalar_of(given, torch.arange(len(x), device=x.device).repeat_interleave(2))
    (multipliers,) = torch.autograd.grad(scalar[0::2].sum(), given)
    return multipliers[0::2]  # a picture's own row holds them


def deeplift(scalar_of: ScalarFunction, x: Tensor, setup: Setup) -> Tensor:
    """Return (B, S, S) float32, signed, summed over colour channels; one forward and one backward pass of 2B rows.

    Args:
        scalar_of: the explained scalar, of a model that :func:`deeplift_refusal` takes.
        x: normalised pictures (B, C, S, S).
        setup: its baseline.
    """
    blank = setup.blank(x)
    return (_multipliers(scalar_of, x, blank) * (x - blank)).float().sum(dim=1)

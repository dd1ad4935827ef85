"""Which operations a stored graph may hold: a positive list, so that a graph can compute and do nothing else.

None of them reads or writes a file, draws a random number, answers with a Python value of a tensor, or writes into
a tensor that it is given for its result.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final

import torch

from engine.errors import NetworkError

LAYOUT: Final = frozenset([
    "view", "reshape", "unsqueeze", "squeeze", "expand", "expand_as", "transpose", "permute", "swapaxes", "swapdims",
    "flatten", "unflatten", "repeat", "repeat_interleave", "tile", "broadcast_to", "select", "slice", "split",
    "split_with_sizes", "chunk", "unbind", "narrow", "movedim", "moveaxis", "view_as", "reshape_as", "tensor_split",
    "roll", "flip", "rot90", "t", "numpy_T", "mT", "_unsafe_view", "index_select", "index", "gather", "unfold", "cat",
    "stack", "concat", "concatenate", "hstack", "vstack", "contiguous", "clone", "alias", "detach", "to", "type_as",
    "_to_copy", "lift_fresh_copy", "lift_fresh", "unsafe_split", "unsafe_chunk", "diagonal", "tril", "triu", "pad",
    "constant_pad_nd", "reflection_pad2d", "replication_pad2d", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle",
    "im2col", "col2im", "take_along_dim", "masked_fill", "masked_fill_", "ravel", "squeeze_", "unsqueeze_", "copy_",
    "fill_", "zero_",
])  # fmt: skip
VIEWS: Final = frozenset([
    "view", "reshape", "unsqueeze", "squeeze", "expand", "expand_as", "transpose", "permute", "swapaxes", "swapdims",
    "flatten", "unflatten", "broadcast_to", "select", "slice", "split", "split_with_sizes", "chunk", "unbind",
    "narrow", "movedim", "moveaxis", "view_as", "reshape_as", "tensor_split", "t", "numpy_T", "mT", "_unsafe_view",
    "unfold", "contiguous", "alias", "detach", "to", "type_as", "_to_copy", "lift_fresh", "unsafe_split",
    "unsafe_chunk", "diagonal", "ravel", "squeeze_", "unsqueeze_", "dropout", "dropout_", "feature_dropout",
    "alpha_dropout", "view_as_real", "view_as_complex",
])  # fmt: skip
"""What may answer with the memory of its first argument."""
ARITHMETIC: Final = frozenset([
    "add", "sub", "mul", "div", "rsub", "neg", "pow", "sqrt", "rsqrt", "exp", "log", "log2", "log10", "log1p",
    "expm1", "abs", "sign", "reciprocal", "square", "sin", "cos", "tan", "erf", "maximum", "minimum", "clamp",
    "clamp_min", "clamp_max", "where", "floor", "ceil", "round", "trunc", "remainder", "fmod", "floor_divide",
    "addcmul", "addcdiv", "lerp", "matmul", "mm", "bmm", "addmm", "baddbmm", "einsum", "linear", "bilinear", "outer",
    "dot", "mv", "cumsum", "cumprod", "atan2", "asin", "acos", "atan", "sinh", "cosh", "add_", "sub_", "mul_", "div_",
    "neg_", "pow_", "clamp_", "clamp_min_", "clamp_max_", "sqrt_", "exp_", "addcmul_", "true_divide", "multiply",
    "divide", "subtract", "nan_to_num", "isnan", "isinf", "isfinite", "eq", "ne", "lt", "le", "gt", "ge",
    "logical_and", "logical_or", "logical_not", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_not",
    "bitwise_xor", "_weight_norm", "vdot",
])  # fmt: skip
REDUCTIONS: Final = frozenset([
    "mean", "sum", "amax", "amin", "max", "min", "prod", "var", "std", "var_mean", "std_mean", "norm",
    "linalg_vector_norm", "logsumexp", "any", "all", "argmax", "argmin", "topk", "sort", "argsort",
])  # fmt: skip
ACTIVATIONS: Final = frozenset([
    "relu", "relu_", "relu6", "relu6_", "sigmoid", "sigmoid_", "hardsigmoid", "hardsigmoid_", "softmax",
    "log_softmax", "_softmax", "_log_softmax", "tanh", "tanh_", "silu", "silu_", "gelu", "gelu_", "elu", "elu_",
    "selu", "selu_", "celu", "celu_", "leaky_relu", "leaky_relu_", "prelu", "hardtanh", "hardtanh_", "hardswish",
    "hardswish_", "mish", "mish_", "softplus", "hardshrink", "softshrink", "threshold", "threshold_", "glu",
    "log_sigmoid", "special_expit", "erfinv",
])  # fmt: skip
LAYERS: Final = frozenset([
    "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "convolution", "batch_norm", "layer_norm",
    "group_norm", "instance_norm", "rms_norm", "native_layer_norm", "native_group_norm", "native_batch_norm",
    "_native_batch_norm_legit_no_training", "max_pool1d", "max_pool2d", "max_pool2d_with_indices", "avg_pool1d",
    "avg_pool2d", "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_max_pool1d", "adaptive_max_pool2d",
    "_adaptive_avg_pool2d", "dropout", "dropout_", "feature_dropout", "alpha_dropout", "scaled_dot_product_attention",
    "embedding", "upsample_nearest2d", "upsample_bilinear2d", "upsample_bicubic2d", "grid_sampler", "grid_sampler_2d",
    "affine_grid_generator", "cosine_similarity", "one_hot", "fft_rfft2", "fft_irfft2", "view_as_real",
    "view_as_complex",
])  # fmt: skip
FROM_NOTHING: Final = frozenset(["zeros", "ones", "full", "empty", "arange", "linspace", "eye", "scalar_tensor"])
"""What makes a tensor of given sizes; it has to say that it does so where the network runs."""
MADE: Final = FROM_NOTHING | frozenset(
    ["zeros_like", "ones_like", "full_like", "empty_like", "new_zeros", "new_ones", "new_full", "new_empty"]
)
ALLOWED: Final = LAYOUT | ARITHMETIC | REDUCTIONS | ACTIVATIONS | LAYERS | MADE
"""Names of aten operations; ``empty`` is there because masks are filled in place."""

RETURNING_LISTS: Final = frozenset(
    ("split", "split_with_sizes", "chunk", "unbind", "tensor_split", "unsafe_split", "unsafe_chunk")
)

PYTHON: Final[dict[str, Callable[..., Any]]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "floordiv": operator.floordiv, "mod": operator.mod,
    "neg": operator.neg, "getitem": operator.getitem,
}  # fmt: skip
"""What is computed with sizes, whose batch is not known beforehand, and taking one of several results."""


def _guarded(name: str) -> Callable[..., Any]:
    """Return an operation of :data:`PYTHON` that takes whole numbers alone: a list times one could fill any memory."""
    run = PYTHON[name]

    def compute(*given: Any) -> Any:
        numbers = given if name != "getitem" else given[1:]
        if name == "getitem" and not (given and isinstance(given[0], (list, tuple))):
            raise TypeError("expected several results to take one of")
        if not all(isinstance(number, (int, torch.SymInt)) for number in numbers):
            raise TypeError("expected whole numbers")
        return run(*given)

    compute.__name__ = name
    return compute


_PYTHON: Final = {name: _guarded(name) for name in PYTHON}

SIZE: Final = "sym_size.int"
"""The size of an axis."""

DTYPES: Final = frozenset(
    ("float32", "float64", "float16", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "bool", "complex64")
)
FORMATS: Final = frozenset(("contiguous_format", "preserve_format", "channels_last"))
TEXTS: Final = frozenset(
    ("none", "tanh", "floor", "trunc", "same", "valid", "constant", "reflect", "replicate", "circular", "ij", "xy",
     "backward", "ortho", "forward")
)  # fmt: skip
"""Words that an argument may be, beside the equation of an einsum."""


def is_in_place(operation: str) -> bool:
    """Whether ``aten.relu_.default`` writes into its first argument."""
    return operation.split(".")[1].endswith("_")


def resolve(operation: str) -> Callable[..., Any]:
    """Return the callable of an operation's text: ``aten.NAME.OVERLOAD`` or ``py.NAME``.

    Raises:
        NetworkError: it is not on the list.
    """
    parts = operation.split(".")
    if len(parts) == 2 and parts[0] == "py" and parts[1] in PYTHON:
        return _PYTHON[parts[1]]
    if len(parts) == 3 and parts[0] == "aten":
        _, name, overload = parts
        listed = name in ALLOWED or f"{name}.{overload}" == SIZE
        if listed and "out" not in overload and overload.isidentifier() and not overload.startswith("_"):
            packet = getattr(torch.ops.aten, name, None)
            if packet is not None and overload in packet.overloads():
                found: Callable[..., Any] = getattr(packet, overload)
                return found
    raise NetworkError(f"the operation '{operation[:80]}' is not on the list of those that a stored network may hold")

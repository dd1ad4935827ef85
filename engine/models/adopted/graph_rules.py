"""What a node of a stored graph must not do with operations that are on the list: write into weights, or draw.

A listed operation can still be called so that it changes what it is given. Each rule here looks at one call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from engine.models.adopted.graph_operations import FROM_NOTHING, PYTHON, is_in_place


@dataclass(frozen=True)
class Ref:
    """An earlier node's result, in an argument."""

    name: str


@dataclass(frozen=True)
class Here:
    """The device that the network runs on, in an argument."""


_DROPPING: Final = frozenset(("dropout", "feature_dropout", "alpha_dropout"))
_SWITCHES: Final[dict[str, tuple[int, str]]] = {
    **dict.fromkeys(_DROPPING, (2, "train")),
    "batch_norm": (5, "training"),
    "native_batch_norm": (5, "training"),
}
"""Operation → where its argument is that makes it work as in training: drawing numbers, or changing its statistics."""
_CHANCE: Final[dict[str, tuple[int, str]]] = {"scaled_dot_product_attention": (4, "dropout_p")}


def _argument(args: Sequence[Any], kwargs: Mapping[str, Any], place: tuple[int, str]) -> Any:
    number, word = place
    return args[number] if len(args) > number else kwargs.get(word)


def wrong_call(
    operation: str, args: Sequence[Any], kwargs: Mapping[str, Any], is_borrowed: Callable[[Any], bool]
) -> str:
    """Return what is wrong with a call, as the end of a sentence; empty where nothing is.

    Args:
        operation: on the list. args, kwargs: with Ref and Here in them.
        is_borrowed: whether an argument may be the weights themselves, or a view of them.
    """
    first = args[0] if args else None
    if operation.startswith("py."):
        unknown = operation.removeprefix("py.") not in PYTHON or kwargs
        return "has an argument that no operation takes" if unknown else ""
    name = operation.split(".")[1]
    if is_in_place(operation) and (not isinstance(first, Ref) or is_borrowed(first)):
        return "writes into the weights"
    base = name.strip("_")
    if base in _SWITCHES and _argument(args, kwargs, _SWITCHES[base]) not in (None, False):
        return "draws random numbers" if base in _DROPPING else "writes into the weights"
    if base in _CHANCE and _argument(args, kwargs, _CHANCE[base]) not in (None, 0):
        return "draws random numbers"
    statistics = _argument(args, kwargs, (3, "running_mean"))
    if base == "instance_norm" and statistics is not None and _argument(args, kwargs, (5, "use_input_stats")):
        return "writes into the weights"
    device = kwargs.get("device")
    stays = isinstance(device, Here) or (device is None and name not in FROM_NOTHING)
    return "" if stays else "makes a tensor elsewhere than where the network runs"

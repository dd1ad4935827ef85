"""Architectures by name. ``build_model`` is the only way a model comes to be, so that a card's config rebuilds it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from engine.documents import BAD_VALUES
from engine.errors import CheckpointError, UnknownNameError
from engine.models import activation, lite0_weights, micro, plain, vit
from engine.models.architecture import DEFAULT_INPUT, Architecture
from engine.models.cmaen import net
from engine.records import InputSpec

ARCHITECTURES: Final[dict[str, Architecture]] = {
    name: architecture
    for file in (plain, net, lite0_weights, micro, activation, vit)
    for name, architecture in file.ARCHITECTURES.items()
}

MOST_VALUES: Final = 400_000_000
"""Of a network; in float32 that is 1.6 GB, and ten times the largest here."""
_MAKING: Final = {torch.empty, torch.zeros, torch.ones, torch.rand, torch.randn}
"""What layers make their weights and buffers with."""


def input_spec(architecture: str, *, size: int = 0, channels: int = 0) -> InputSpec:
    """Return what a model of ``architecture`` takes.

    Args:
        architecture: a name; an unknown one gets :data:`DEFAULT_INPUT` and is refused when it is built.
        size: side of the picture in pixels, 0 for the architecture's own.
        channels: 1 or 3, 0 for the architecture's own. Where it changes, each channel is normalised by the mean of the
            own channels' figures.
    """
    own = ARCHITECTURES[architecture].input if architecture in ARCHITECTURES else DEFAULT_INPUT
    count = channels or own.channels
    if count == own.channels:
        return InputSpec(size or own.size, own.channels, own.mean, own.std)
    mean, std = (round(sum(values) / len(values), 4) for values in (own.mean, own.std))
    return InputSpec(size or own.size, count, (mean,) * count, (std,) * count)


def build_model(architecture: str, *, classes: int, spec: InputSpec, config: dict[str, Any] | None = None) -> nn.Module:
    """Build an untrained model.

    Args:
        architecture: a key of :data:`ARCHITECTURES`.
        classes: K, the number of logits.
        spec: what the model takes.
        config: keyword arguments of the architecture, for example ``{"reduction": 16}``.

    Raises:
        UnknownNameError: the architecture is not among the valid ones.
        CheckpointError: the config has an entry, or a value, that the architecture does not take; or the network would
            be larger than :data:`MOST_VALUES`.
    """
    if architecture not in ARCHITECTURES:
        raise UnknownNameError("architecture", architecture, ARCHITECTURES)
    try:
        with _Bounded(architecture):
            return ARCHITECTURES[architecture].model(classes=classes, spec=spec, **(config or {}))
    except (*BAD_VALUES, RuntimeError, MemoryError) as error:
        raise CheckpointError(f"The config of '{architecture}' has an entry that it does not take: {error}.") from error


class _Bounded(TorchFunctionMode):
    """Ends a construction once it asks for more than :data:`MOST_VALUES`, before memory is taken for them."""

    def __init__(self, architecture: str) -> None:
        super().__init__()
        self._architecture = architecture
        self._values = 0

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func in _MAKING:
            shape = args[0] if args and isinstance(args[0], Sequence) else args
            self._values += math.prod(side for side in shape if isinstance(side, int))
            if self._values > MOST_VALUES:
                raise CheckpointError(
                    f"Expected a network of at most {MOST_VALUES:,} values, but this '{self._architecture}' would have "
                    "more; mend its size or config."
                )
        return func(*args, **(kwargs or {}))


def count_parameters(model: nn.Module) -> int:
    """Return the number of trainable values."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def parameters_by_module(model: nn.Module) -> dict[str, int]:
    """Return the number of trainable values of each direct part that has any, in forward order of registration."""
    counts = {name: count_parameters(part) for name, part in model.named_children()}
    return {name: count for name, count in counts.items() if count}

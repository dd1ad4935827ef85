"""Architectures by name. ``build_model`` is the only way a model comes to be, so that a card's config rebuilds it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from torch import nn

from engine.errors import CheckpointError, UnknownNameError
from engine.models.plain import FourBlockNet
from engine.records import InputSpec


def _four_block(attention: str) -> Callable[..., nn.Module]:
    def build(*, classes: int, spec: InputSpec, **config: Any) -> nn.Module:
        return FourBlockNet(attention, classes=classes, size=spec.size, channels=spec.channels, **config)

    return build


ARCHITECTURES: Final[dict[str, Callable[..., nn.Module]]] = {
    "baseline": _four_block("none"),
    "spatial": _four_block("spatial"),
    "cbam": _four_block("cbam"),
}

DEFAULT_INPUT: Final[InputSpec] = InputSpec(size=48, channels=1, mean=(0.5,), std=(0.25,))
"""48x48 grey. FER2013's training pictures have mean 0.508 and standard deviation 0.255; round figures serve as well."""


def build_model(architecture: str, *, classes: int, spec: InputSpec, config: dict[str, Any] | None = None) -> nn.Module:
    """Build an untrained model.

    Args:
        architecture: a key of :data:`ARCHITECTURES`.
        classes: K, the number of logits.
        spec: what the model takes.
        config: keyword arguments of the architecture, for example ``{"reduction": 16}``.

    Raises:
        UnknownNameError: the architecture is not among the valid ones.
        CheckpointError: the config has an entry, or a value, that the architecture does not take.
    """
    if architecture not in ARCHITECTURES:
        raise UnknownNameError("architecture", architecture, ARCHITECTURES)
    try:
        return ARCHITECTURES[architecture](classes=classes, spec=spec, **(config or {}))
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"The config of '{architecture}' has an entry that it does not take: {error}.") from error


def count_parameters(model: nn.Module) -> int:
    """Return the number of trainable values."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)

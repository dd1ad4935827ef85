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
from engine.models.activation import ActivationNet
from engine.models.cmaen.net import CMAEN
from engine.models.lite0 import Lite0
from engine.models.lite0_weights import begin_with_imagenet
from engine.models.micro import MicroNet
from engine.models.plain import FourBlockNet
from engine.models.vit import VisionTransformer
from engine.records import InputSpec


def _four_block(attention: str) -> Callable[..., nn.Module]:
    def build(*, classes: int, spec: InputSpec, **config: Any) -> nn.Module:
        return FourBlockNet(attention, classes=classes, size=spec.size, channels=spec.channels, **config)

    return build


def _sized(network: Callable[..., nn.Module]) -> Callable[..., nn.Module]:
    def build(*, classes: int, spec: InputSpec, **config: Any) -> nn.Module:
        return network(classes=classes, size=spec.size, channels=spec.channels, **config)

    return build


def _lite0(attention: str) -> Callable[..., nn.Module]:
    def build(*, classes: int, spec: InputSpec, pretrained: bool = False, **config: Any) -> nn.Module:
        net = Lite0(attention, classes=classes, size=spec.size, channels=spec.channels, **config)
        if pretrained:
            begin_with_imagenet(net.features)
            net.imagenet.fill_(True)
        return net

    return build


ARCHITECTURES: Final[dict[str, Callable[..., nn.Module]]] = {
    "baseline": _four_block("none"),
    "spatial": _four_block("spatial"),
    "cbam": _four_block("cbam"),
    "cmaen": _sized(CMAEN),
    "lite0": _lite0("none"),
    "lite0-cbam": _lite0("cbam"),
    "micro": _sized(MicroNet),
    "activation": _sized(ActivationNet),
    "vit": _sized(VisionTransformer),
}

MOST_VALUES: Final = 400_000_000
"""Of a network; in float32 that is 1.6 GB, and ten times the largest here."""
_MAKING: Final = {torch.empty, torch.zeros, torch.ones, torch.rand, torch.randn}
"""What layers make their weights and buffers with."""

DEFAULT_INPUT: Final[InputSpec] = InputSpec(size=48, channels=1, mean=(0.5,), std=(0.25,))
"""48x48 grey. FER2013's training pictures have mean 0.508 and standard deviation 0.255; round figures serve as well."""

IMAGENET_INPUT: Final[InputSpec] = InputSpec(
    size=224, channels=3, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)
)
"""What networks that begin with ImageNet weights expect."""

LITE0_INPUT: Final[InputSpec] = InputSpec(size=112, channels=1, mean=(0.5,), std=(0.5,))
"""Grey; EfficientNet-Lite0's weights were trained on pictures from -1 to 1."""

OWN_INPUTS: Final[dict[str, InputSpec]] = {
    "cmaen": IMAGENET_INPUT,
    "lite0": LITE0_INPUT,
    "lite0-cbam": LITE0_INPUT,
    "micro": InputSpec(256, 3, IMAGENET_INPUT.mean, IMAGENET_INPUT.std),
}
"""Architectures whose own input is another than :data:`DEFAULT_INPUT`."""


def input_spec(architecture: str, *, size: int = 0, channels: int = 0) -> InputSpec:
    """Return what a model of ``architecture`` takes.

    Args:
        architecture: a name; an unknown one gets :data:`DEFAULT_INPUT` and is refused when it is built.
        size: side of the picture in pixels, 0 for the architecture's own.
        channels: 1 or 3, 0 for the architecture's own. Where it changes, each channel is normalised by the mean of the
            own channels' figures.
    """
    own = OWN_INPUTS.get(architecture, DEFAULT_INPUT)
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
            return ARCHITECTURES[architecture](classes=classes, spec=spec, **(config or {}))
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

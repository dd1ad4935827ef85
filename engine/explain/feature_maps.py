"""The feature maps of any layer: every module whose output has channels on a grid, and for a convolution its filters.

Letters: C channels, (h, w) the layer's native grid, (k, l) a filter's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.data.transforms import normalise, to_tensor
from engine.errors import UnknownNameError
from engine.models.adopted.network import AdoptedModel
from engine.models.architecture import explained
from engine.models.locking import holding
from engine.models.taps import AttentionTap
from engine.records import Float32, InputSpec, UInt8

BATCH: Final = 64
SIGNED_TO_COLOURS: Final = 3
"""A convolution with up to so many inputs has filters that can be drawn as they are; others only by their strength."""


@dataclass(frozen=True)
class LayerOutput:
    """A layer that has feature maps: its name in the model, its module's class, and its output's (C, h, w)."""

    name: str
    kind: str
    shape: tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class FeatureMaps:
    """What a layer makes of one picture.

    Attributes:
        layer: its name. kind: its module's class, for example ``Conv2d``.
        values: float32 (C, h, w).
        filters: float32 (C, k, l), or None for a layer that is no convolution; see ``filters_signed``.
        filters_signed: the filters are the weights themselves (mean over the picture's colours); else each cell is the
            root of the sum of squares over the input channels, which has no sign.
    """

    layer: str
    kind: str
    values: Float32
    filters: Float32 | None
    filters_signed: bool

    def __post_init__(self) -> None:
        if self.values.dtype != np.float32 or self.values.ndim != 3:
            raise ValueError(f"expected maps as float32 (C, h, w), got {self.values.dtype} {self.values.shape}")
        if self.filters is not None and (self.filters.ndim != 3 or len(self.filters) != len(self.values)):
            raise ValueError(f"expected {len(self.values)} filters (C, k, l), got {self.filters.shape}")

    @property
    def energy(self) -> Float32:
        """Mean square of each channel over its cells, float32 (C,)."""
        return np.asarray(np.square(self.values).mean(axis=(1, 2)), dtype=np.float32)

    @property
    def signed(self) -> bool:
        """Whether any value is below zero."""
        return bool(self.values.min() < 0.0)


@contextmanager
def _watching(modules: Mapping[str, nn.Module], seen: Callable[[str, Tensor], None]) -> Iterator[None]:
    """Tell ``seen`` the first tensor output of each module while inside."""
    handles: list[Any] = []

    def watch(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
            if isinstance(output, Tensor):
                seen(name, output.detach())

        return hook

    try:
        handles = [module.register_forward_hook(watch(name)) for name, module in modules.items()]
        yield
    finally:
        for handle in handles:
            handle.remove()


def _run(model: nn.Module, faces: UInt8, spec: InputSpec) -> None:
    device = next(model.parameters()).device
    model(normalise(to_tensor(faces).to(device), spec))


@torch.no_grad()
def feature_layers(model: nn.Module, spec: InputSpec) -> tuple[LayerOutput, ...]:
    """Return the layers with an output (C, h, w) of more than one cell, in the order in which they first answer.

    Identities, attention gates themselves (they are shown as gates) and the whole model are left out.
    """
    shape = (1, spec.height, spec.width) if spec.channels == 1 else (1, spec.height, spec.width, spec.channels)
    found: dict[str, LayerOutput] = {}
    modules = {
        name: module
        for name, module in model.named_modules()
        if name and not isinstance(module, (nn.Identity, nn.Dropout, AttentionTap))
    }

    def see(name: str, output: Tensor) -> None:
        if name not in found and output.ndim == 4 and output.shape[2] * output.shape[3] > 1:
            _, channels, height, width = output.shape
            found[name] = LayerOutput(name, type(modules[name]).__name__, (channels, height, width))

    with holding(model), _watching(modules, see):
        _run(model, np.zeros(shape, np.uint8), spec)
    return tuple(found.values())


def _module(model: nn.Module, spec: InputSpec, layer: str) -> nn.Module:
    known = [one.name for one in feature_layers(model, spec)]
    if layer not in known:
        raise UnknownNameError("layer", layer, known)
    return model.get_submodule(layer)


@torch.no_grad()
def feature_maps(model: nn.Module, face: UInt8, *, spec: InputSpec, layer: str) -> FeatureMaps:
    """Return what ``layer`` makes of one face, (S, S) or (S, S, 3) uint8.

    Raises:
        UnknownNameError: the model has no such layer with feature maps.
    """
    module = _module(model, spec, layer)
    kept: list[Float32] = []
    # Copied while the layer has just answered: an in-place ReLU would write over it.
    with (
        holding(model),
        _watching({layer: module}, lambda _, output: kept.append(output[0].float().cpu().numpy().copy())),
    ):
        _run(model, face[None], spec)
    filters, signed = _filters(module)
    return FeatureMaps(layer, type(module).__name__, kept[0], filters, signed)


def _filters(module: nn.Module) -> tuple[Float32 | None, bool]:
    """Return a convolution's filters (C, k, l) and whether they have a sign; None for what is none, or is 1x1."""
    if not isinstance(module, nn.Conv2d) or module.kernel_size == (1, 1):
        return None, False
    weight = module.weight.detach().float().cpu().numpy()
    if weight.shape[1] <= SIGNED_TO_COLOURS and module.groups == 1:
        return weight.mean(axis=1), True
    return np.sqrt(np.square(weight).sum(axis=1)), False


@torch.no_grad()
def gated_layer(model: nn.Module, gate: str) -> str | None:
    """Return the layer whose feature maps are those that a channel gate passes on, after its block's gates.

    Of a network of others it is what the gate was found to multiply; of ours the block that it lies in.

    Args:
        model: one of ours, or of others. gate: a channel gate's name.

    Returns:
        A name that :func:`layer_activation` takes; None where what is multiplied is no map of the picture.
    """
    if isinstance(model, AdoptedModel):
        found = model.findings.after(gate)
        return None if found is None else found.name
    parts = gate.split(".")
    for end in range(len(parts), 0, -1):
        block = ".".join(parts[:end])
        with suppress(UnknownNameError):
            explained(model).activation_module(block)
            return block
    return None


def channel_means(model: nn.Module, faces: UInt8, *, spec: InputSpec, layer: str) -> Float32:
    """Return the mean of each channel of ``layer`` over its cells: float32 (N, C) for faces (N, S, S[, 3]) uint8."""
    _module(model, spec, layer)
    return all_channel_means(model, faces, spec=spec, layers=(layer,))[layer]


@torch.no_grad()
def all_channel_means(
    model: nn.Module, faces: UInt8, *, spec: InputSpec, layers: Iterable[str] | None = None
) -> dict[str, Float32]:
    """Return layer → the mean of each of its channels over its cells, of several layers in one pass.

    Args:
        model: the network. faces: (N, S, S) or (N, S, S, 3) uint8. spec: what it takes.
        layers: of :func:`feature_layers`; None for all of them.

    Returns:
        float32 (N, C) each; of a layer that answers more than once a pass, its first answer.
    """
    names = tuple(one.name for one in feature_layers(model, spec)) if layers is None else tuple(layers)
    kept: dict[str, list[NDArray[np.float32]]] = {name: [] for name in names}
    for start in range(0, len(faces), BATCH):
        seen: set[str] = set()

        def keep(name: str, output: Tensor, seen: set[str] = seen) -> None:
            if name not in seen:
                seen.add(name)
                kept[name].append(output.float().mean(dim=(2, 3)).cpu().numpy())

        with holding(model), _watching({name: model.get_submodule(name) for name in names}, keep):
            _run(model, faces[start : start + BATCH], spec)
    return {name: np.concatenate(parts) for name, parts in kept.items()}

"""Does a map depend on what the model has learnt, and on the class it is asked about?

[1] J. Adebayo, J. Gilmer, M. Muelly, I. Goodfellow, M. Hardt, B. Kim. Sanity Checks for Saliency Maps. NeurIPS 2018,
    arXiv:1810.03292 (cascading randomisation of the parameters).

**Cascading randomisation**: from the answer towards the picture the model's parts lose their weights one after the
other, each keeping what was lost before; a map that hardly changes shows edges of the picture, not what was learnt.
Matrices and convolutions are drawn anew from a normal distribution with their own root mean square, vectors (biases,
scales) are shuffled: a departure from [1], which initialises anew, so that a map changes for what the weights say and
not for their size. Buffers (running statistics) stay. All of it happens on a deep copy.

**Class sensitivity**: how alike the maps for different classes of one picture are. A method whose maps do not differ
says nothing about any class.

Compared are maps before their ReLU, whose zeros would tie, by Spearman's rank correlation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from engine.explain.methods.method import Setup
from engine.explain.methods.registry import METHODS, check_methods
from engine.explain.target import ResolvedTarget, Target
from engine.models.adopted.network import AdoptedModel
from engine.models.adopted.parts import grouped
from engine.models.architecture import explained
from engine.models.copying import copied
from engine.models.locking import holding
from engine.records import Float32, InputSpec, UInt8
from engine.statistics.agreement import spearman
from engine.trust.one_map import Progress, check_fits, face_tensor, settle

DRAWS: Final = 3
"""Sets of random weights, unless said."""


@dataclass(frozen=True)
class RandomisedPart:
    """What a map looks like once this part and all behind it have lost their weights.

    Attributes:
        name: the part's name in the model, for example ``block4``.
        correlation: mean Spearman correlation with the true map over the draws, in [-1, 1]; None where every draw gave
            a constant map, which has no ranks and thus nothing left of the true one.
        draws: how many gave a map with ranks.
    """

    name: str
    correlation: float | None
    draws: int


@dataclass(frozen=True)
class Randomisation:
    """A map's way through cascading randomisation, from the part nearest to the answer to that nearest to the picture.

    Attributes:
        method, layer, target: the map's.
        parts: in the order of randomisation; each includes those before it.
    """

    method: str
    layer: str
    target: str
    parts: tuple[RandomisedPart, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        rounded = [None if p.correlation is None else round(p.correlation, 5) for p in self.parts]
        return {
            "method": self.method,
            "layer": self.layer,
            "target": self.target,
            "parts": [
                {"name": part.name, "correlation": value, "draws": part.draws}
                for part, value in zip(self.parts, rounded, strict=True)
            ],
        }


@dataclass(frozen=True, eq=False)
class ClassSensitivity:
    """How alike a method's maps for the classes of one picture are.

    Attributes:
        method, layer: the maps'.
        classes: K names.
        correlation: (K, K) float32, Spearman in [-1, 1]; NaN where a map is constant.
    """

    method: str
    layer: str
    classes: tuple[str, ...]
    correlation: Float32

    @property
    def mean_correlation(self) -> float | None:
        """The mean over pairs of different classes; 1: the maps do not tell classes apart. None: no pair has ranks."""
        pairs = [self.correlation[i, j] for i, j in combinations(range(len(self.classes)), 2)]
        known = [float(value) for value in pairs if not np.isnan(value)]
        return float(np.mean(known)) if known else None

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        mean = self.mean_correlation
        return {
            "method": self.method,
            "layer": self.layer,
            "classes": list(self.classes),
            "mean_correlation": None if mean is None else round(mean, 5),
            "correlation": [[None if np.isnan(v) else round(float(v), 5) for v in row] for row in self.correlation],
        }


def _map_of(model: nn.Module, x: Tensor, method: str, layer: str, target: ResolvedTarget, setup: Setup) -> Float32:
    """Return the map (h, w) float32 of one picture before rectification."""
    module = explained(model).activation_module(layer)
    raw = METHODS[method].compute(target.of_model(model), module, x, setup)[0]
    return np.asarray(raw.cpu().numpy(), dtype=np.float32)


def _parts_of(model: nn.Module) -> dict[str, nn.Module]:
    """Return the model's direct parts that own parameters, by name; sequences and lists are opened."""
    named: dict[str, nn.Module] = {}
    for name, child in model.named_children():
        inner = child.named_children() if isinstance(child, nn.Sequential | nn.ModuleList) else ()
        named |= {f"{name}.{key}": part for key, part in inner} or {name: child}
    return {name: part for name, part in named.items() if any(True for _ in part.parameters())}


def count_parts(model: nn.Module, spec: InputSpec) -> int:
    """Return how many parts :func:`parts_in_order` gives, at most; a shared model is left in peace.

    Args:
        model: in eval mode. spec: its input.
    """
    if not isinstance(model, AdoptedModel):
        return len(_parts_of(model))
    blank = torch.zeros(1, spec.channels, spec.height, spec.width, device=next(model.parameters()).device)
    return len(grouped(model.weights_in_order(blank)))


def parts_in_order(model: nn.Module, x: Tensor) -> dict[str, tuple[nn.Parameter, ...]]:
    """Return part → its weights, in the order in which a forward pass runs them.

    Of one of our models its direct parts, sequences and lists opened; of a network of others those of
    :mod:`engine.models.adopted.parts`. The hooks it takes mean that ``model`` must not be shared.

    Args:
        model: in eval mode. x: normalised pictures (B, C, S, S).
    """
    if isinstance(model, AdoptedModel):
        return grouped(model.weights_in_order(x))
    seen: list[str] = []
    parts = _parts_of(model)
    handles = [
        part.register_forward_pre_hook(lambda _part, _inputs, name=name: seen.append(name))
        for name, part in parts.items()
    ]
    try:
        with torch.no_grad():
            model(x)
    finally:
        for handle in handles:
            handle.remove()
    return {name: tuple(parts[name].parameters()) for name in dict.fromkeys(seen)}


@torch.no_grad()
def randomise(part: Iterable[nn.Parameter], generator: torch.Generator) -> None:
    """Take a part's weights from it in place (see the module); the generator lives on the CPU."""
    for weights in part:
        if weights.ndim > 1:
            drawn = torch.randn(weights.shape, generator=generator) * float(weights.square().mean().sqrt())
        else:
            drawn = weights.cpu().flatten()[torch.randperm(weights.numel(), generator=generator)].view(weights.shape)
        weights.copy_(drawn)


@torch.inference_mode(False)
def cascading_randomisation(  # noqa: PLR0913 - what it needs of a checkpoint is given one by one, not as a checkpoint
    model: nn.Module,
    face: UInt8,
    *,
    spec: InputSpec,
    classes: tuple[str, ...],
    layer: str,
    method: str = "gradcam",
    target: Target | None = None,
    setup: Setup | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    progress: Progress | None = None,
) -> Randomisation:
    """Follow a map while the model loses its weights, from the answer towards the picture.

    Args:
        model: shared by threads; it is copied under its lock, and the copy is what is randomised.
        face: (S, S) or (S, S, 3) uint8.
        spec: the model's input.
        classes: K names.
        layer: one of ``model.explained_layers``.
        method: a key of METHODS.
        target: what to explain; settled by the unchanged model, and the same throughout.
        setup: the method's; None for the usual one.
        draws: sets of random weights.
        seed: of the weights.
        progress: see Progress.

    Raises:
        UnknownNameError: layer, method or class is not among the valid ones.
        UsageError: the model cannot be explained by the method.
    """
    check_methods((method,))
    x = face_tensor(model, face, spec)
    with holding(model):
        twin = copied(model).eval()
    check_fits(twin, x, method)
    given = setup or Setup(spec)
    kept = {name: value.clone() for name, value in twin.state_dict().items()}
    settled = settle(twin, x, target, classes)
    true_map = _map_of(twin, x, method, layer, settled, given)
    parts = parts_in_order(twin, x)
    order = tuple(parts)[::-1]
    found: dict[str, list[float]] = {name: [] for name in order}
    for draw in range(draws):
        twin.load_state_dict(kept)
        generator = torch.Generator().manual_seed(seed + draw)
        for step, name in enumerate(order, start=1):
            randomise(parts[name], generator)
            value = spearman(true_map, _map_of(twin, x, method, layer, settled, given))
            found[name] += [] if value is None else [value]
            if progress is not None:
                progress(draw * len(order) + step, draws * len(order))
    lost = tuple(
        RandomisedPart(name, float(np.mean(values)) if values else None, len(values)) for name, values in found.items()
    )
    return Randomisation(method, layer, settled.name, lost)


@torch.inference_mode(False)
def class_sensitivity(
    model: nn.Module,
    face: UInt8,
    *,
    spec: InputSpec,
    classes: tuple[str, ...],
    layer: str,
    method: str = "gradcam",
    setup: Setup | None = None,
    progress: Progress | None = None,
) -> ClassSensitivity:
    """Compare the maps of every class of one face; arguments and errors as of :func:`cascading_randomisation`.

    The model's lock is held meanwhile.
    """
    check_methods((method,))
    given = setup or Setup(spec)
    x = face_tensor(model, face, spec)
    maps = []
    with holding(model):
        check_fits(model, x, method)
        for k, name in enumerate(classes):
            maps.append(_map_of(model, x, method, layer, ResolvedTarget((k,), None, name), given))
            if progress is not None:
                progress(k + 1, len(classes))
    matrix = np.full((len(classes), len(classes)), np.nan, dtype=np.float32)
    for i, one in enumerate(maps):
        for j, two in enumerate(maps):
            value = spearman(one, two)
            matrix[i, j] = np.nan if value is None else value
    return ClassSensitivity(method, layer, classes, matrix)

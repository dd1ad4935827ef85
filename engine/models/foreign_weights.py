"""Weights that were saved elsewhere: read without running anything of theirs, and laid onto a network of ours.

One reader serves the ImageNet weights that a run begins with and the command that imports a whole network. A file is
either safetensors or what ``torch.save`` wrote, read with ``weights_only=True``: a pickled module, or any other object
with code of its own, is refused by name and never loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from engine.errors import CheckpointError

WRAPPERS: Final[tuple[str, ...]] = (
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "net",
    "network",
    "weights",
)
"""Entries that hold the weights in files which hold more (the epoch, the optimiser ...), the likeliest first."""

PREFIXES: Final[tuple[str, ...]] = ("module.", "_orig_mod.", "model.", "net.", "network.")
"""What wrappers put before every name: several devices, the compiler, a trainer."""

_SHOWN: Final = 5


@dataclass(frozen=True)
class Fit:
    """How foreign weights fit a network; names are the network's own unless said.

    Attributes:
        taken: names that have their tensor.
        missing: the network's names that the file has nothing for.
        left: the file's names (as renamed) that the network has no place for.
        misshapen: (name, the network's shape, the file's shape) where both have it and they differ.
    """

    taken: tuple[str, ...]
    missing: tuple[str, ...]
    left: tuple[str, ...]
    misshapen: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]

    @property
    def whole(self) -> bool:
        """Whether every tensor has found its place and every place its tensor."""
        return not (self.missing or self.left or self.misshapen)

    def sentence(self) -> str:
        """Return what does not fit, as one line; empty where all does."""
        said = [
            *([f"nothing for {_some(self.missing)}"] if self.missing else []),
            *([f"no place for {_some(self.left)}"] if self.left else []),
            *(f"'{name}' is {theirs} where the network has {ours}" for name, ours, theirs in self.misshapen[:_SHOWN]),
        ]
        return "; ".join(said)


def _some(names: Collection[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in list(names)[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a weights file by name, on the CPU, without what wrappers put around them.

    Args:
        path: a ``.safetensors`` file, or one that ``torch.save`` wrote: a dictionary of tensors, or one that holds such
            a dictionary under one of :data:`WRAPPERS`.

    Raises:
        CheckpointError: no such file, no weights in it, or something in it that only its own code could load.
    """
    if not path.is_file():
        raise CheckpointError(f"There is no weights file '{path.name}'; give the path of a .safetensors or .pth file.")
    if path.suffix == ".safetensors":
        try:
            return _without_prefixes(load_file(path))
        except (SafetensorError, OSError) as error:
            raise CheckpointError(f"'{path.name}' is no safetensors file ({error}).") from error
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # it raises what the damage makes it raise; the refusal of code has a kind of its own
        if type(error).__name__ == "UnpicklingError" and _is_archive(path):
            raise CheckpointError(
                f"'{path.name}' holds more than weights (a whole pickled network, say), and loading that would run "
                "its code; save its state_dict() alone, best as safetensors."
            ) from error
        raise CheckpointError(f"'{path.name}' cannot be read as weights; expected what torch.save wrote.") from error
    tensors = _unwrapped(content)
    if not tensors:
        raise CheckpointError(
            f"'{path.name}' holds no weights: expected tensors by name, or such a dictionary under one of "
            f"{', '.join(WRAPPERS)}, got {_described(content)}."
        )
    return _without_prefixes(tensors)


def _is_archive(path: Path) -> bool:
    """Whether the file is of the kind that ``torch.save`` writes: an archive, or, in old files, a bare pickle."""
    with path.open("rb") as file:
        return file.read(2) in (b"PK", b"\x80\x02")


def _unwrapped(content: Any) -> dict[str, Tensor]:
    """Return the dictionary of tensors that ``content`` is or holds; empty: none."""
    if not isinstance(content, Mapping):
        return {}
    for name in WRAPPERS:
        inner = content.get(name)
        if isinstance(inner, Mapping) and inner:
            return _unwrapped(inner)
    return {str(name): value for name, value in content.items() if isinstance(value, Tensor)}


def _described(content: Any) -> str:
    if isinstance(content, Mapping):
        return f"a dictionary with {_some([str(key) for key in content]) or 'nothing'}"
    return f"a {type(content).__name__}"


def _without_prefixes(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Take away the prefixes that every name has; one that only some have means something."""
    for prefix in PREFIXES:
        if tensors and all(name.startswith(prefix) for name in tensors):
            return _without_prefixes({name[len(prefix) :]: value for name, value in tensors.items()})
    return tensors


def renamed(tensors: Mapping[str, Tensor], rename: Callable[[str], str | None]) -> dict[str, Tensor]:
    """Return ``tensors`` under the names that ``rename`` gives; those it gives None are left out."""
    return {new: value for name, value in tensors.items() if (new := rename(name)) is not None}


def fit_of(model: nn.Module, tensors: Mapping[str, Tensor]) -> Fit:
    """Compare the names and shapes of ``model``'s state with those of ``tensors``; nothing is changed."""
    own = model.state_dict()
    common = [name for name in own if name in tensors]
    misshapen = tuple(
        (name, tuple(own[name].shape), tuple(tensors[name].shape))
        for name in common
        if own[name].shape != tensors[name].shape
    )
    wrong = {name for name, *_ in misshapen}
    return Fit(
        taken=tuple(name for name in common if name not in wrong),
        missing=tuple(name for name in own if name not in tensors),
        left=tuple(name for name in tensors if name not in own),
        misshapen=misshapen,
    )


def lay_on(
    model: nn.Module,
    tensors: Mapping[str, Tensor],
    *,
    source: str,
    may_miss: Callable[[str], bool] = lambda _name: False,
) -> Fit:
    """Copy ``tensors`` into ``model``; everything must fit but the names that may be missing.

    Args:
        model: changed in place, unless an error is raised.
        tensors: under the model's names.
        source: what to call the weights in a message.
        may_miss: says of one of the model's names whether it may keep the start that it has.

    Raises:
        CheckpointError: names or shapes that do not fit; the message names the first of them.
    """
    fit = fit_of(model, tensors)
    missing = tuple(name for name in fit.missing if not may_miss(name))
    misfit = Fit(fit.taken, missing, fit.left, fit.misshapen)
    if not misfit.whole:
        raise CheckpointError(f"The weights of {source} do not fit this network: {misfit.sentence()}.")
    own = model.state_dict()
    with torch.no_grad():
        for name in fit.taken:
            own[name].copy_(tensors[name])
    return fit

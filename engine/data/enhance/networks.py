"""Networks that enhance pictures, read from the user's own weight files: SwinIR (super-resolution), DDColor (colour).

The libraries spandrel and spandrel-extra-arches know the architectures; what they may load is decided here. A
``.safetensors`` file holds tensors alone. A ``.pth`` file is a pickle and is read with ``weights_only=True`` only, by
this module itself, so that nothing in it can run.
"""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from engine.data.extras import extra
from engine.errors import NetworkFileError

SUFFIXES: Final = (".safetensors", ".pth", ".pt", ".bin", ".ckpt")
"""Of weight files; all but the first are pickles."""


@dataclass(frozen=True)
class Role:
    """What a network is for: the architecture that is expected, what it does, and where its weights can be had."""

    architecture: str
    does: str
    where: str


ROLES: Final[dict[str, Role]] = {
    "sr": Role(
        "SwinIR",
        "Super-resolution (--sr)",
        "SwinIR for real-world pictures x4 (003_realSR_BSRGAN_DFO_s64w8_SwinIR-M_x4_GAN.pth) is on the release page of "
        "JingyunLiang/SwinIR on GitHub, under Apache-2.0",
    ),
    "color": Role(
        "DDColor",
        "Colourisation (--color)",
        "DDColor (ddcolor_modelscope, or the smaller ddcolor_paper_tiny) is in the model zoo of piddnad/DDColor on "
        "GitHub, under Apache-2.0",
    ),
}
"""In the order in which they are applied."""


@dataclass(frozen=True, eq=False)
class Network:
    """A network in eval mode, without gradients, on the CPU until it is moved.

    Attributes:
        role: a key of :data:`ROLES`.
        module: float32 (B, 3, H, W) in [0, 1] to (B, 3, scale H, scale W) for ``sr``; to Lab's a and b,
            (B, 2, S, S), for ``color``.
        scale: sides of its output over those of its input.
        multiple: ``sr`` takes sides that are multiples of so many pixels (of its attention windows).
        file: the file's name. sha256: of the file, 64 hex digits.
    """

    role: str
    module: nn.Module
    scale: int
    multiple: int
    file: str
    sha256: str

    def as_dict(self) -> dict[str, Any]:
        """Return what tells this network from others, JSON-ready."""
        return {
            "role": self.role,
            "architecture": ROLES[self.role].architecture,
            "scale": self.scale,
            "parameters": sum(parameter.numel() for parameter in self.module.parameters()),
            "file": self.file,
            "sha256": self.sha256,
        }


def file_digest(path: Path) -> str:
    """Return the hex sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load_network(role: str, path: Path) -> Network:
    """Read the network of ``role`` (a key of :data:`ROLES`) from a weight file.

    Raises:
        MissingExtraError: its library is not installed.
        NetworkFileError: there is no such file, it is damaged, or holds another architecture.
    """
    with warnings.catch_warnings(action="ignore"):  # the libraries use calls that torch deprecates
        registry = _architectures(role)
    state = _state(path, role)
    found = next((known for known in registry.architectures("detection") if known.detect(state)), None)
    wanted = ROLES[role].architecture
    if found is None or found.architecture.id != wanted:
        came = "of no architecture that is known" if found is None else f"a {found.architecture.id}"
        raise NetworkFileError(f"Expected the weights of a {wanted}, but '{path.name}' is {came}; {ROLES[role].where}.")
    broken = [key for key, value in state.items() if value.is_floating_point() and not bool(value.isfinite().all())]
    if broken:
        raise NetworkFileError(f"'{path.name}' holds NaN or infinity in '{broken[0]}'; get it again.")
    try:
        with warnings.catch_warnings(action="ignore"):
            descriptor = found.architecture.load(dict(state))
    except Exception as error:  # a missing or misshapen tensor shows in many ways; all mean the same
        raise NetworkFileError(
            f"The tensors of '{path.name}' do not make up a whole {wanted}; get it again. {ROLES[role].where}."
        ) from error
    module: nn.Module = descriptor.model.float().eval().requires_grad_(False)
    if role == "color":
        if descriptor.model.num_output_channels != 2:
            raise NetworkFileError(
                f"Expected a DDColor that gives Lab's a and b, but '{path.name}' gives "
                f"{descriptor.model.num_output_channels} channels; {ROLES[role].where}."
            )
        return Network(role, module, 1, 1, path.name, file_digest(path))
    if (descriptor.input_channels, descriptor.output_channels) != (3, 3) or descriptor.scale < 2:
        raise NetworkFileError(
            f"Expected a SwinIR that enlarges RGB pictures, but '{path.name}' takes {descriptor.input_channels} and "
            f"gives {descriptor.output_channels} channels at {descriptor.scale} x their size; {ROLES[role].where}."
        )
    window = int(descriptor.model.window_size * descriptor.model.start_unshuffle)
    return Network(role, module, int(descriptor.scale), window, path.name, file_digest(path))


def find_network(sha256: str, folder: Path) -> Path | None:
    """Return the weight file in ``folder`` that has this sha256, or None."""
    files = (path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES and path.is_file())
    return next((path for path in files if file_digest(path) == sha256), None)


def _architectures(role: str) -> Any:
    """Return spandrel's registry of the architectures that can be told apart."""
    spandrel: ModuleType = extra("spandrel", "spandrel", ROLES[role].does)
    registry = spandrel.MAIN_REGISTRY.copy()
    if role == "color":
        extras = extra("spandrel_extra_arches", "spandrel-extra-arches", ROLES[role].does)
        registry.add(*extras.EXTRA_REGISTRY, ignore_duplicates=True)
    return registry


def _state(path: Path, role: str) -> dict[str, Tensor]:
    """Return the file's tensors by name, taken out of the dicts that training programs wrap them in."""
    if not path.is_file():
        raise NetworkFileError(f"There is no file '{path.name}'; {ROLES[role].where}.")
    if path.suffix.lower() not in SUFFIXES:
        raise NetworkFileError(f"Expected a file {', '.join(SUFFIXES)}, got '{path.name}'; {ROLES[role].where}.")
    spandrel = extra("spandrel", "spandrel", ROLES[role].does)
    try:
        loaded: Any
        if path.suffix.lower() == ".safetensors":
            loaded = load_file(path)
        else:
            loaded = torch.load(path, map_location="cpu", weights_only=True)
        state = spandrel.canonicalize_state_dict(loaded)
        whole = bool(state) and all(isinstance(value, Tensor) for value in state.values())
    except Exception as error:  # torch and safetensors raise many kinds; all mean the same
        raise NetworkFileError(
            f"'{path.name}' cannot be read as a file of weights: it is damaged, or holds more than tensors, which is "
            f"never loaded; get it again. {ROLES[role].where}."
        ) from error
    if not whole:
        raise NetworkFileError(f"'{path.name}' holds no network's weights; {ROLES[role].where}.")
    return dict(state)

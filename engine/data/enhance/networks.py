"""Networks that enhance pictures, read from the user's own weight files: SwinIR (super-resolution), DDColor (colour).

The libraries spandrel and spandrel-extra-arches know the architectures; what they may load is decided here. A
``.safetensors`` file holds tensors alone. A ``.pth`` file is a pickle and is read with ``weights_only=True`` only, by
this module itself, so that nothing in it can run.

Run a network over pictures in overlapping tiles and blend these, so that a picture of any size fits the memory.

In each overlap the outer quarter on either side counts nothing, since a tile knows least at its edge; between the
quarters one tile fades linearly into the next. Tiles begin at multiples of the network's attention windows, so the
windows lie as they would in the whole picture.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from engine.errors import NetworkFileError, UsageError
from engine.extras import extra
from engine.records import UInt8

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


@dataclass(frozen=True)
class Tiling:
    """How pictures are cut; pixels of the picture before it is enlarged.

    Attributes:
        tile: side of a tile. What is no larger is taken whole.
        overlap: of neighbouring tiles.
        batch: how many tiles, or whole pictures, go through a network at once.
    """

    tile: int = 256
    overlap: int = 32
    batch: int = 16

    def __post_init__(self) -> None:
        if self.tile < 32 or self.overlap < 0 or 2 * self.overlap > self.tile:
            raise UsageError(
                "Expected tiles of 32 pixels or more that overlap by at most half, got "
                f"--tile {self.tile} --overlap {self.overlap}."
            )
        if self.batch < 1:
            raise UsageError(f"Expected a --batch of 1 or more, got {self.batch}.")

    def on_grid(self, multiple: int) -> tuple[int, int]:
        """Return tile and overlap as multiples of ``multiple``, not smaller than asked as long as tiles can advance."""
        tile = multiple * -(-self.tile // multiple)
        return tile, min(multiple * -(-self.overlap // multiple), tile - multiple)


def pad_to_multiple(images: UInt8, multiple: int) -> UInt8:
    """Mirror pictures (B, H, W, C) at the bottom and the right until both sides are multiples; 16 pixels at least."""
    _, height, width, _ = images.shape
    rows, columns = (multiple * -(-max(side, 16) // multiple) - side for side in (height, width))
    return np.pad(images, ((0, 0), (0, rows), (0, columns), (0, 0)), mode="reflect") if rows or columns else images


def tile_starts(length: int, tile: int, overlap: int) -> list[int]:
    """Return where tiles begin along a side of ``length``; the last one ends with the side."""
    if length <= tile:
        return [0]
    return [*range(0, length - tile, tile - overlap), length - tile]


def blend_weights(length: int, overlap: int, *, first: bool, last: bool) -> Tensor:
    """Return float32 (length,) in [0, 1]: how much each pixel of a tile counts; both lengths in pixels enlarged.

    A side that begins (``first``) or ends (``last``) the picture is not faded.
    """
    weights = torch.ones(length)
    if overlap:
        rising = ((torch.arange(overlap) + 0.5 - overlap / 4) / (overlap / 2)).clamp(0.0, 1.0)
        if not first:
            weights[:overlap] *= rising
        if not last:
            weights[length - overlap :] *= rising.flip(0)
    return weights


@torch.no_grad()
def run_tiled(
    network: Callable[[Tensor], Tensor], batch: Tensor, *, scale: int, tiling: Tiling, multiple: int = 1
) -> Tensor:
    """Enlarge pictures.

    Args:
        network: float32 (N, C, h, w) to (N, C, scale h, scale w).
        batch: float32 (B, C, H, W), both sides multiples of ``multiple``.
        scale: what the network enlarges by.
        tiling: how to cut; widened to multiples of ``multiple``.
        multiple: side of the network's attention windows.

    Returns:
        float32 (B, C, scale H, scale W) on the CPU.
    """
    count, channels, height, width = batch.shape
    tile, overlap = tiling.on_grid(multiple)
    rows, columns = (tile_starts(side, tile, overlap) for side in (height, width))
    size_y, size_x = min(tile, height), min(tile, width)
    pieces = list(product(range(count), rows, columns))
    total = torch.zeros(count, channels, height * scale, width * scale)
    weight = torch.zeros(height * scale, width * scale)
    for start in range(0, len(pieces), tiling.batch):
        some = pieces[start : start + tiling.batch]
        cut = torch.stack([batch[one, :, y : y + size_y, x : x + size_x] for one, y, x in some])
        enlarged = network(cut).float().cpu()
        for (one, y, x), piece in zip(some, enlarged, strict=True):
            down = blend_weights(size_y * scale, overlap * scale, first=y == 0, last=y == rows[-1])
            across = blend_weights(size_x * scale, overlap * scale, first=x == 0, last=x == columns[-1])
            share = down[:, None] * across[None]
            place = (slice(y * scale, (y + size_y) * scale), slice(x * scale, (x + size_x) * scale))
            total[one, :, *place] += piece * share
            if one == 0:
                weight[place] += share
    return total / weight

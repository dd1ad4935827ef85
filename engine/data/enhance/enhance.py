"""Enhance pictures: super-resolution, then colour, each by a network of the user's.

What it is given and what it returns are uint8 pictures, so that a picture enhanced on the way into a model is the
same as one that was written to disk and read again.

Colour pictures with DDColor: the network's a and b joined with the picture's own lightness in CIE Lab.

As in Kang et al. 2023 (DDColor, arXiv:2212.11613) and its authors' program: the network sees the picture's lightness
as grey at its own size, its a and b are brought to the picture's size, and the lightness stays as it was. The network
sees each picture whole, so nothing is tiled here. Departure: a and b are enlarged bilinearly, not by repetition.

How pictures that ``enhance`` wrote are known, and what a model that was trained on them needs.

A model trained on enlarged and coloured pictures knows no others: what it is measured on and what it is shown must have
gone through the same networks. The folder's note says which, and the model's card takes that over.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.data.enhance.networks import Network, Tiling, pad_to_multiple, run_tiled
from engine.data.read.sources import MAX_PIXELS
from engine.data.registry import KINDS, PICTURES_OF, find_data
from engine.documents import BAD_VALUES, read_document
from engine.errors import DataError, PictureError, UsageError
from engine.records import Float32, UInt8


def lightness(picture: UInt8) -> Float32:
    """Return CIE L, float32 (H, W) in [0, 100], of a picture uint8 (H, W, 3) in sRGB."""
    lab: Float32 = cv2.cvtColor(picture.astype(np.float32) / 255.0, cv2.COLOR_RGB2Lab)
    return np.ascontiguousarray(lab[..., 0])


def join_lab(light: Float32, ab: Float32) -> UInt8:
    """Return sRGB uint8 (H, W, 3) of L (H, W) in [0, 100] and a, b (H, W, 2) in about [-127, 127]."""
    lab = np.concatenate([light[..., None], ab], axis=2).astype(np.float32)
    rgb: Float32 = cv2.cvtColor(lab, cv2.COLOR_Lab2RGB)
    rounded: UInt8 = np.rint(np.clip(rgb, 0.0, 1.0) * 255.0).astype(np.uint8)
    return rounded


def _seen(picture: UInt8, size: tuple[int, int]) -> Tensor:
    """Return what the network sees of a picture, float32 (3, M, M) in [0, 1]: its lightness as grey."""
    resized = cv2.resize(picture.astype(np.float32) / 255.0, size[::-1], interpolation=cv2.INTER_LINEAR)
    lab = cv2.cvtColor(resized, cv2.COLOR_RGB2Lab)
    lab[..., 1:] = 0.0
    return torch.from_numpy(np.clip(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), 0.0, 1.0).transpose(2, 0, 1).copy())


@torch.no_grad()
def colour_pictures(network: nn.Module, pictures: Sequence[UInt8]) -> list[UInt8]:
    """Colour pictures uint8 (H, W, 3), each of its own size, in one pass.

    Args:
        network: a DDColor; what it has on a device is used there.
        pictures: a colour that is there already does not count, its lightness stays.

    Returns:
        uint8 (H, W, 3) each.
    """
    size: tuple[int, int] = network.input_size  # type: ignore[assignment]
    device = next(network.parameters()).device
    ab = network(torch.stack([_seen(picture, size) for picture in pictures]).to(device)).float().cpu()
    coloured = []
    for picture, own in zip(pictures, ab, strict=True):
        fitted = F.interpolate(own[None], size=picture.shape[:2], mode="bilinear", align_corners=False)[0]
        coloured.append(join_lab(lightness(picture), fitted.permute(1, 2, 0).numpy()))
    return coloured


class Enhancer:
    """Networks in the order of their application; safe to share between threads.

    Args:
        sr: enlarges. color: colours. One of them at least.
        tiling: how large pictures are cut.
        device: where to compute.

    Raises:
        UsageError: there is no network.
    """

    def __init__(
        self,
        sr: Network | None,
        color: Network | None,
        *,
        tiling: Tiling | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        if sr is None and color is None:
            raise UsageError("Expected a network that enlarges, one that colours, or both; got none.")
        self.sr = sr
        self.color = color
        self.tiling = tiling or Tiling()
        self.device = torch.device(device)
        for network in (sr, color):
            if network is not None:
                network.module.to(self.device)
        # DDColor keeps what it computes on the module while it runs.
        self._lock = threading.Lock()

    @property
    def scale(self) -> int:
        """Sides of an enhanced picture over those of the picture."""
        return self.sr.scale if self.sr else 1

    def described(self) -> dict[str, Any]:
        """Return what makes its result, JSON-ready: the networks in their order, tile and overlap in pixels."""
        return {
            "networks": [network.as_dict() for network in (self.sr, self.color) if network is not None],
            "tile": self.tiling.tile,
            "overlap": self.tiling.overlap,
        }

    def refuse_huge(self, picture: UInt8) -> None:
        """Refuse a picture that would be larger than any reader here takes.

        Raises:
            PictureError: with the reason.
        """
        height, width = picture.shape[:2]
        if height * width * self.scale**2 > MAX_PIXELS:
            raise PictureError(
                f"{width}x{height} enlarged by {self.scale} has more than {MAX_PIXELS // 1_000_000} million pixels"
            )

    def __call__(self, pictures: Sequence[UInt8]) -> list[UInt8]:
        """Enhance pictures.

        Args:
            pictures: uint8, (H, W) grey or (H, W, 3) RGB, of any sizes.

        Returns:
            In the order given: uint8 (scale H, scale W, 3), or (scale H, scale W) of a grey one that is not coloured.

        Raises:
            PictureError: one would become too large.
        """
        for picture in pictures:
            self.refuse_huge(picture)
        with self._lock:
            enhanced = list(pictures) if self.sr is None else self._enlarged(self.sr, pictures)
            if self.color is None:
                return enhanced
            coloured: list[UInt8] = []
            for start in range(0, len(enhanced), self.tiling.batch):
                some = [_rgb(picture) for picture in enhanced[start : start + self.tiling.batch]]
                coloured += colour_pictures(self.color.module, some)
            return coloured

    def _enlarged(self, network: Network, pictures: Sequence[UInt8]) -> list[UInt8]:
        """Enlarge pictures; those of one size go through the network together."""
        by_size: dict[tuple[int, ...], list[int]] = {}
        for index, picture in enumerate(pictures):
            by_size.setdefault(picture.shape[:2], []).append(index)
        done: dict[int, UInt8] = {}
        for (height, width), indices in by_size.items():
            # Large pictures one by one: their tiles fill the batch.
            together = self.tiling.batch if max(height, width) <= self.tiling.tile else 1
            for start in range(0, len(indices), together):
                some = indices[start : start + together]
                images = np.stack([_rgb(pictures[index]) for index in some])
                for index, large in zip(some, self._run(network, images), strict=True):
                    grey = pictures[index].ndim == 2
                    done[index] = cv2.cvtColor(large, cv2.COLOR_RGB2GRAY) if grey else large
        return [done[index] for index in range(len(pictures))]

    def _run(self, network: Network, images: UInt8) -> UInt8:
        """Enlarge (B, H, W, 3) to (B, scale H, scale W, 3)."""
        _, height, width, _ = images.shape
        padded = pad_to_multiple(images, network.multiple)
        batch = torch.from_numpy(padded).permute(0, 3, 1, 2).float() / 255.0
        large = run_tiled(
            lambda cut: network.module(cut.to(self.device)),
            batch,
            scale=network.scale,
            tiling=self.tiling,
            multiple=network.multiple,
        )
        large = large[..., : height * network.scale, : width * network.scale].clamp(0.0, 1.0)
        return (large * 255.0).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()


def _rgb(picture: UInt8) -> UInt8:
    return np.repeat(picture[..., None], 3, axis=2) if picture.ndim == 2 else picture


NOTE: Final = "enhance.json"
"""In a folder that ``enhance`` wrote: what was done."""
BALANCE_NOTE: Final = "balance.json"
"""In a folder that ``balance`` made of such pictures: the same, under ``enhancement``."""
KEYS: Final = ("networks", "tile", "overlap", "source")
"""What a card takes over: the networks in their order, how they were applied, and to what kind of pictures."""


def enhancement_at(place: Path) -> dict[str, Any] | None:
    """Return how the pictures at ``place`` were enhanced (:data:`KEYS`); None where they were not.

    Raises:
        DataError: the note is damaged.
    """
    if not place.is_dir():
        return None
    for name, inside in ((NOTE, None), (BALANCE_NOTE, "enhancement")):
        note = place / name
        if not note.is_file():
            continue
        try:
            document = read_document(note)
            found = document if inside is None else document.get(inside)
            return None if found is None else {key: found[key] for key in KEYS}
        except (OSError, *BAD_VALUES) as error:
            raise DataError(f"'{name}' in '{place.name}' is damaged; make the folder again.") from error
    return None


def enhancement_of(dataset: str, data: str | Path | None) -> dict[str, Any] | None:
    """Return how a dataset's pictures were enhanced; ``dataset`` and ``data`` as for :func:`load_dataset`."""
    source = PICTURES_OF.get(dataset, dataset)
    kind = KINDS.get(source)  # the built-in faces lie nowhere
    return enhancement_at(find_data(source, kind.files, data)) if kind else None


def networks_of(enhancement: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return the sha256 of the networks in their order; equal means that pictures went through the same."""
    return tuple(network["sha256"] for network in enhancement["networks"]) if enhancement else ()


def common_enhancement(sources: Iterable[tuple[str, str | Path | None]]) -> dict[str, Any] | None:
    """Return how the pictures of all ``sources`` (dataset, data) were enhanced; None where none were.

    Raises:
        UsageError: they were not all treated alike, so that no picture to come could be.
    """
    found = [(data, enhancement_of(dataset, data)) for dataset, data in sources]
    first = found[0][1]
    for data, other in found[1:]:
        if networks_of(other) != networks_of(first):
            name = Path(data).name if data else "the default data"
            raise UsageError(
                f"Expected all data to be enhanced by the same networks, or none of it, but '{name}' was treated "
                "otherwise than the first; enhance each with the same --sr and --color."
            )
    return first


def require_enhanced(model: str, card_data: Mapping[str, Any], dataset: str, data: str | Path | None) -> None:
    """Refuse to measure a model that was trained on enhanced pictures on any others.

    Raises:
        UsageError: the data was not enhanced by the same networks.
    """
    wanted = card_data.get("enhancement")
    if wanted and networks_of(enhancement_of(dataset, data)) != networks_of(wanted):
        names = ", then ".join(f"{network['architecture']} ('{network['file']}')" for network in wanted["networks"])
        raise UsageError(
            f"'{model}' was trained on pictures enhanced by {names}, but these were not; make such a folder with "
            "'python -m engine enhance' and give it with --data."
        )

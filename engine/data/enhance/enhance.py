"""Enhance pictures: super-resolution, then colour, each by a network of the user's.

What it is given and what it returns are uint8 pictures, so that a picture enhanced on the way into a model is the
same as one that was written to disk and read again.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import torch

from engine.data.decode import MAX_PIXELS
from engine.data.enhance.networks import Network
from engine.data.enhance_color import colour_pictures
from engine.data.enhance_tiles import Tiling, pad_to_multiple, run_tiled
from engine.errors import PictureError, UsageError
from engine.records import UInt8


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

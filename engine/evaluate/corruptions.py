"""Five corruptions of pictures at five severities, on uint8 pictures from 0 to 255, seeded by picture.

The kinds and the idea of five severities are Hendrycks and Dietterich's [1]; the amounts are our own, because theirs
are set for photographs of 224 pixels: blur and occlusion are measured in shares of the side, so that they mean the same
on a 48 pixel face. A picture has the same noise pattern and the same place of the occluder at each severity, drawn from
the seed and its id: a higher severity is more of the same.

[1] D. Hendrycks, T. Dietterich. Benchmarking Neural Network Robustness to Common Corruptions and Perturbations. ICLR
    2019.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import UnknownNameError, UsageError

UInt8 = NDArray[np.uint8]
SEVERITIES: Final = (1, 2, 3, 4, 5)


def _clipped(values: NDArray[np.floating]) -> UInt8:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


def _blur(image: UInt8, amount: float, rng: np.random.Generator) -> UInt8:  # noqa: ARG001  # one signature for all
    sigma = amount * min(image.shape[:2])
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT), np.uint8)


def _noise(image: UInt8, amount: float, rng: np.random.Generator) -> UInt8:
    return _clipped(image + amount * rng.standard_normal(image.shape))


def _jpeg(image: UInt8, amount: float, rng: np.random.Generator) -> UInt8:  # noqa: ARG001  # one signature for all
    packed = io.BytesIO()
    Image.fromarray(image).save(packed, format="JPEG", quality=int(amount))
    with Image.open(packed) as opened:
        return np.asarray(opened, np.uint8).copy()


def _brightness(image: UInt8, amount: float, rng: np.random.Generator) -> UInt8:  # noqa: ARG001  # one signature for all
    return _clipped(image + amount)


def _occlusion(image: UInt8, amount: float, rng: np.random.Generator) -> UInt8:
    """Lay a square in the picture's mean colour; its centre lies anywhere, so that it may stick out at an edge."""
    height, width = image.shape[:2]
    side = amount * min(height, width)
    row, column = rng.uniform(0, height), rng.uniform(0, width)
    top, left = round(max(0.0, row - side / 2)), round(max(0.0, column - side / 2))
    bottom, right = round(min(height, row + side / 2)), round(min(width, column + side / 2))
    covered = image.copy()
    covered[top:bottom, left:right] = _clipped(image.mean(axis=(0, 1)))
    return covered


@dataclass(frozen=True)
class Corruption:
    """One kind of corruption.

    Attributes:
        amounts: what each severity means, in ``unit``.
        unit: of the amounts, in words.
        apply: picture uint8 (H, W) or (H, W, 3), amount, random numbers → picture of the same shape and type.
    """

    amounts: tuple[float, float, float, float, float]
    unit: str
    apply: Callable[[UInt8, float, np.random.Generator], UInt8]


CORRUPTIONS: Final[dict[str, Corruption]] = {
    "blur": Corruption((0.01, 0.02, 0.03, 0.045, 0.06), "Gaussian sigma, share of the side", _blur),
    "noise": Corruption((8.0, 16.0, 26.0, 38.0, 51.0), "Gaussian standard deviation, grey levels of 255", _noise),
    "jpeg": Corruption((40.0, 25.0, 15.0, 10.0, 7.0), "JPEG quality of 100", _jpeg),
    "brightness": Corruption((25.0, 51.0, 76.0, 102.0, 128.0), "grey levels of 255 added, then clipped", _brightness),
    "occlusion": Corruption((0.2, 0.3, 0.4, 0.5, 0.6), "side of a square, share of the picture's", _occlusion),
}


def corrupt(images: UInt8, ids: Sequence[str], name: str, severity: int, *, seed: int = 0) -> UInt8:
    """Return corrupted copies of pictures.

    Args:
        images: uint8 (N, H, W) or (N, H, W, 3), 0 to 255.
        ids: N ids, which with ``seed`` decide what is drawn: not the order of the pictures, nor which others there are.
        name: a key of :data:`CORRUPTIONS`.
        severity: 1 to 5.
        seed: 0 or more.

    Returns:
        Shape and type of ``images``.
    """
    if name not in CORRUPTIONS:
        raise UnknownNameError("corruption", name, CORRUPTIONS)
    if severity not in SEVERITIES:
        raise UsageError(f"Expected a severity from 1 to 5, got {severity}.")
    if images.dtype != np.uint8 or len(images) != len(ids):
        raise ValueError(f"expected {len(ids)} pictures as uint8, got {len(images)} as {images.dtype}")
    kind = CORRUPTIONS[name]
    amount = kind.amounts[severity - 1]
    out = np.empty_like(images)
    for index, (image, picture_id) in enumerate(zip(images, ids, strict=True)):
        rng = np.random.default_rng([seed, zlib.crc32(picture_id.encode())])
        out[index] = kind.apply(image, amount, rng)
    return out

"""Colour pictures with DDColor: the network's a and b joined with the picture's own lightness in CIE Lab.

As in Kang et al. 2023 (DDColor, arXiv:2212.11613) and its authors' program: the network sees the picture's lightness
as grey at its own size, its a and b are brought to the picture's size, and the lightness stays as it was. The network
sees each picture whole, so nothing is tiled here. Departure: a and b are enlarged bilinearly, not by repetition.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

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

"""Put an edit on a face.

The order is that of a photograph being taken: first what stands before the camera, then the camera.

1. *swap*: regions are taken from a second face at the same place, their edges softened over about a 48th of the side;
2. *hide*: what lies under the brush and in hidden regions is filled, all of it at once;
3. *rotate* about the crop's middle, cubic interpolation, the border repeated;
4. *blur*: a Gaussian;
5. *contrast* about the mean of the picture, then *brightness*, cut off at black and white.

So regions and strokes belong to the face as it was before it was turned. An operation that is neutral is not run.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from engine.edit.edit import Edit, covered
from engine.edit.fills import fill_hidden
from engine.edit.regions import Bool, FaceRegions
from engine.errors import UsageError
from engine.records import UInt8

SOFT_SHARE: Final = 1 / 48
"""Standard deviation of a swapped region's edge as a share of the shorter side: a hard seam is a feature of its own."""


def _fits(crop: UInt8, regions: FaceRegions | None, needed: bool) -> None:
    if regions is None and needed:
        raise UsageError("This edit names regions of the face, but none are known for it; give its regions.")
    if regions is not None and regions.indices.shape != crop.shape[:2]:
        raise UsageError(
            f"Expected regions of {crop.shape[1]} x {crop.shape[0]} pixels as the face has, got "
            f"{regions.indices.shape[1]} x {regions.indices.shape[0]}; make them for this face."
        )


def hidden_mask(edit: Edit, regions: FaceRegions | None, height: int, width: int) -> Bool:
    """Return bool (height, width): what the edit's strokes and hidden regions cover."""
    under = covered(edit.strokes, height, width)
    return under | regions.mask(edit.hidden) if regions is not None else under


def _swap(crop: UInt8, second: UInt8, mask: Bool) -> UInt8:
    sigma = SOFT_SHARE * min(mask.shape)
    share = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    share = share if crop.ndim == 2 else share[..., None]
    mixed = crop + share * (second.astype(np.float32) - crop)
    return np.asarray(np.clip(np.rint(mixed), 0, 255), dtype=np.uint8)


def _rotate(crop: UInt8, degrees: int) -> UInt8:
    height, width = crop.shape[:2]
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    turned = cv2.warpAffine(crop, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned, dtype=np.uint8)


def _blur(crop: UInt8, sigma: float) -> UInt8:
    # In floating point: for bytes OpenCV takes a shorter kernel with rounded weights.
    soft = cv2.GaussianBlur(crop.astype(np.float32), (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    return np.asarray(np.clip(np.rint(soft), 0, 255), dtype=np.uint8)


def _expose(crop: UInt8, contrast: int, brightness: int) -> UInt8:
    values = crop.astype(np.float64)
    mean = values.mean()
    values = (values - mean) * (contrast / 100) + mean + 255 * brightness / 100
    return np.asarray(np.clip(np.rint(values), 0, 255), dtype=np.uint8)


def apply_edit(
    crop: UInt8,
    edit: Edit,
    regions: FaceRegions | None = None,
    *,
    second: UInt8 | None = None,
    second_regions: FaceRegions | None = None,
    seed: int = 0,
) -> UInt8:
    """Return the edited crop; an edit that changes nothing gives every bit back.

    Args:
        crop: uint8 (H, W) or (H, W, 3).
        edit: what to change.
        regions: the face's, (H, W); needed where the edit names any.
        second: the face to take swapped regions from, shape of ``crop``.
        second_regions: its regions. A region is then swapped wherever it lies in either face, so that nothing of the
            first one's mouth is left beside a smaller mouth.
        seed: of the noise of the fill ``neighbour``.

    Returns:
        uint8, shape of ``crop``.

    Raises:
        UsageError: the edit needs regions or a second face that are not given, or they do not fit the crop.
    """
    _fits(crop, regions, bool(edit.hidden or edit.swapped))
    edited = crop.copy()
    if edit.swapped and regions is not None:
        if second is None or second.shape != crop.shape:
            came = "none" if second is None else str(second.shape)
            raise UsageError(f"Swapping needs a second face of shape {crop.shape}, got {came}; choose one.")
        _fits(second, second_regions, needed=False)
        place = regions.mask(edit.swapped)
        if second_regions is not None:
            place = place | second_regions.mask(edit.swapped)
        edited = _swap(edited, second, place)
    if edit.strokes or edit.hidden:
        under = hidden_mask(edit, regions, *crop.shape[:2])
        edited = fill_hidden(edited, under[None], edit.fill, seed)[0]
    if edit.rotation:
        edited = _rotate(edited, edit.rotation)
    if edit.blur_tenths:
        edited = _blur(edited, edit.blur_tenths / 10)
    if edit.contrast != 100 or edit.brightness:
        edited = _expose(edited, edit.contrast, edit.brightness)
    return np.ascontiguousarray(edited, dtype=np.uint8)

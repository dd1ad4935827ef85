"""Any depth, mode or array of pixels as uint8 RGB."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import PictureError
from engine.records import UInt8

_BACKGROUND: Final = (255, 255, 255)  # see-through parts are laid on white, as a page would show them


def image_to_rgb(image: Image.Image, notes: list[str], shown: str) -> UInt8:
    """Return ``image`` in any Pillow mode as (H, W, 3) uint8 RGB, and add to ``notes`` what a person may want to know.

    Deep grey is scaled by its range, never clipped; see-through parts are laid on white; Pillow turns CMYK and
    knows that JPEG stores it inverted.
    """
    if image.mode == "F" or image.mode.startswith("I"):
        grey = _deep_grey_to_uint8(np.asarray(image).astype(np.float32), image.mode == "F", notes, shown)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if image.mode in ("La", "RGBa"):  # premultiplied alpha converts only to its own straight form
        image = image.convert("LA" if image.mode == "La" else "RGBA")
    if "A" in image.getbands() or "transparency" in image.info:
        layered = image.convert("RGBA")
        if layered.getchannel("A").getextrema() != (255, 255):  # an alpha channel that hides nothing needs no word
            notes.append("See-through parts were laid on white.")
        background = Image.new("RGB", image.size, _BACKGROUND)
        background.paste(layered, mask=layered.getchannel("A"))
        image = background
    return np.array(image.convert("RGB"), dtype=np.uint8)


def _deep_grey_to_uint8(grey: NDArray[np.float32], is_float: bool, notes: list[str], shown: str) -> UInt8:
    """Scale (H, W) grey of 16 bits, 32 bits or float to [0, 255] by the smallest usual range that holds it."""
    if not np.isfinite(grey).all():
        raise PictureError(
            f"Expected finite grey values, but '{shown}' holds NaN or infinity; replace them and save it."
        )
    low, high = float(grey.min()), float(grey.max())
    # Cameras and scanners put 10, 12 or 14 bits into 16: taking all 16 for the range would leave such a picture black.
    ranges = (1.0, 255.0, 65535.0) if is_float else (255.0, 1023.0, 4095.0, 16383.0, 65535.0)
    top = next((range_top for range_top in ranges if low >= 0.0 and high <= range_top), None)
    if top is None:
        notes.append(f"Grey values from {low:g} to {high:g} were stretched to black and white.")
        return _rounded((grey - low) / max(high - low, 1e-12) * 255.0)
    if top != ranges[-1] or is_float:
        notes.append(f"Grey values up to {high:g} were read on a scale from 0 to {top:g}.")
    return _rounded(grey / top * 255.0)


def _rounded(values: NDArray[Any]) -> UInt8:
    return np.asarray(np.rint(values), dtype=np.uint8)


def array_to_rgb(array: NDArray[Any]) -> UInt8:
    """Return (H, W, 3) uint8 of its own memory from an array as :func:`open_picture` describes it."""
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        advice = "; move the channels last" if array.ndim == 3 and array.shape[0] in (1, 3, 4) else "; pass one picture"
        raise PictureError(f"Expected an array of shape (H, W), (H, W, 3) or (H, W, 4), but got {array.shape}{advice}.")
    if array.dtype == np.uint8:
        eight = array
    elif array.dtype == np.bool_:
        eight = array.astype(np.uint8) * np.uint8(255)
    elif array.dtype == np.uint16:
        eight = _rounded(array / 257.0)
    elif np.issubdtype(array.dtype, np.floating):
        if not (
            np.isfinite(array).all() and float(array.min(initial=0.0)) >= 0.0 and float(array.max(initial=0.0)) <= 1.0
        ):
            raise PictureError(
                "Expected a float array in [0, 1], but got values outside it; divide by the largest value."
            )
        eight = _rounded(array.astype(np.float64) * 255.0)
    else:
        raise PictureError(
            f"Expected an array of uint8 or of floats in [0, 1], but got {array.dtype}; convert it first."
        )
    if eight.ndim == 2 or eight.shape[2] == 1:
        return np.repeat(eight.reshape(*eight.shape[:2], 1), 3, axis=2)
    if eight.shape[2] == 4:
        alpha = eight[:, :, 3:].astype(np.uint16)
        return ((eight[:, :, :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    return eight.copy()

"""The few figures that are kept of each map of each picture: entropy, peak and centre.

Of a map only what is positive counts, as shares p of its sum; a map without any has no figures (NaN).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

Float64 = NDArray[np.float64]


def _shares(maps: NDArray[np.floating]) -> Float64:
    """(B, ...) → (B, D) shares that sum to 1, NaN where nothing is positive."""
    positive = np.maximum(maps, 0.0).astype(np.float64).reshape(len(maps), -1)
    total = positive.sum(axis=1, keepdims=True)
    return np.asarray(positive / np.where(total > 0.0, total, np.nan))


def entropy_nats(maps: NDArray[np.floating]) -> Float64:
    """Return the entropy of each map, -sum p log p: (B, ...) → (B,), from 0 (one cell) to log D (even), in nats."""
    return _entropy(_shares(maps))


def _entropy(p: Float64) -> Float64:
    return np.asarray(entr(p).sum(axis=1))


@dataclass(frozen=True, eq=False)
class Places:
    """Where B maps are strong.

    Attributes:
        peak_row, peak_column: float64 (B,), the cell of the largest value (of several the first), NaN without any.
        centre_x, centre_y: float64 (B,), the centre of mass as a fraction of the picture's width and height.
    """

    peak_row: Float64
    peak_column: Float64
    centre_x: Float64
    centre_y: Float64


def places(maps: NDArray[np.floating]) -> Places:
    """Find peak and centre of maps (B, h, w)."""
    return _places(maps, _shares(maps))


def entropy_and_places(maps: NDArray[np.floating]) -> tuple[Float64, Places]:
    """Return :func:`entropy_nats` and :func:`places` of maps (B, h, w), whose shares are worked out once for both."""
    p = _shares(maps)
    return _entropy(p), _places(maps, p)


def _places(maps: NDArray[np.floating], p: Float64) -> Places:
    height, width = maps.shape[1:]
    some = np.isfinite(p[:, 0])
    row, column = np.divmod(maps.reshape(len(maps), -1).argmax(axis=1), width)
    y, x = np.meshgrid((np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width, indexing="ij")
    centre_x, centre_y = (p @ np.stack([x.ravel(), y.ravel()], axis=1)).T
    return Places(
        peak_row=np.where(some, row, np.nan),
        peak_column=np.where(some, column, np.nan),
        centre_x=centre_x,
        centre_y=centre_y,
    )


def peak_channel(gates: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return the channel with the largest weight (of several the first): (B, C) → int64 (B,)."""
    return np.asarray(gates.argmax(axis=1), dtype=np.int64)

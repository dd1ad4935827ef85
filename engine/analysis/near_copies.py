"""Which pictures of a split look alike: the column ``near_group``.

As the audit finds them (:mod:`engine.data.audit.groups`), but within the analysed split alone and at the model's input
size: two perceptual hashes agree. A few different pictures may come together; mirrored, turned or cropped copies are
missed. Built-in faces are drawn one by one, so hashes would find mere look-alikes: they get no groups.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.data.audit.audit import blanks
from engine.data.audit.groups import near_numbers
from engine.data.dataset import FaceDataset, Int64
from engine.records import UInt8
from engine.statistics.maps import area_average

SIDE: Final = 48
"""Larger pictures are averaged to this side first: the hashes look at low frequencies alone."""
_BLOCK: Final = 512
"""Pictures made small at a time; bounds the memory."""


def near_groups_of(dataset: FaceDataset) -> Int64 | None:
    """Return int64 (N,): equal numbers are near or exact copies of each other; None where they are not looked for."""
    if dataset.name == "synthetic":
        return None
    grey = _grey(dataset.images)
    return near_numbers(grey, dataset.duplicate_group, blanks(grey))


def _grey(images: UInt8) -> UInt8:
    """Return uint8 (N, s, s), s at most :data:`SIDE`, of grey or RGB pictures."""
    if images.ndim == 3 and images.shape[1] <= SIDE:
        return images
    parts = []
    for start in range(0, len(images), _BLOCK):
        block = images[start : start + _BLOCK].astype(np.float64)
        flat = block if block.ndim == 3 else block.mean(axis=3)
        small = flat if flat.shape[1] <= SIDE else area_average(flat, (SIDE, SIDE))
        parts.append(np.rint(small).astype(np.uint8))
    return np.concatenate(parts)

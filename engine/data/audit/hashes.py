"""Perceptual hashes: 64 bits a picture that hardly change when it is saved again, lightened or shrunk.

[1] C. Zauner. Implementation and Benchmarking of Perceptual Image Hash Functions. Master's thesis, Upper Austria
    University of Applied Sciences, 2010, section 3.2: signs of the low DCT coefficients about their median (pHash).
[2] N. Krawetz. Kind of Like That. The Hacker Factor Blog, 2013: signs of differences between neighbours (dHash).

Departures: [1] blurs, shrinks to 32x32 and takes an 8x8 square of coefficients; here the DCT is taken of the whole
48x48 picture, which keeps the same low frequencies, and the 64 lowest along the diagonals after the mean are kept.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn

from engine.data.dataset import Int64
from engine.records import UInt8

UInt64 = NDArray[np.uint64]

BITS: Final = 64
_BLOCK: Final = 4096
"""Pictures transformed at a time, and rows compared at a time: bounds the memory."""


def _diagonal(count: int) -> tuple[Int64, Int64]:
    """Return rows and columns of the ``count`` lowest frequencies after the mean, diagonal by diagonal."""
    cells = sorted(((u, v) for u in range(count) for v in range(count)), key=lambda cell: (sum(cell), cell))
    rows, columns = zip(*cells[1 : count + 1], strict=True)
    return np.array(rows, np.int64), np.array(columns, np.int64)


_LOW: Final = _diagonal(BITS)


def _packed(bits: NDArray[np.bool_]) -> UInt64:
    """Bits (N, 64) → uint64 (N,)."""
    octets = np.ascontiguousarray(np.packbits(bits, axis=1))
    return octets.view(np.dtype(">u8"))[:, 0].astype(np.uint64)


def phash(images: UInt8) -> UInt64:
    """Return [1]'s hash of grey pictures (N, S, S) uint8 with S >= 16: uint64 (N,)."""
    parts = [np.zeros(0, np.uint64)]
    for start in range(0, len(images), _BLOCK):
        frequencies = dctn(images[start : start + _BLOCK].astype(np.float32), axes=(1, 2), norm="ortho")
        low = frequencies[:, _LOW[0], _LOW[1]]
        parts.append(_packed(low > np.median(low, axis=1, keepdims=True)))
    return np.concatenate(parts)


def _area_means(size: int, cells: int) -> NDArray[np.float32]:
    """Return the (size, cells) matrix that averages pixels over cells, each pixel by its share."""
    edges = np.linspace(0.0, size, cells + 1)
    pixels = np.arange(size)
    cover = [
        np.clip(np.minimum(pixels + 1, high) - np.maximum(pixels, low), 0.0, None) for low, high in pairwise(edges)
    ]
    means = np.stack(cover, axis=1)
    return np.asarray(means / means.sum(axis=0), dtype=np.float32)


def dhash(images: UInt8) -> UInt64:
    """Return [2]'s hash of grey pictures (N, H, W) uint8: is each of 8x9 cells darker than its right neighbour?"""
    down, across = _area_means(images.shape[1], 8), _area_means(images.shape[2], 9)
    parts = [np.zeros(0, np.uint64)]
    for start in range(0, len(images), _BLOCK):
        cells = np.einsum(
            "nij,ir,jc->nrc", images[start : start + _BLOCK].astype(np.float32), down, across, optimize=True
        )
        parts.append(_packed((cells[:, :, 1:] > cells[:, :, :-1]).reshape(-1, BITS)))
    return np.concatenate(parts)


def hamming(one: UInt64, other: UInt64) -> NDArray[np.uint8]:
    """Return in how many of 64 bits the hashes differ, broadcast."""
    return np.asarray(np.bitwise_count(one ^ other), dtype=np.uint8)


def near_pairs(hashes: UInt64, most: int) -> Int64:
    """Return every pair (i < j) of hashes that differ in at most ``most`` bits: int64 (P, 2), sorted.

    Exact, without comparing all with all: cut into ``most`` + 1 bands, two such hashes are equal in one band at least.
    """
    bands = np.linspace(0, BITS, most + 2).astype(int)
    found = [np.zeros((0, 2), np.int64)]
    for low, high in pairwise(bands):
        band = (hashes >> np.uint64(low)) & np.uint64((1 << int(high - low)) - 1)
        order = np.argsort(band, kind="stable").astype(np.int64)
        bounds = np.flatnonzero(np.diff(band[order])) + 1
        found += [_pairs_within(bucket, hashes, most) for bucket in np.split(order, bounds) if len(bucket) > 1]
    return np.unique(np.concatenate(found), axis=0)


def _pairs_within(members: Int64, hashes: UInt64, most: int) -> Int64:
    """Return the near pairs among ``members``, which ascend."""
    found = [np.zeros((0, 2), np.int64)]
    for start in range(0, len(members), _BLOCK):
        block = members[start : start + _BLOCK]
        rows, columns = np.nonzero(hamming(hashes[block, None], hashes[None, members]) <= most)
        pairs = np.stack([block[rows], members[columns]], axis=1)
        found.append(pairs[pairs[:, 0] < pairs[:, 1]])
    return np.concatenate(found)

"""Facts about how photos look and which of them are copies of each other; needs thumbnails only."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

NEAR_DUPLICATE_BITS = 4
"""Hashes that differ in at most this many of 64 bits count as near-duplicates."""


@lru_cache(maxsize=1)
def _cosine_basis(size: int = 32, kept: int = 8) -> NDArray[np.float64]:
    frequencies, positions = np.arange(kept)[:, None], np.arange(size)[None, :]
    return np.cos(np.pi * frequencies * (2 * positions + 1) / (2 * size))


def perceptual_hash(photo: Image.Image) -> int:
    """The 64-bit pHash: signs of the lowest 8x8 DCT frequencies of the 32x32 grey photo against their median.

    Method: Zauner 2010, "Implementation and benchmarking of perceptual image hash functions".
    """
    grey = np.asarray(photo.convert("L").resize((32, 32), Image.Resampling.BILINEAR), dtype=np.float64)
    basis = _cosine_basis()
    coefficients = (basis @ grey @ basis.T).ravel()
    bits = coefficients > np.median(coefficients[1:])
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def near_duplicate_pairs(hashes: NDArray[np.uint64], bits: int = NEAR_DUPLICATE_BITS) -> list[tuple[int, int]]:
    """All index pairs (i < j) whose hashes differ in at most `bits` bits.

    Args:
        hashes: perceptual hashes, shape (n,).
        bits: the largest Hamming distance that still counts.
    """
    pairs = []
    for i in range(len(hashes) - 1):
        distance = np.bitwise_count(hashes[i + 1 :] ^ hashes[i])
        pairs += [(i, i + 1 + int(offset)) for offset in np.flatnonzero(distance <= bits)]
    return pairs


def connected_groups(count: int, pairs: Sequence[tuple[int, int]]) -> list[int]:
    """The group of each of `count` items, as the smallest member's index; pairs connect (union-find)."""
    parent = list(range(count))

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for left, right in pairs:
        low, high = sorted((root(left), root(right)))
        parent[high] = low
    return [root(item) for item in range(count)]

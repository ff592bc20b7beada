"""Perceptual hashes, the pairs of photos whose hashes nearly agree, and the groups that pairs make.

Works on thumbnails and bare hashes; what a near-duplicate means for a studio is `duplicates`' subject.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image

NEAR_DUPLICATE_BITS = 4
"""Hashes that differ in at most this many of 64 bits count as near-duplicates."""
HASH_BITS = 64
_BANDED_BITS = 7
"""Up to this distance bands are at least 8 bits wide and rule most pairs out; beyond it all are compared."""


@lru_cache(maxsize=1)
def _cosine_basis(size: int = 32, kept: int = 8) -> NDArray[np.float64]:
    frequencies, positions = np.arange(kept)[:, None], np.arange(size)[None, :]
    return np.cos(np.pi * frequencies * (2 * positions + 1) / (2 * size))


def perceptual_hash(photo: Image.Image) -> int:
    """The 64-bit pHash: signs of the lowest 8x8 DCT frequencies of the 32x32 gray photo against their median.

    Method: Zauner 2010, "Implementation and benchmarking of perceptual image hash functions".
    """
    gray = np.asarray(photo.convert("L").resize((32, 32), Image.Resampling.BILINEAR), dtype=np.float64)
    basis = _cosine_basis()
    coefficients = (basis @ gray @ basis.T).ravel()
    bits = coefficients > np.median(coefficients[1:])
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def near_duplicate_pairs(hashes: NDArray[np.uint64], bits: int = NEAR_DUPLICATE_BITS) -> list[tuple[int, int]]:
    """All index pairs (i < j) whose hashes differ in at most `bits` bits, sorted.

    Multi-index hashing (Norouzi, Punjani and Fleet, CVPR 2012): cut into `bits` + 1 bands, two hashes within
    `bits` agree wholly in at least one band (pigeonhole), so only photos that share a band are compared.

    Args:
        hashes: perceptual hashes, shape (n,).
        bits: the largest Hamming distance that still counts.
    """
    found = [np.empty((0, 2), np.int64)]
    if bits <= _BANDED_BITS:
        masks = _bands(bits + 1)
        for rank, mask in enumerate(masks):
            found += _pairs_in_band(hashes, bits, mask, masks[:rank])
    else:
        found += _pairs_in_band(hashes, bits, np.uint64(0), [])
    pairs = np.concatenate(found)
    ordered = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    return list(zip(ordered[:, 0].tolist(), ordered[:, 1].tolist(), strict=True))


def _bands(count: int) -> list[np.uint64]:
    """Masks that cut the hash into bands of nearly equal width."""
    edges = [HASH_BITS * band // count for band in range(count + 1)]
    return [np.uint64((1 << high) - (1 << low)) for low, high in pairwise(edges)]


def _pairs_in_band(
    hashes: NDArray[np.uint64], bits: int, mask: np.uint64, earlier: Sequence[np.uint64]
) -> Iterator[NDArray[np.int64]]:
    """Close pairs that agree in the band; those that agree in an earlier one were found there already."""
    keys = hashes & mask
    order = np.argsort(keys, kind="stable")
    ordered = hashes[order]
    # Where each run of equal keys ends; photos are compared with those 1, 2, 3, ... places later in their run.
    ends = np.searchsorted(keys[order], keys[order], side="right")
    positions = np.arange(len(hashes))
    for offset in range(1, len(hashes)):
        positions = positions[positions + offset < ends[positions]]
        if not len(positions):
            return
        difference = ordered[positions] ^ ordered[positions + offset]
        close = np.bitwise_count(difference) <= bits
        for band in earlier:
            close &= (difference & band) != 0
        left, right = order[positions[close]], order[positions[close] + offset]
        yield np.stack([np.minimum(left, right), np.maximum(left, right)], axis=1)


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

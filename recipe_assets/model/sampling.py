"""Batches of an epoch: balanced for long-tailed sets, or the plain shuffle."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


def shuffled_batches(count: int, batch_size: int, generator: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """One epoch of index batches: every photo once, in random order."""
    order = generator.permutation(count)
    for start in range(0, count, batch_size):
        yield order[start : start + batch_size]


def balanced_batches(
    labels: NDArray[np.int64], batch_size: int, generator: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """One epoch of index batches: as many photos as the set has, keywords in equal shares.

    Rare photos repeat within an epoch and frequent ones are left out of some; each keyword's photos are gone
    through in shuffled order before any of them comes again.
    """
    keywords = np.unique(labels)
    pools = {keyword: _endless(np.flatnonzero(labels == keyword), generator) for keyword in keywords}
    for start in range(0, len(labels), batch_size):
        size = min(batch_size, len(labels) - start)
        order = np.concatenate([generator.permutation(keywords) for _ in range(-(-size // len(keywords)))])
        yield np.array([next(pools[keyword]) for keyword in order[:size]], dtype=np.int64)


def _endless(items: NDArray[np.int64], generator: np.random.Generator) -> Iterator[np.int64]:
    while True:
        yield from generator.permutation(items)

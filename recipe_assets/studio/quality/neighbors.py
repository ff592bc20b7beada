"""Embeddings as a matrix, and the nearest neighbors of every photo in flat memory.

Pure geometry on unit vectors; which neighbors are copies is decided by `duplicates`.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recipe_assets.studio.quality.findings import KEY

_BLOCK_BYTES = 32 * 2**20
"""Cosines held at a time; larger blocks are not faster."""


def embedding_rows(photos: pd.DataFrame, embeddings: pd.DataFrame) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Embeddings of photos, by shoot and file.

    Returns:
        Positions in `photos` that have an embedding, shape (m,), and those embeddings as unit vectors, (m, d).
    """
    if embeddings.empty:
        return np.empty(0, np.intp), np.empty((0, 1), np.float32)
    order = pd.MultiIndex.from_frame(embeddings[KEY]).get_indexer_for(pd.MultiIndex.from_frame(photos[KEY]))
    known = np.flatnonzero(order >= 0)
    if not len(known):
        return known, np.empty((0, 1), np.float32)
    vectors = np.stack([np.asarray(row, np.float32) for row in embeddings["embedding"].iloc[order[known]]])
    return known, vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def nearest_neighbors(vectors: NDArray[np.float32], count: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """The nearest other vectors of each, nearest first.

    Args:
        vectors: unit vectors, shape (n, d).
        count: how many neighbors; n - 1 at most.

    Returns:
        Their indices and cosines, both of shape (n, count).
    """
    total = len(vectors)
    indices = np.empty((total, count), np.intp)
    cosines = np.empty((total, count), np.float32)
    step = max(1, _BLOCK_BYTES // (4 * max(total, 1)))
    for start in range(0, total, step):
        block = vectors[start : start + step] @ vectors.T
        rows = np.arange(len(block))[:, None]
        block[rows[:, 0], start + rows[:, 0]] = -2  # a photo is no neighbor of its own
        nearest = np.argpartition(block, total - count, axis=1)[:, total - count :]
        order = np.argsort(-block[rows, nearest], axis=1, kind="stable")
        indices[start : start + step] = nearest[rows, order]
        cosines[start : start + step] = block[rows, indices[start : start + step]]
    return indices, cosines

"""What the base checkpoint sees in each photo: one unit vector, computed once per shoot and checkpoint."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import torch

from recipe_assets.model.checkpoints import device, load_base
from recipe_assets.model.photo_data import load_squares, normalize
from recipe_assets.storage import TableStore
from recipe_assets.studio.thumbnails import thumbnail_batches


@torch.inference_mode()
def embed_shoot(
    tables: TableStore, photos: pd.DataFrame, base: str, on_progress: Callable[[int, int], None] | None = None
) -> pd.DataFrame:
    """Embed photos of one shoot from their stored thumbnails.

    Args:
        tables: where the thumbnails are.
        photos: shoot, file and sha256 of each photo.
        base: name of the base checkpoint.
        on_progress: called with (photos done, photos in all).

    Returns:
        The photos, sorted by file, with `embedding`: float32 (D,), of length one.
    """
    if photos.empty:
        return photos[["shoot", "file", "sha256"]].assign(embedding=pd.Series(dtype=object))
    model = load_base(base)
    place = device()
    model.encoder.to(place)
    vectors: dict[str, np.ndarray] = {}
    for files, pictures in thumbnail_batches(tables, str(photos["shoot"].iloc[0]), photos["file"]):
        squares = load_squares(pictures, model.preprocessing).to(place)
        found = model.image_embeddings(normalize(squares, model.preprocessing)).float().cpu().numpy()
        vectors |= dict(zip(files, found, strict=True))
        if on_progress:
            on_progress(len(vectors), len(photos))
    ordered = photos[["shoot", "file", "sha256"]].sort_values("file", ignore_index=True)
    ordered["embedding"] = pd.Series(
        [vectors[file] for file in ordered["file"]], index=ordered.index, dtype=object
    )
    return ordered

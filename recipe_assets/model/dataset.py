"""From stored tables to the tensors of one split, and which keywords a model learns."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from recipe_assets.model.embeddings import embed_shoot
from recipe_assets.model.identity import checkpoint_identity
from recipe_assets.model.photo_data import PhotoData, load_squares
from recipe_assets.release.manifest import ReleasedKeyword
from recipe_assets.storage import TableStore
from recipe_assets.studio.photos import Preprocessing
from recipe_assets.studio.thumbnails import thumbnail_batches
from recipe_assets.studio.vocabulary import Vocabulary


def trained_keywords(splits: pd.DataFrame, vocabulary: Vocabulary) -> tuple[ReleasedKeyword, ...]:
    """The keywords that have training photos, in vocabulary order."""
    present = set(splits.loc[splits["split"] == "train", "keyword"])
    return tuple(
        ReleasedKeyword(name=word.name, prompt=word.prompt, pipeline=word.pipeline)
        for word in vocabulary.keywords
        if word.name in present
    )


def photos_of(splits: pd.DataFrame, side: str, keywords: Sequence[ReleasedKeyword]) -> pd.DataFrame:
    """The rows of one split whose keyword the model knows, sorted by shoot and file."""
    known = splits["keyword"].isin([word.name for word in keywords])
    return splits[known & (splits["split"] == side)].sort_values(["shoot", "file"], ignore_index=True)


def load_photos(
    tables: TableStore, photos: pd.DataFrame, keywords: Sequence[ReleasedKeyword], spec: Preprocessing
) -> PhotoData:
    """Photos with labels, in the order of `photos`; thumbnails are read in batches, no original is opened."""
    index = {word.name: place for place, word in enumerate(keywords)}
    labels = torch.tensor([index[keyword] for keyword in photos["keyword"]], dtype=torch.int64)
    squares = torch.empty((len(photos), 3, spec.size, spec.size), dtype=torch.uint8)
    for shoot, wanted in photos.reset_index(drop=True).groupby("shoot", sort=True):
        rows = pd.Series(wanted.index, index=wanted["file"])
        for files, thumbnails in thumbnail_batches(tables, str(shoot), wanted["file"]):
            squares[torch.tensor(rows[files].to_numpy())] = load_squares(thumbnails, spec)
    return PhotoData(squares, labels)


def load_embeddings(tables: TableStore, photos: pd.DataFrame, name: str) -> NDArray[np.float32]:
    """Embeddings by the untuned base, float32 (N, D), in the order of `photos`.

    They are read from `photo_embeddings`; a shoot that has none by this very checkpoint is embedded here.

    Args:
        tables: where embeddings and thumbnails are.
        photos: shoot, file and sha256 of each photo.
        name: of the base checkpoint.
    """
    found: dict[int, NDArray[np.float32]] = {}
    for shoot, wanted in photos.reset_index(drop=True).groupby("shoot", sort=True):
        vectors = _stored_vectors(tables, str(shoot), name)
        if not set(wanted["sha256"]) <= set(vectors):
            made = embed_shoot(tables, wanted, name)
            vectors = dict(zip(made["sha256"], made["embedding"], strict=True))
        found |= {place: vectors[sha256] for place, sha256 in zip(wanted.index, wanted["sha256"], strict=True)}
    return np.array([found[place] for place in range(len(photos))], np.float32)


def _stored_vectors(tables: TableStore, shoot: str, name: str) -> dict[str, NDArray[np.float32]]:
    """Vectors by photo hash; none if the shoot was not embedded by this very checkpoint."""
    made_with = (tables.attributes("photo_embeddings", shoot) or {}).get("base")
    if made_with != checkpoint_identity(name):
        return {}
    stored = tables.read("photo_embeddings", shoot, ["sha256", "embedding"])
    return dict(zip(stored["sha256"], stored["embedding"], strict=True))

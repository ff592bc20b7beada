"""From stored tables to the tensors of one split, and which keywords a model learns."""

from collections.abc import Iterator, Sequence

import pandas as pd
import torch

from recipe_assets.model.photo_data import PhotoData, load_squares
from recipe_assets.release.manifest import ReleasedKeyword
from recipe_assets.storage import TableStore
from recipe_assets.studio.photos import Preprocessing
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
    """Photos with labels, in the order of `photos`; thumbnails are read shoot by shoot, no original is opened."""
    index = {word.name: place for place, word in enumerate(keywords)}
    labels = torch.tensor([index[keyword] for keyword in photos["keyword"]], dtype=torch.int64)
    squares = [load_squares(list(found), spec) for found in _thumbnails_by_shoot(tables, photos)]
    empty = load_squares([], spec)
    return PhotoData(torch.cat(squares) if squares else empty, labels)


def _thumbnails_by_shoot(tables: TableStore, photos: pd.DataFrame) -> Iterator[pd.Series]:
    for shoot, wanted in photos.groupby("shoot", sort=True):
        stored = tables.read("raw_images", str(shoot), ["file", "thumbnail"]).set_index("file")["thumbnail"]
        yield stored.loc[wanted["file"]]

"""Splits as they are stored: the last ones, and the hash of what training would see now."""

import hashlib

import pandas as pd

from recipe_assets.storage import StorageError, TableStore
from recipe_assets.studio.arrivals import current_shoots
from recipe_assets.studio.splits import split_photos
from recipe_assets.studio.vocabulary import Vocabulary


def data_fingerprint(splits: pd.DataFrame, vocabulary_sha256: str) -> str:
    """Hash of what a model learns from and is measured on: photos, keywords, splits and the vocabulary."""
    rows = splits[["shoot", "file", "sha256", "keyword", "split"]].sort_values(["shoot", "file"])
    content = vocabulary_sha256 + rows.to_csv(index=False)
    return hashlib.sha256(content.encode()).hexdigest()


def previous_splits(tables: TableStore) -> pd.DataFrame | None:
    """The stored splits, or None if there never were any.

    Raises:
        StorageError: if they are damaged: dealing anew would move photos between splits.
    """
    if not tables.path("splits").is_file():
        return None
    try:
        return tables.read("splits")
    except StorageError as error:
        raise StorageError(f"{error}; photos keep their split, so restore that file or delete it") from None


def pending_fingerprint(tables: TableStore, vocabulary: Vocabulary) -> str | None:
    """The fingerprint that training on all stored shoots would have now, or None without any photo."""
    shoots = current_shoots(tables, "standardized_keywords")
    found = [tables.read("standardized_keywords", shoot) for shoot in shoots]
    if not found:
        return None
    dealt = split_photos(pd.concat(found, ignore_index=True), previous_splits(tables), vocabulary.min_photos)
    return data_fingerprint(dealt, vocabulary.sha256)

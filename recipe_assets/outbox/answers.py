"""The photos of a shoot as the studio's tables know them, and what the released model says of their thumbnails.

Reads stored tables alone: no original is opened, no API is asked.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from recipe_assets.outbox.deciding import Photo
from recipe_assets.release.predictor import Prediction, Predictor
from recipe_assets.storage import TableStore
from recipe_assets.studio.photos import preprocess
from recipe_assets.studio.thumbnails import thumbnail_batches

RAW = ["file", "sha256", "bytes", "step", "tag", "problem"]
LABELS = ["file", "keyword", "source", "reason"]
BATCH = 32
"""Photos that the model sees at once."""


def photos_of(tables: TableStore, shoot: str) -> list[Photo]:
    """Every file of a shoot, in the table's order.

    Raises:
        StorageError: if a table is missing or damaged.
    """
    labels = tables.read("standardized_keywords", shoot, LABELS).rename(columns={"reason": "why_none"})
    both = tables.read("raw_images", shoot, RAW).merge(labels, on="file", how="left")
    texts = both.astype(object).where(both.notna(), None)
    return [Photo(shoot, *(row[name] for name in Photo._fields[1:])) for row in texts.to_dict("records")]


def answers(
    predictor: Predictor, tables: TableStore, shoot: str, files: Iterable[str]
) -> Iterator[tuple[str, list[Prediction]]]:
    """The three most likely keywords of each photo, best first, from its stored thumbnail.

    Raises:
        StorageError: if a thumbnail is missing.
    """
    spec = predictor.manifest.preprocessing
    for names, pictures in thumbnail_batches(tables, shoot, files):
        for start in range(0, len(names), BATCH):
            pixels = np.stack([preprocess(picture, spec) for picture in pictures[start : start + BATCH]])
            for name, shares in zip(names[start : start + BATCH], predictor.probabilities(pixels), strict=True):
                yield name, predictor.ranked(shares)

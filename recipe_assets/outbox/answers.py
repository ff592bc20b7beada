"""The photos of a shoot as the studio's tables know them, and what the released model says of their thumbnails.

Reads stored tables alone: no original is opened, no API is asked.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

from recipe_assets.outbox.deciding import Photo
from recipe_assets.release.predictor import Prediction, Predictor
from recipe_assets.release.views import views
from recipe_assets.storage import TableStore
from recipe_assets.studio.thumbnails import thumbnail_batches

RAW = ["file", "sha256", "bytes", "step", "tag", "problem"]
WORDS = ["iptc_keywords", "xmp_keywords", "sidecar_keywords"]
LABELS = ["file", "keyword", "source", "reason", *WORDS]


def photos_of(tables: TableStore, shoot: str) -> list[Photo]:
    """Every file of a shoot, in the table's order.

    Raises:
        StorageError: if a table is missing or damaged.
    """
    labels = tables.read("standardized_keywords", shoot, LABELS).rename(columns={"reason": "why_none"})
    both = tables.read("raw_images", shoot, RAW).merge(labels, on="file", how="left")
    texts = both.astype(object).where(both.notna(), None)
    columns = [name for name in Photo._fields if name not in ("shoot", "words")]
    rows = texts.to_dict("records")
    return [Photo(shoot=shoot, words=_words(row), **{name: row[name] for name in columns}) for row in rows]


def _words(row: Mapping[Hashable, Any]) -> tuple[str, ...]:
    """All keywords in the file and in its sidecar, without repetition."""
    found = (row[name] for name in WORDS)
    return tuple(dict.fromkeys(word for words in found if words is not None for word in words))


def answers(
    predictor: Predictor, tables: TableStore, shoot: str, files: Iterable[str]
) -> Iterator[tuple[str, list[Prediction]]]:
    """The three most likely keywords of each photo, best first, from its stored thumbnail.

    Raises:
        StorageError: if a thumbnail is missing.
    """
    small = (
        photo
        for names, pictures in thumbnail_batches(tables, shoot, files)
        for photo in zip(names, pictures, strict=True)
    )
    return ((name, view.ranked) for name, view in views(predictor, small))

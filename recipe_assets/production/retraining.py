"""Whether the released model should be trained again: what is labelled now, and what it has learned from.

A comparison of stored tables; when a training is requested is decided in `defs/automation`.
"""

from functools import lru_cache
from pathlib import Path

import pandas as pd

from recipe_assets.storage import TableStore
from recipe_assets.studio.arrivals import current_shoots

TRAINED = "trained_photos"
"""The table, one partition per release, of the photos and keywords that its training was dealt."""
LABEL = ["sha256", "keyword"]

Labels = frozenset[tuple[str, str]]
"""Photos by the hash of their bytes, each with its keyword: a corrected keyword is something new to learn."""
_Stamp = tuple[tuple[str, str, int, int], ...]


def remember_training(tables: TableStore, splits: pd.DataFrame, release_id: str) -> None:
    """Keep what a release was trained and measured on, kept-out photos included: they are no news either."""
    tables.write(splits[LABEL].drop_duplicates(), TRAINED, release_id)


def labels_now(tables: TableStore) -> Labels:
    """All photos that have a keyword now, in shoots that are standardized as they were read last.

    Reads tables only where one has changed since the last call: this is asked every minute.

    Raises:
        StorageError: if a table is damaged.
    """
    return _labels(tables, _stamp(tables))


@lru_cache(maxsize=2)
def _labels(tables: TableStore, _stamp: _Stamp) -> Labels:
    found: set[tuple[str, str]] = set()
    for shoot in current_shoots(tables, "standardized_keywords"):
        found |= _pairs(tables.read("standardized_keywords", shoot, LABEL))
    return frozenset(found)


def _stamp(tables: TableStore) -> _Stamp:
    """Changes with every table of a shoot that is written or removed."""
    paths = [(name, path) for name in ("raw_images", "standardized_keywords") for path in _tables(tables, name)]
    states = [(name, path.name, path.stat()) for name, path in paths]
    return tuple(sorted((name, file, state.st_mtime_ns, state.st_size) for name, file, state in states))


def _tables(tables: TableStore, name: str) -> list[Path]:
    return [tables.path(name, shoot) for shoot in tables.partitions(name)]


def labels_learned(tables: TableStore, release_id: str) -> Labels:
    """What a release was trained on; for one from another machine, what the splits here were last dealt.

    Raises:
        StorageError: if the table is damaged.
    """
    if tables.path(TRAINED, release_id).is_file():
        return _pairs(tables.read(TRAINED, release_id, LABEL))
    if tables.path("splits").is_file():
        return _pairs(tables.read("splits", columns=LABEL))
    return frozenset()


def new_labels(tables: TableStore, release_id: str) -> int:
    """Photos that have a keyword now which the release did not learn from them: new ones, and corrected ones."""
    return len(labels_now(tables) - labels_learned(tables, release_id))


def _pairs(table: pd.DataFrame) -> Labels:
    labelled = table[table["keyword"].notna()]
    return frozenset(zip(labelled["sha256"].astype(str), labelled["keyword"].astype(str), strict=True))

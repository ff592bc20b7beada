"""What stood in the original photos before we or anybody reviewed them: their words, and the label made of these.

Read from the stored tables; no photo is opened. Tables of the studio never change by a review.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pandas as pd

from recipe_assets.review.journal import Photo
from recipe_assets.review.statements import Words
from recipe_assets.storage import StorageError, TableStore
from recipe_assets.studio.labels import FACTS, SOURCES, standardize_shoot
from recipe_assets.studio.vocabulary import Vocabulary


class Original(NamedTuple):
    """The words in a photo by source, and the keyword that they stand for; None if they name none or several."""

    words: Words = Words()
    label: str | None = None


class Originals(NamedTuple):
    """What is known, by photo, and the shoots whose table cannot be read, with the reason."""

    known: dict[Photo, Original]
    unreadable: dict[str, str]


def read_originals(tables: TableStore, photos: Iterable[Photo], vocabulary: Vocabulary) -> Originals:
    """What stood in these photos; one that is another by now, or gone, is known to have stood there once.

    Args:
        tables: where raw_images is stored.
        photos: to look up.
        vocabulary: the studio's keywords.
    """
    wanted: dict[str, set[Photo]] = {}
    for photo in photos:
        wanted.setdefault(photo.shoot, set()).add(photo)
    known: dict[Photo, Original] = {}
    unreadable = {}
    for shoot, some in wanted.items():
        try:
            known |= dict.fromkeys(some, Original()) | dict(_of_shoot(tables, shoot, some, vocabulary))
        except StorageError as error:
            unreadable[shoot] = str(error)
    return Originals(known, unreadable)


def _of_shoot(
    tables: TableStore, shoot: str, photos: set[Photo], vocabulary: Vocabulary
) -> Iterator[tuple[Photo, Original]]:
    raw = tables.read("raw_images", shoot, [*FACTS, "problem"])
    names = {photo.file for photo in photos}
    labelled = standardize_shoot(raw[raw["file"].isin(names)], vocabulary)
    for record in labelled.to_dict("records"):
        photo = Photo(shoot, str(record["file"]), str(record["sha256"]))
        if photo in photos:
            words = Words(*(tuple(map(str, record[column])) for column in SOURCES.values()))
            yield photo, Original(words, None if pd.isna(record["keyword"]) else str(record["keyword"]))

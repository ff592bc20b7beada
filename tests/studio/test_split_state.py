"""Splits as they are stored, and the hash of what training would see."""

from pathlib import Path

import pandas as pd
import pytest

from recipe_assets.storage import StorageError, TableStore
from recipe_assets.studio.split_state import data_fingerprint, pending_fingerprint, previous_splits
from recipe_assets.studio.splits import split_photos
from recipe_assets.studio.vocabulary import Keyword, Vocabulary
from tests.studio.labelled import photo, sample_studio, table

WORDS = Vocabulary((Keyword("pan", "frying pan"),), min_photos=1)


def test_the_fingerprint_does_not_depend_on_the_order_of_rows() -> None:
    splits = split_photos(sample_studio(3))
    assert data_fingerprint(splits, "v") == data_fingerprint(splits.sample(frac=1, random_state=1), "v")


@pytest.mark.parametrize(
    ("column", "value"), [("keyword", "pot"), ("split", "test"), ("sha256", "00"), ("file", "x.jpg")]
)
def test_the_fingerprint_changes_with_what_a_model_learns_from(column: str, value: str) -> None:
    splits = split_photos(table([photo(n, "pan", f"r{n}") for n in range(5)]))
    changed = splits.copy()
    row = changed.index[changed[column] != value][0]
    changed.loc[row, column] = value
    seen = {data_fingerprint(splits, "v"), data_fingerprint(changed, "v"), data_fingerprint(splits, "w")}
    assert len(seen) == 3


def test_stored_splits_come_back_and_keep_every_photo_where_it_is(tmp_path: Path) -> None:
    tables = TableStore(tmp_path)
    assert previous_splits(tables) is None
    assert pending_fingerprint(tables, WORDS) is None
    photos = sample_studio(1)
    splits = split_photos(photos)
    tables.write(splits, "splits")
    pd.testing.assert_frame_equal(previous_splits(tables), splits, check_dtype=False)
    again = split_photos(photos, previous_splits(tables))
    assert again["split"].tolist() == splits["split"].tolist()
    for shoot, rows in photos.groupby("shoot"):
        tables.write(rows, "standardized_keywords", str(shoot))
    assert pending_fingerprint(tables, WORDS) == data_fingerprint(splits, WORDS.sha256)


def test_damaged_splits_are_an_error_because_dealing_anew_would_move_photos(tmp_path: Path) -> None:
    tables = TableStore(tmp_path)
    path = tables.write(split_photos(sample_studio(1)), "splits")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(StorageError, match="photos keep their split, so restore that file or delete it"):
        previous_splits(tables)

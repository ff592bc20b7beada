"""Stored thumbnails by file name."""

import pandas as pd
import pytest

from recipe_assets.storage import StorageError, TableStore
from recipe_assets.studio.thumbnails import thumbnail_batches, thumbnails


@pytest.fixture
def stored(tables: TableStore) -> TableStore:
    """A shoot of two batches: a, b, and c, a file that is no photo, d."""
    batches = [
        pd.DataFrame({"file": ["a.jpg", "b.jpg"], "thumbnail": [b"A", b"B"]}),
        pd.DataFrame({"file": ["c.jpg", "notes.txt", "d.jpg"], "thumbnail": [b"C", None, b"D"]}),
    ]
    tables.write_batches(batches, "raw_images", "W43")
    return tables


def test_batches_come_in_the_tables_order_and_hold_only_what_was_asked(stored: TableStore) -> None:
    found = list(thumbnail_batches(stored, "W43", ["d.jpg", "c.jpg", "a.jpg"]))
    assert found == [(["a.jpg"], [b"A"]), (["c.jpg", "d.jpg"], [b"C", b"D"])]
    assert list(thumbnail_batches(stored, "W43", iter(["d.jpg"]))) == [(["d.jpg"], [b"D"])]
    assert list(thumbnail_batches(stored, "W43", [])) == []


def test_a_few_are_found_by_name(stored: TableStore) -> None:
    assert thumbnails(stored, "W43", ["d.jpg", "b.jpg", "d.jpg"]) == {"b.jpg": b"B", "d.jpg": b"D"}


@pytest.mark.parametrize("missing", ["z.jpg", "notes.txt", "A.jpg"])
def test_a_photo_without_thumbnail_is_named_with_the_cure(stored: TableStore, missing: str) -> None:
    with pytest.raises(StorageError, match=rf"shoot 'W43' has no thumbnail of {missing}: materialize it"):
        thumbnails(stored, "W43", ["a.jpg", missing])


def test_a_table_that_is_not_there_or_of_another_form_is_to_be_made_again(tables: TableStore) -> None:
    with pytest.raises(StorageError, match="materialize raw_images first"):
        thumbnails(tables, "W43", ["a.jpg"])
    tables.write(pd.DataFrame({"file": ["a.jpg"]}), "raw_images", "W43")
    with pytest.raises(StorageError, match=r"no column thumbnail.*materialize raw_images again"):
        thumbnails(tables, "W43", ["a.jpg"])

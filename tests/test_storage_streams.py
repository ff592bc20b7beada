"""Tables written batch by batch: whole or not at all, with the types that they should have."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recipe_assets.storage import LEFTOVER_SECONDS, StorageError, TableStore

SCHEMA = pa.schema(
    [("file", pa.string()), ("phash", pa.uint64()), ("words", pa.list_(pa.string())), ("thumbnail", pa.binary())]
)
DTYPES = {"file": "string", "phash": "UInt64", "words": "object", "thumbnail": "object"}


@pytest.fixture
def tables(tmp_path: Path) -> TableStore:
    return TableStore(tmp_path)


def batch(*files: str, thumbnail: bytes | None = b"png") -> pd.DataFrame:
    """Rows that name files; without thumbnail they are those of unreadable files, all missing."""
    known = thumbnail is not None
    row = {"phash": 2**64 - 1 if known else None, "words": ["a"] if known else None, "thumbnail": thumbnail}
    rows = [{"file": file} | row for file in files]
    return pd.DataFrame(
        {name: pd.Series([row[name] for row in rows], dtype=dtype) for name, dtype in DTYPES.items()}
    )


def test_batches_become_one_table_that_is_read_batch_by_batch(tables: TableStore) -> None:
    written = [batch("a.jpg", "b.jpg"), batch("c.jpg"), batch("d.jpg", "e.jpg")]
    tables.write_batches(iter(written), "raw_images", "W43", {"files": "ab"})
    pd.testing.assert_frame_equal(
        tables.read("raw_images", "W43")[["file", "phash", "thumbnail"]],
        pd.concat(written, ignore_index=True)[["file", "phash", "thumbnail"]],
    )
    found = list(tables.read_batches("raw_images", "W43", ["file"]))
    assert [part["file"].tolist() for part in found] == [["a.jpg", "b.jpg"], ["c.jpg"], ["d.jpg", "e.jpg"]]
    assert [list(part.columns) for part in found] == [["file"]] * 3
    assert tables.attributes("raw_images", "W43") == {"files": "ab"}


def test_a_first_batch_of_missing_values_does_not_decide_the_types(tables: TableStore) -> None:
    batches = [batch("a.txt", thumbnail=None), batch("b.jpg"), batch("c.txt", thumbnail=None)]
    path = tables.write_batches(batches, "raw_images", "W43", {"files": "ab"}, SCHEMA)
    found = tables.read("raw_images", "W43")
    assert found.dtypes.astype(str).to_dict() == DTYPES
    assert found["thumbnail"].tolist() == [None, b"png", None]
    assert found["phash"].fillna(0).tolist() == [0, 2**64 - 1, 0]
    assert pq.read_schema(path).types == SCHEMA.types
    assert tables.attributes("raw_images", "W43") == {"files": "ab"}


def test_the_types_of_the_table_written_by_reading_survive_a_shoot_without_a_photo(tables: TableStore) -> None:
    from recipe_assets.studio import reading

    columns = {name: pd.Series([None], dtype=dtype) for name, dtype in reading.COLUMNS.items()}
    tables.write_batches([pd.DataFrame(columns)], "raw_images", "W43", None, reading.SCHEMA)
    assert tables.read("raw_images", "W43").dtypes.astype(str).to_dict() == reading.COLUMNS


def test_no_batch_at_all_is_an_empty_table_where_the_types_are_known(tables: TableStore) -> None:
    tables.write_batches([], "raw_images", "W43", {"files": "ab"}, SCHEMA)
    found = tables.read("raw_images", "W43")
    assert (len(found), list(found.columns)) == (0, SCHEMA.names)
    assert tables.attributes("raw_images", "W43") == {"files": "ab"}


def test_no_batch_at_all_never_replaces_a_table_by_an_empty_file(tables: TableStore) -> None:
    tables.write(batch("a.jpg"), "raw_images", "W43")
    with pytest.raises(ValueError, match="at least one batch"):
        tables.write_batches([], "raw_images", "W43")
    assert tables.read("raw_images", "W43")["file"].tolist() == ["a.jpg"]


@pytest.mark.parametrize("error", [StorageError("gone"), KeyboardInterrupt(), GeneratorExit()])
def test_a_batch_that_cannot_be_made_leaves_the_old_table_and_no_junk(
    tables: TableStore, error: BaseException
) -> None:
    def batches() -> Iterator[pd.DataFrame]:
        yield batch("b.jpg")
        raise error

    path = tables.write(batch("a.jpg"), "raw_images", "W43", {"files": "old"})
    with pytest.raises(type(error)):
        tables.write_batches(batches(), "raw_images", "W43", {"files": "new"})
    assert tables.read("raw_images", "W43")["file"].tolist() == ["a.jpg"]
    assert tables.attributes("raw_images", "W43") == {"files": "old"}
    assert list(path.parent.iterdir()) == [path]


def test_a_table_can_be_replaced_while_it_is_read(tables: TableStore) -> None:
    tables.write_batches([batch("a.jpg"), batch("b.jpg")], "raw_images", "W43")
    reader = tables.read_batches("raw_images", "W43", ["file"])
    seen = next(reader)["file"].tolist()
    tables.write(batch("z.jpg"), "raw_images", "W43")
    assert [*seen, *next(reader)["file"]] == ["a.jpg", "b.jpg"]
    assert tables.read("raw_images", "W43")["file"].tolist() == ["z.jpg"]


def test_leftovers_of_a_killed_writer_are_removed_after_a_day_and_not_before(tables: TableStore) -> None:
    folder = tables.write(batch("a.jpg"), "raw_images", "W43").parent
    old, young, stuck = (folder / f".{name}.part" for name in ("old", "young", "stuck"))
    for part in (old, young):
        part.write_bytes(b"PAR1 half")
    stuck.mkdir()  # what cannot be removed stands in nobody's way
    for part, age in (
        (old, LEFTOVER_SECONDS + 60),
        (young, LEFTOVER_SECONDS - 60),
        (stuck, LEFTOVER_SECONDS + 60),
    ):
        os.utime(part, (time.time() - age,) * 2)
    tables.write(batch("b.jpg"), "raw_images", "W44")
    assert sorted(path.name for path in folder.iterdir()) == [
        ".stuck.part", ".young.part", "W43.parquet", "W44.parquet",
    ]  # fmt: skip
    assert tables.partitions("raw_images") == ["W43", "W44"]


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o002, 0o664)])
def test_a_table_has_the_rights_that_the_umask_gives(tables: TableStore, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        path = tables.write(batch("a.jpg"), "raw_images", "W43")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == mode

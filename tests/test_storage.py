"""Tables as assets hand them over: what was written comes back, and damage is named and never silent.

Streams of batches, kills, and writers side by side are `test_storage_streams`' subject.
"""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recipe_assets.storage import StorageError, TableStore

TABLE = pd.DataFrame({
    "file": pd.Series(["köttbullar.jpg", None], dtype="string"),
    "phash": pd.Series([2**64 - 1, None], dtype="UInt64"),
    "words": pd.Series([["a", "ö"], None], dtype="object"),
    "thumbnail": pd.Series([b"\x00\xff" * 50, None], dtype="object"),
})  # fmt: skip
READS: dict[str, Callable[[TableStore], object]] = {
    "read": lambda tables: tables.read("raw_images", "W43"),
    "read_batches": lambda tables: list(tables.read_batches("raw_images", "W43", ["file", "thumbnail"])),
    "columns": lambda tables: tables.columns("raw_images", "W43"),
}
"""Every way to read a table."""


@pytest.fixture
def tables(tmp_path: Path) -> TableStore:
    return TableStore(tmp_path)


def is_as_written(found: pd.DataFrame) -> bool:
    """Whether a table that was read is `TABLE`, with missing values as they were."""
    rows = found.astype(object).where(found.notna(), None).to_dict("records")
    lists = [{**row, "words": list(row["words"]) if row["words"] is not None else None} for row in rows]
    return lists == TABLE.astype(object).where(TABLE.notna(), None).to_dict("records")


@pytest.mark.parametrize("partition", [None, "W 43.1 köks", "a=b 100% #1", "W43.parquet", "s3:", "*", "x" * 200])
def test_a_table_comes_back_as_it_was(tables: TableStore, partition: str | None) -> None:
    path = tables.write(TABLE, "raw_images", partition)
    found = tables.read("raw_images", partition)
    assert path.is_file()
    assert is_as_written(found)
    assert found.dtypes.astype(str).tolist() == TABLE.dtypes.astype(str).tolist()
    assert tables.partitions("raw_images") == ([partition] if partition else [])


def test_hashes_above_half_of_the_range_survive(tables: TableStore) -> None:
    hashes = np.array([0, 2**63, 2**64 - 1], dtype=np.uint64)
    tables.write(pd.DataFrame({"phash": hashes}), "splits")
    assert np.array_equal(tables.read("splits")["phash"].to_numpy(dtype=np.uint64), hashes)


def test_some_columns_can_be_read_alone_in_the_order_asked(tables: TableStore) -> None:
    tables.write(TABLE, "splits")
    assert tables.columns("splits") == list(TABLE.columns)
    assert list(tables.read("splits", columns=["phash", "file"]).columns) == ["phash", "file"]
    assert list(tables.read("splits", columns=[]).columns) == []


def test_a_table_that_lacks_a_column_is_to_be_made_again(tables: TableStore) -> None:
    """Row groups are read without a word about a column that is not there."""
    tables.write(TABLE, "raw_images", "W43")
    with pytest.raises(StorageError, match="raw_images again") as raised:
        tables.read("raw_images", "W43", ["file", "sharpness"])
    assert "\n" not in str(raised.value)
    with pytest.raises(StorageError, match=r"no column sharpness\): materialize raw_images again"):
        list(tables.read_batches("raw_images", "W43", ["file", "sharpness"]))


def test_attributes_say_what_a_table_was_made_from(tables: TableStore) -> None:
    assert tables.attributes("splits") is None
    tables.write(TABLE, "splits")
    assert tables.attributes("splits") == {}
    tables.write(TABLE, "splits", attributes={"files": "ab", "vocabulary": "ö"})
    assert tables.attributes("splits") == {"files": "ab", "vocabulary": "ö"}


def test_partitions_are_sorted_and_none_of_an_unknown_table(tables: TableStore) -> None:
    for shoot in ("W44", "W43"):
        tables.write(TABLE, "raw_images", shoot)
    tables.write(TABLE, "splits")
    assert tables.partitions("raw_images") == ["W43", "W44"]
    assert tables.partitions("splits") == []


def test_writing_again_replaces_the_table_and_leaves_nothing_beside_it(tables: TableStore) -> None:
    tables.write(TABLE, "raw_images", "W43")
    path = tables.write(TABLE.head(1), "raw_images", "W43")
    assert len(tables.read("raw_images", "W43")) == 1
    assert [found.name for found in path.parent.iterdir()] == ["W43.parquet"]


@pytest.mark.parametrize("how", READS)
def test_a_missing_table_names_asset_shoot_and_cure(tables: TableStore, how: str) -> None:
    with pytest.raises(
        StorageError, match=r"^raw_images of shoot 'W43' is not there .*: materialize raw_images first$"
    ):
        READS[how](tables)
    with pytest.raises(StorageError, match=r"^splits is not there .*: materialize splits first$"):
        tables.read("splits")


@pytest.mark.parametrize("how", READS)
def test_a_table_cut_anywhere_names_asset_shoot_and_cure(tables: TableStore, how: str) -> None:
    path = tables.write(TABLE, "raw_images", "W43", {"files": "ab"})
    whole = path.read_bytes()
    for end in [*range(0, 12), *range(12, len(whole), 97), len(whole) - 1]:
        path.write_bytes(whole[:end])
        with pytest.raises(StorageError, match=r"raw_images of shoot 'W43' is damaged .*again$") as raised:
            READS[how](tables)
        assert "\n" not in str(raised.value)
        assert tables.attributes("raw_images", "W43") is None


def outcome(read: Callable[[TableStore], object], tables: TableStore) -> str:
    """How reading ends: "whole" or "damaged", or with too many lines; any error not for people is raised."""
    try:
        read(tables)
    except StorageError as error:
        return "many lines" if "\n" in str(error) else "damaged"
    return "whole"


def test_flipped_bytes_are_an_error_for_people_wherever_they_are(tables: TableStore) -> None:
    """Arrow and pandas meet damaged metadata with a dozen kinds of exceptions, some of many lines."""
    path = tables.write(TABLE, "raw_images", "W43", {"files": "ab"})
    whole, chance = path.read_bytes(), random.Random(43)
    outcomes = set()
    for _ in range(500):
        damaged = bytearray(whole)
        for _ in range(chance.choice([1, 1, 2, 8])):
            damaged[chance.randrange(len(whole))] = chance.randrange(256)
        path.write_bytes(damaged)
        outcomes |= {outcome(read, tables) for read in READS.values()}
        tables.attributes("raw_images", "W43")
    assert outcomes == {"whole", "damaged"}


@pytest.mark.parametrize("how", ["read", "read_batches"])
def test_a_column_whose_name_was_damaged_is_missed(tables: TableStore, how: str) -> None:
    """Pandas takes names from a note of its own, so that whoever asks for a column may get another."""
    path = tables.write(TABLE, "raw_images", "W43")
    whole = pq.read_table(path)
    note = whole.schema.metadata[b"pandas"].replace(b'"name": "file"', b'"name": "fire"')
    pq.write_table(whole.replace_schema_metadata({b"pandas": note}), path)
    with pytest.raises(StorageError, match=r"no column file\): materialize raw_images again$"):
        READS[how](tables)


@pytest.mark.parametrize("how", ["read", "read_batches"])
def test_a_flipped_bit_in_a_photo_or_a_name_is_found(tables: TableStore, how: str) -> None:
    """Parquet's own checks see the frame of a page only; a value read wrong would be learned from."""
    noise = random.Random(5).randbytes(4000)
    table = pd.DataFrame({"file": ["anna.jpg"], "thumbnail": [noise]})
    path = tables.write(table, "raw_images", "W43")
    whole = path.read_bytes()
    for at in (whole.index(noise[:16]), whole.index(noise[2000:2016]), whole.index(b"anna.jpg") + 2):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        with pytest.raises(StorageError, match=r"raw_images of shoot 'W43' is damaged .*again$"):
            READS[how](tables)


def test_a_table_that_cannot_be_stored_leaves_the_old_one(tables: TableStore) -> None:
    path = tables.write(TABLE, "splits")
    with pytest.raises((pa.ArrowInvalid, pa.ArrowTypeError)):
        tables.write(pd.DataFrame({"mixed": ["a", 1, object()]}), "splits")
    assert is_as_written(tables.read("splits"))
    assert list(path.parent.iterdir()) == [path]

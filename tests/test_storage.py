"""Tables and folders as assets hand them over: whole or not at all, and never silently wrong."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from recipe_assets.storage import FolderStore, StorageError, TableStore

TABLE = pd.DataFrame({
    "file": pd.Series(["köttbullar.jpg", None], dtype="string"),
    "phash": pd.Series([2**64 - 1, None], dtype="UInt64"),
    "words": pd.Series([["a", "ö"], None], dtype="object"),
    "thumbnail": pd.Series([b"\x00\xff", None], dtype="object"),
})  # fmt: skip


@pytest.fixture
def tables(tmp_path: Path) -> TableStore:
    return TableStore(tmp_path)


@pytest.fixture
def folders(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path)


def test_a_table_comes_back_as_it_was(tables: TableStore) -> None:
    path = tables.write(TABLE, "raw_images", "W 43.1 köks")
    found = tables.read("raw_images", "W 43.1 köks")
    assert path.is_file()
    assert found["file"].fillna("-").tolist() == ["köttbullar.jpg", "-"]
    assert found["phash"].tolist()[0] == 2**64 - 1
    assert list(found["words"][0]) == ["a", "ö"]
    assert found["words"][1] is None
    assert found["thumbnail"].tolist() == [b"\x00\xff", None]
    assert tables.partitions("raw_images") == ["W 43.1 köks"]


def test_some_columns_can_be_read_alone(tables: TableStore) -> None:
    tables.write(TABLE, "splits")
    assert list(tables.read("splits", columns=["phash", "file"]).columns) == ["phash", "file"]
    with pytest.raises(StorageError, match="splits"):
        tables.read("splits", columns=["nothing of the kind"])


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


@pytest.mark.parametrize(("partition", "what"), [(None, "raw_images is"), ("W43", "raw_images of shoot 'W43' is")])
def test_a_missing_table_names_asset_shoot_and_cure(tables: TableStore, partition: str | None, what: str) -> None:
    with pytest.raises(StorageError, match=f"^{what} not there .*: materialize raw_images first$"):
        tables.read("raw_images", partition)


def test_a_table_cut_anywhere_names_asset_shoot_and_cure(tables: TableStore) -> None:
    path = tables.write(TABLE, "raw_images", "W43", {"files": "ab"})
    whole = path.read_bytes()
    for end in [*range(0, 12), *range(12, len(whole), 97), len(whole) - 1]:
        path.write_bytes(whole[:end])
        with pytest.raises(StorageError, match=r"raw_images of shoot 'W43' is damaged .*again$") as raised:
            tables.read("raw_images", "W43")
        assert "\n" not in str(raised.value)
        assert tables.attributes("raw_images", "W43") is None


WRITER = """
import sys
import pandas as pd
from pathlib import Path
from recipe_assets.storage import TableStore
table = pd.DataFrame({"thumbnail": [bytes([n % 256]) * 40_000 for n in range(300)]})
tables = TableStore(Path(sys.argv[1]))
print("ready", flush=True)
while True:
    tables.write(table, "raw_images", "W43", {"files": "new"})
    tables.write(table, "raw_images", "W44", {"files": "new"})
"""


def test_a_writer_that_is_killed_leaves_whole_tables_and_no_junk_in_the_way(tables: TableStore) -> None:
    tables.write(TABLE, "raw_images", "W43", {"files": "old"})
    for delay in (0.02, 0.05, 0.11, 0.17):
        command = [sys.executable, "-c", WRITER, str(tables.root)]
        root = Path(__file__).parents[1]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(delay)
            writer.send_signal(signal.SIGKILL)
        assert set(tables.partitions("raw_images")) <= {"W43", "W44"}
        for shoot in tables.partitions("raw_images"):
            rows = len(tables.read("raw_images", shoot))
            files = (tables.attributes("raw_images", shoot) or {})["files"]
            assert (rows, files) in {(2, "old"), (300, "new")}


def test_a_half_written_part_is_no_partition(tables: TableStore) -> None:
    path = tables.write(TABLE, "raw_images", "W43")
    (path.parent / ".abc.part").write_bytes(b"PAR1 half")
    assert tables.partitions("raw_images") == ["W43"]


def test_a_table_that_cannot_be_stored_leaves_the_old_one(tables: TableStore) -> None:
    tables.write(TABLE, "splits")
    with pytest.raises((pa.ArrowInvalid, pa.ArrowTypeError)):
        tables.write(pd.DataFrame({"mixed": ["a", 1, object()]}), "splits")
    assert len(tables.read("splits")) == 2


def filled(folders: FolderStore, version: str, content: bytes = b"weights") -> Path:
    folder = folders.new("model", version)
    (folder / "sub").mkdir()
    (folder / "sub" / "a.bin").write_bytes(content)
    (folder / "b.json").write_text("{}")
    return folder


def test_a_recorded_folder_is_the_current_one_and_older_ones_go(folders: FolderStore) -> None:
    first = filled(folders, "run-1")
    folders.record("model", first)
    assert folders.current("model") == first
    second = filled(folders, "run-2", b"better")
    assert folders.current("model") == first  # a filled folder counts only once it is recorded
    assert first.is_dir()
    folders.record("model", second)
    assert folders.current("model") == second
    assert not first.exists()


def test_a_folder_left_by_a_killed_run_is_emptied_for_the_next_try(folders: FolderStore) -> None:
    filled(folders, "run-1")
    assert list(folders.new("model", "run-1").iterdir()) == []


def test_a_folder_that_was_never_recorded_names_asset_and_cure(folders: FolderStore) -> None:
    filled(folders, "run-1")
    with pytest.raises(StorageError, match=r"^model is not there .*: materialize model first$"):
        folders.current("model")


@pytest.mark.parametrize("damage", ["changed", "missing", "extra", "gone"])
def test_any_difference_from_the_record_is_found(folders: FolderStore, damage: str) -> None:
    folder = filled(folders, "run-1")
    folders.record("model", folder)
    if damage == "changed":
        (folder / "sub" / "a.bin").write_bytes(b"Weights")
    elif damage == "missing":
        (folder / "b.json").unlink()
    elif damage == "extra":
        (folder / "c.json").write_text("{}")
    else:
        folder.rename(folder.with_name("elsewhere"))
    with pytest.raises(StorageError, match=r"^model is damaged .*: materialize model again$"):
        folders.current("model")


@pytest.mark.parametrize("record", [b"", b"{", b"[]", b'{"folder": "run-1"}', b"\xff"])
def test_a_damaged_record_is_an_error_for_people(folders: FolderStore, record: bytes) -> None:
    folders.record("model", filled(folders, "run-1"))
    (folders.root / "model.json").write_bytes(record)
    with pytest.raises(StorageError, match=r"^model is damaged .*: materialize model again$") as raised:
        folders.current("model")
    assert "\n" not in str(raised.value)


def test_recording_that_fails_keeps_the_older_version(folders: FolderStore) -> None:
    first = filled(folders, "run-1")
    folders.record("model", first)
    second = filled(folders, "run-2")
    (folders.root / ".model.part").mkdir()  # nothing can be written where the record is prepared
    with pytest.raises(IsADirectoryError):
        folders.record("model", second)
    assert folders.current("model") == first


def test_hashes_above_half_of_the_range_survive(tables: TableStore) -> None:
    hashes = np.array([0, 2**63, 2**64 - 1], dtype=np.uint64)
    tables.write(pd.DataFrame({"phash": hashes}), "splits")
    assert np.array_equal(tables.read("splits")["phash"].to_numpy(dtype=np.uint64), hashes)

"""What is to be done: new and changed shoots are read, a new vocabulary only standardizes again."""

import os
from pathlib import Path

import pandas as pd
import pytest

from recipe_assets.errors import StudioError
from recipe_assets.storage import TableStore
from recipe_assets.studio.arrivals import Work, pending_work
from recipe_assets.studio.shoots import FolderStudio
from tests.studio.pictures import write_shoot


@pytest.fixture
def studio(tmp_path: Path) -> FolderStudio:
    for shoot in ("W43", "W44"):
        folder = write_shoot(tmp_path / "shoots", shoot, {"a.jpg": b"a"})
        os.utime(folder / "a.jpg", (1e9, 1e9))
    return FolderStudio(tmp_path / "shoots")


@pytest.fixture
def tables(tmp_path: Path) -> TableStore:
    return TableStore(tmp_path / "tables")


def store(tables: TableStore, shoot: str, files: str, vocabulary: str | None) -> None:
    rows = pd.DataFrame({"shoot": [shoot]})
    tables.write(rows, "raw_images", shoot, {"files": files})
    if vocabulary:
        tables.write(rows, "standardized_keywords", shoot, {"files": files, "vocabulary": vocabulary})


@pytest.fixture
def done(studio: FolderStudio, tables: TableStore) -> TableStore:
    """The tables after all work is done with vocabulary "v1"."""
    for shoot in studio.shoots():
        store(tables, shoot, studio.fingerprint(shoot), "v1")
    return tables


def test_all_shoots_are_new_to_an_empty_store(studio: FolderStudio, tables: TableStore) -> None:
    prints = {shoot: studio.fingerprint(shoot) for shoot in ("W43", "W44")}
    assert pending_work(studio, tables, "v1") == Work(prints, [])


def test_there_is_nothing_to_do_twice(studio: FolderStudio, done: TableStore) -> None:
    assert pending_work(studio, done, "v1") == Work({}, [])


def test_a_changed_shoot_is_read_and_the_others_are_left_alone(studio: FolderStudio, done: TableStore) -> None:
    write_shoot(studio.root, "W44", {"b.jpg": b"b"})
    assert pending_work(studio, done, "v1") == Work({"W44": studio.fingerprint("W44")}, [])


def test_a_changed_vocabulary_reads_no_photo(studio: FolderStudio, done: TableStore) -> None:
    assert pending_work(studio, done, "v2") == Work({}, ["W43", "W44"])


def test_a_run_that_was_killed_between_the_two_steps_is_taken_up(studio: FolderStudio, done: TableStore) -> None:
    done.path("standardized_keywords", "W43").unlink()
    assert pending_work(studio, done, "v1") == Work({}, ["W43"])
    store(done, "W44", "other files", "v1")
    done.write(pd.DataFrame({"shoot": ["W44"]}), "raw_images", "W44", {"files": studio.fingerprint("W44")})
    assert pending_work(studio, done, "v1") == Work({}, ["W43", "W44"])


def test_a_damaged_table_is_made_again(studio: FolderStudio, done: TableStore) -> None:
    done.path("raw_images", "W43").write_bytes(b"PAR1")
    assert list(pending_work(studio, done, "v1").read) == ["W43"]


def test_a_shoot_that_is_still_being_copied_waits(studio: FolderStudio, done: TableStore) -> None:
    write_shoot(studio.root, "W45", {"a.jpg": b"a"})
    (studio.root / "W46").mkdir()
    assert pending_work(studio, done, "v1", settle_seconds=60) == Work({}, [])
    assert list(pending_work(studio, done, "v1").read) == ["W45", "W46"]


def test_a_missing_studio_is_no_empty_list_of_work(tables: TableStore, tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="does not exist"):
        pending_work(FolderStudio(tmp_path / "nowhere"), tables, "v1")

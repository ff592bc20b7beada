"""Folders as assets hand them over: one current version, verified whole, whoever is killed in between."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recipe_assets.folders import FolderStore
from recipe_assets.storage import LEFTOVER_SECONDS, StorageError
from tests.powers import without_powers

ROOT = Path(__file__).parents[1]


@pytest.fixture
def folders(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path)


def filled(folders: FolderStore, version: str, content: bytes = b"weights") -> Path:
    folder = folders.new("model", version)
    (folder / "sub").mkdir()
    (folder / "sub" / "a.bin").write_bytes(content)
    (folder / "b.json").write_text("{}")
    return folder


def recorded(folders: FolderStore, version: str, content: bytes = b"weights") -> Path:
    folder = filled(folders, version, content)
    folders.record("model", folder)
    return folder


def test_a_recorded_folder_is_the_current_one_and_the_one_before_goes(folders: FolderStore) -> None:
    first = recorded(folders, "run-1")
    assert folders.current("model") == first
    second = filled(folders, "run-2", b"better")
    assert folders.current("model") == first  # a filled folder counts only once it is recorded
    assert first.is_dir()
    folders.record("model", second)
    assert folders.current("model") == second
    assert not first.exists()
    assert sorted(path.name for path in folders.root.iterdir()) == ["model", "model.json"]


def test_models_do_not_meddle_with_each_other(folders: FolderStore) -> None:
    first = recorded(folders, "run-1")
    other = folders.new("tokenizer", "run-1")
    (other / "words.txt").write_text("pan")
    folders.record("tokenizer", other)
    assert (folders.current("model"), folders.current("tokenizer")) == (first, other)


def test_a_folder_left_by_a_killed_run_is_emptied_for_the_next_try(folders: FolderStore) -> None:
    filled(folders, "run-1")
    assert list(folders.new("model", "run-1").iterdir()) == []


def test_a_second_try_of_a_run_never_empties_the_current_folder(folders: FolderStore) -> None:
    """A step that is tried again after it had recorded its folder, and is killed then, would leave nothing."""
    first = recorded(folders, "run-1")
    again = filled(folders, "run-1", b"better")
    assert folders.current("model") == first
    folders.record("model", again)
    assert folders.current("model") == again
    assert not first.exists()


def test_recording_a_folder_twice_keeps_it(folders: FolderStore) -> None:
    first = recorded(folders, "run-1")
    folders.record("model", first)
    assert folders.current("model") == first


def test_a_folder_that_was_never_recorded_names_asset_and_cure(folders: FolderStore) -> None:
    filled(folders, "run-1")
    with pytest.raises(StorageError, match=r"^model is not there .*: materialize model first$"):
        folders.current("model")


@pytest.mark.parametrize("damage", ["changed", "missing", "extra", "gone"])
def test_any_difference_from_the_record_is_found(folders: FolderStore, damage: str) -> None:
    folder = recorded(folders, "run-1")
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


DAMAGED = [b"", b"{", b"[]", b'{"folder": "run-1"}', b"\xff", b'{"folder": "\xff", "files": {}}']


@pytest.mark.parametrize("record", DAMAGED)
def test_a_damaged_record_is_an_error_for_people(folders: FolderStore, record: bytes) -> None:
    recorded(folders, "run-1")
    (folders.root / "model.json").write_bytes(record)
    with pytest.raises(StorageError, match=r"^model is damaged .*: materialize model again$") as raised:
        folders.current("model")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("record", DAMAGED)
def test_materializing_again_mends_a_damaged_record(folders: FolderStore, record: bytes) -> None:
    recorded(folders, "run-1")
    (folders.root / "model.json").write_bytes(record)
    second = recorded(folders, "run-2")
    assert folders.current("model") == second


def test_what_killed_runs_left_goes_after_a_day_and_not_before(folders: FolderStore) -> None:
    old, young = filled(folders, "old"), filled(folders, "young")
    for folder, age in ((old, LEFTOVER_SECONDS + 60), (young, LEFTOVER_SECONDS - 60)):
        os.utime(folder, (time.time() - age,) * 2)
    current = recorded(folders, "run-1")
    os.utime(current, (time.time() - 2 * LEFTOVER_SECONDS,) * 2)
    assert sorted(path.name for path in current.parent.iterdir()) == ["run-1", "young"]
    assert folders.current("model") == current


def test_a_record_that_cannot_be_written_keeps_the_older_version(
    folders: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(folders, "run-1")
    filled(folders, "run-2")
    folders.root.chmod(0o755)
    monkeypatch.chdir(folders.root)
    here = FolderStore(Path())
    folders.root.chmod(0o555)
    with without_powers(), pytest.raises(PermissionError):
        here.record("model", Path("model") / "run-2")
    folders.root.chmod(0o755)
    assert folders.current("model").name == "run-1"
    assert sorted(path.name for path in folders.root.iterdir()) == ["model", "model.json"]


RECORDER = """
import sys
from pathlib import Path
from recipe_assets.folders import FolderStore
folders, who = FolderStore(Path(sys.argv[1])), sys.argv[2]
print("ready", flush=True)
for number in range(80):
    folder = folders.new("model", f"{who}-{number}")
    (folder / "a.bin").write_bytes(who.encode() * 10_000)
    folders.record("model", folder)
"""


def test_two_runs_that_record_at_once_leave_one_whole_current_folder(folders: FolderStore) -> None:
    commands = [[sys.executable, "-c", RECORDER, str(folders.root), who] for who in "ab"]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) for command in commands]
    for run in runs:
        with run:
            run.communicate()
    assert [run.returncode for run in runs] == [0, 0]
    assert folders.current("model").name.split("-")[1] == "79"
    assert sorted(path.name for path in folders.root.iterdir()) == ["model", "model.json"]


def test_a_current_folder_that_cannot_be_read_is_an_error_for_people(
    folders: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = recorded(folders, "run-1")
    folders.root.chmod(0o755)
    monkeypatch.chdir(folders.root)
    (folder / "b.json").chmod(0)
    with without_powers(), pytest.raises(StorageError, match=r"^model is damaged .*: materialize model again$"):
        FolderStore(Path()).current("model")

"""A studio in a folder: what cannot be read is an error or a reject, and never left out or waited for."""

import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from recipe_assets.errors import StudioError
from tests.powers import without_powers
from tests.studio.places import FolderPlace


def names(place: FolderPlace, shoot: str = "W43") -> list[str]:
    return [file.name for file in place.open().shoot(shoot).files]


def test_a_missing_studio_is_an_error_that_names_folder_and_cure(folder: FolderPlace) -> None:
    folder.root.rmdir()
    with pytest.raises(StudioError, match=r"/shoots does not exist: set RECIPE_STUDIO"):
        folder.open().shoots()


def test_a_link_to_a_mount_that_is_gone_is_no_empty_studio(folder: FolderPlace) -> None:
    folder.root.rmdir()
    folder.root.symlink_to(folder.root.with_name("nas"))
    with pytest.raises(StudioError, match=r"/shoots does not exist"):
        folder.open().shoots()


def test_a_file_in_the_place_of_the_studio_is_no_empty_studio(folder: FolderPlace) -> None:
    folder.root.rmdir()
    folder.root.write_bytes(b"")
    with pytest.raises(StudioError, match=r"/shoots cannot be read: Not a directory"):
        folder.open().shoots()


@pytest.fixture
def here(folder: FolderPlace, monkeypatch: pytest.MonkeyPatch) -> FolderPlace:
    """A studio of two shoots, named by a relative path, so that its own rights decide alone."""
    folder.put({"W43/a.jpg": b"a", "W43/day 1/b.jpg": b"b", "W44/a.jpg": b"a"})
    monkeypatch.chdir(folder.root)
    for path in (folder.root, *folder.root.rglob("*")):
        path.chmod(0o755)
    folder.root = Path()
    folder.location = "."
    return folder


@pytest.mark.parametrize("mode", [0o000, 0o444, 0o111], ids=oct)
def test_a_studio_that_may_not_be_read_is_no_empty_one(here: FolderPlace, mode: int) -> None:
    here.root.chmod(mode)
    try:
        with without_powers(), pytest.raises(StudioError, match="cannot be read: Permission denied"):
            here.open().shoots()
    finally:
        here.root.chmod(0o755)


@pytest.mark.parametrize("mode", [0o000, 0o444, 0o111], ids=oct)
@pytest.mark.parametrize("closed", ["W43", "W43/day 1"])
def test_a_folder_that_may_not_be_read_is_an_error_that_names_its_shoot(
    here: FolderPlace, closed: str, mode: int
) -> None:
    (here.root / closed).chmod(mode)
    try:
        with without_powers():
            for ask in (here.open().shoots, lambda: here.open().shoot("W43")):
                with pytest.raises(StudioError, match=r"shoot 'W43' in \. cannot be read: Permission denied"):
                    ask()
            assert len(here.open().shoot("W44").files) == 1
    finally:
        (here.root / closed).chmod(0o755)


def test_a_file_that_may_not_be_read_is_listed_and_is_its_own_problem(here: FolderPlace) -> None:
    (here.root / "W43" / "a.jpg").chmod(0)
    with without_powers():
        shoot = here.open().shoot("W43")
        with pytest.raises(PermissionError):
            here.open().read("W43", shoot.files[0])
        assert here.open().read("W43", shoot.files[1]) == b"b"


def test_a_path_too_long_to_be_read_is_an_error_and_leaves_nothing_out(folder: FolderPlace) -> None:
    folder.put({"W43/a.jpg": b"a"})
    deep = "x" * 250
    inner = os.open(folder.root / "W43", os.O_RDONLY)
    try:
        for _ in range(17):
            os.mkdir(deep, dir_fd=inner)
            outer, inner = inner, os.open(deep, os.O_RDONLY, dir_fd=inner)
            os.close(outer)
    finally:
        os.close(inner)
    with pytest.raises(StudioError, match=r"shoot 'W43' .* cannot be read: File name too long"):
        folder.open().shoots()
    shutil.rmtree(folder.root)


def test_folders_may_be_nested_deeper_than_the_interpreter_calls(folder: FolderPlace) -> None:
    inner = folder.root / "W43"
    inner.mkdir()
    for _ in range(1100):
        inner = inner / "d"
        inner.mkdir()
    (inner / "a.jpg").write_bytes(b"a")
    try:
        assert names(folder) == ["d/" * 1100 + "a.jpg"]
    finally:
        subprocess.run(["rm", "-rf", str(folder.root)], check=True)  # Python's own way to remove it gives up, too


def test_a_shoot_may_be_a_link_to_a_folder_elsewhere(folder: FolderPlace, tmp_path: Path) -> None:
    (tmp_path / "nas").mkdir()
    (tmp_path / "nas" / "a.jpg").write_bytes(b"a")
    (folder.root / "W43").symlink_to(tmp_path / "nas")
    assert names(folder) == ["a.jpg"]
    assert list(folder.open().shoots()) == ["W43"]


def test_links_are_listed_and_those_that_lead_to_no_file_are_their_own_problem(folder: FolderPlace) -> None:
    folder.put({"W43/a.jpg": b"a", "W44/original.jpg": b"linked"})
    shoot = folder.root / "W43"
    for name, target in {
        "file.jpg": folder.root / "W44" / "original.jpg",
        "folder.jpg": folder.root / "W44",
        "loop.jpg": shoot / "loop.jpg",
        "nowhere.jpg": shoot / "nothing",
    }.items():
        (shoot / name).symlink_to(target)
    studio = folder.open()
    files = {file.name: file for file in studio.shoots()["W43"].files}
    assert list(files) == ["a.jpg", "file.jpg", "folder.jpg", "loop.jpg", "nowhere.jpg"]
    assert studio.read("W43", files["file.jpg"]) == b"linked"
    for name in ("folder.jpg", "loop.jpg", "nowhere.jpg"):
        with pytest.raises(OSError, match=name):
            studio.read("W43", files[name])


def test_a_link_whose_target_went_away_is_no_reject(folder: FolderPlace, tmp_path: Path) -> None:
    """When a drive comes back its photos look as before, so rejects of theirs would stay for ever."""
    (tmp_path / "a.jpg").write_bytes(b"a")
    (folder.root / "W43").mkdir()
    (folder.root / "W43" / "a.jpg").symlink_to(tmp_path / "a.jpg")
    shoot = folder.open().shoot("W43")
    (tmp_path / "a.jpg").unlink()
    with pytest.raises(StudioError, match=r"W43/a\.jpg was removed"):
        folder.open().read("W43", shoot.files[0])


@pytest.mark.parametrize("kind", ["gone", "a file", "another link"])
def test_a_file_whose_folder_went_away_is_no_reject(folder: FolderPlace, kind: str) -> None:
    folder.put({"W43/day 1/a.jpg": b"a"})
    shoot = folder.open().shoot("W43")
    shutil.rmtree(folder.root / "W43" / "day 1")
    if kind == "a file":
        folder.put({"W43/day 1": b"a"})
    elif kind == "another link":
        (folder.root / "W43" / "day 1").symlink_to("nowhere")
    with pytest.raises(StudioError, match=r"W43/day 1/a\.jpg was removed"):
        folder.open().read("W43", shoot.files[0])


def test_what_is_no_file_is_its_own_problem_and_is_not_waited_for(folder: FolderPlace) -> None:
    """Reading a named pipe waits until somebody writes into it."""
    folder.put({"W43/a.jpg": b"a"})
    os.mkfifo(folder.root / "W43" / "pipe.jpg")
    studio = folder.open()
    (pipe,) = [file for file in studio.shoot("W43").files if file.name == "pipe.jpg"]
    failed: list[OSError] = []

    def read() -> None:
        try:
            studio.read("W43", pipe)
        except OSError as error:
            failed.append(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(5)
    assert [error.strerror for error in failed] == ["not a regular file"]


def test_a_name_that_is_not_utf8_does_not_stop_the_shoot(folder: FolderPlace) -> None:
    """Old zip tools leave names in Latin-1; such a name cannot be written as JSON or Parquet text as it is."""
    folder.put({"W43/a.jpg": b"a"})
    with open(os.fsencode(folder.root / "W43") + b"/k\xf6tt.jpg", "wb") as stream:  # noqa: PTH123 (bytes)
        stream.write(b"x")
    (folder.root / os.fsdecode(b"k\xf6k")).mkdir()
    shoot = folder.open().shoots()["W43"]
    assert len(shoot.fingerprint) == 16
    assert folder.open().read("W43", shoot.files[-1]) == b"x"
    assert list(folder.open().shoots()) == ["W43"]

"""When a shoot in a folder counts as still: by what nobody can set back, and never before it is whole."""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from recipe_assets.errors import StudioError
from recipe_assets.studio.shoots import Shoot
from tests.studio.places import FolderPlace

HOUR = 3600
Meanwhile = Callable[[Path, Callable[[], None], bool], None]


def still(place: FolderPlace, shoot: str, moment: float) -> Shoot:
    """The shoot, after asserting that nothing in it changed since a moment."""
    found = place.open().shoot(shoot)
    assert found.changed <= moment
    return found


def test_an_old_file_that_was_copied_with_its_times_is_fresh(folder: FolderPlace, tmp_path: Path) -> None:
    """A camera's card holds last week's times, and `cp -p` and rsync keep them."""
    card = tmp_path / "card"
    card.mkdir()
    (card / "a.jpg").write_bytes(b"a")
    os.utime(card / "a.jpg", (time.time() - 7 * 24 * HOUR,) * 2)
    os.utime(card, (time.time() - 7 * 24 * HOUR,) * 2)
    started = time.time() - 1
    subprocess.run(["cp", "-rp", str(card), str(folder.root / "W43")], check=True)
    shoot = folder.open().shoot("W43")
    assert (folder.root / "W43" / "a.jpg").stat().st_mtime < started - HOUR
    assert shoot.changed >= started
    assert shoot.is_settling(20)
    assert not shoot.is_settling(0)


@pytest.mark.parametrize("act", ["add", "add hidden", "remove", "rename", "write in place", "add below"])
def test_everything_that_happens_in_a_shoot_makes_it_fresh(folder: FolderPlace, act: str) -> None:
    folder.put({"W43/a.jpg": b"a", "W43/day 1/b.jpg": b"b", "W44/a.jpg": b"a"})
    time.sleep(0.05)
    moment = time.time()
    time.sleep(0.05)
    still(folder, "W43", moment)
    shoot = folder.root / "W43"
    if act == "add":
        (shoot / "c.jpg").write_bytes(b"c")
    elif act == "add hidden":
        (shoot / ".c.jpg.8fYc2").write_bytes(b"half")
    elif act == "remove":
        (shoot / "a.jpg").unlink()
    elif act == "rename":
        (shoot / "day 1" / "b.jpg").rename(shoot / "day 1" / "c.jpg")
    elif act == "write in place":
        (shoot / "day 1" / "b.jpg").write_bytes(b"c")
        os.utime(shoot / "day 1" / "b.jpg", (0, 0))
    else:
        (shoot / "day 1" / "deep").mkdir()
    assert folder.open().shoot("W43").changed > moment
    assert folder.open().shoots()["W43"].changed > moment
    still(folder, "W44", moment)


@pytest.mark.parametrize("ahead", [24 * HOUR, 10 * 365 * 24 * HOUR])
def test_a_camera_clock_that_is_ahead_neither_holds_a_shoot_up_nor_lets_it_through(
    folder: FolderPlace, ahead: float
) -> None:
    folder.put({"W43/a.jpg": b"a"})
    os.utime(folder.root / "W43" / "a.jpg", (time.time() + ahead,) * 2)
    os.utime(folder.root / "W43", (time.time() + ahead,) * 2)
    shoot = folder.open().shoot("W43")
    assert shoot.is_settling(20)
    assert shoot.changed <= time.time()
    time.sleep(0.3)
    assert not folder.open().shoot("W43").is_settling(0.2)


def test_a_drive_that_makes_previews_and_snapshots_holds_no_shoot_up(folder: FolderPlace) -> None:
    folder.put({"W43/a.jpg": b"a", "W43/@eaDir/a.jpg/small.jpg": b"", "W43/day 1/#snapshot/a.jpg": b""})
    time.sleep(0.05)
    moment = time.time()
    time.sleep(0.05)
    folder.put({"W43/@eaDir/a.jpg/large.jpg": b"", "W43/day 1/#snapshot/b.jpg": b""})
    assert len(still(folder, "W43", moment).files) == 1


def test_a_folder_without_files_is_a_shoot_on_its_way(folder: FolderPlace) -> None:
    (folder.root / "W43").mkdir()
    shoot = folder.open().shoots()["W43"]
    assert shoot.files == ()
    assert shoot.is_settling(60)


def test_listing_while_files_come_and_go_is_no_error(folder: FolderPlace) -> None:
    """A copying tool renames each file once it is whole: a name that was listed is gone a moment later."""
    folder.put({f"W43/{number:03}.jpg": b"" for number in range(300)})
    stop = threading.Event()

    def copy() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            part = folder.root / "W43" / f".{number}.part"
            part.write_bytes(b"photo")
            part.replace(folder.root / "W43" / f"new {number % 50}.jpg")

    thread = threading.Thread(target=copy)
    thread.start()
    try:
        for _ in range(60):
            before = time.time()
            shoot = folder.open().shoots()["W43"]
            assert len([file for file in shoot.files if not file.name.startswith("new")]) == 300
            assert shoot.changed >= before - 1
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Lets something happen once, just before or just after a folder is listed; only its moment is arranged."""
    scandir = os.scandir

    def arrange(folder: Path, act: Callable[[], None], before: bool) -> None:
        @contextmanager
        def listing(path: Path) -> Iterator[list["os.DirEntry[str]"]]:
            if Path(path) != folder:
                with scandir(path) as entries:
                    yield list(entries)
                return
            monkeypatch.undo()
            if before:
                act()
            with scandir(path) as entries:
                found = list(entries)
            if not before:
                act()
            yield found

        monkeypatch.setattr(os, "scandir", listing)

    return arrange


def test_a_file_that_goes_away_just_after_it_was_listed_makes_its_shoot_fresh(
    folder: FolderPlace, meanwhile: Meanwhile
) -> None:
    folder.put({"W43/a.jpg": b"a", "W43/b.jpg": b"b"})
    time.sleep(0.05)
    moment = time.time()
    meanwhile(folder.root / "W43", (folder.root / "W43" / "a.jpg").unlink, False)
    shoot = folder.open().shoot("W43")
    assert [file.name for file in shoot.files] == ["b.jpg"]
    assert shoot.changed > moment


def test_a_subfolder_that_goes_away_while_its_shoot_is_listed_makes_it_fresh(
    folder: FolderPlace, meanwhile: Meanwhile
) -> None:
    folder.put({"W43/a.jpg": b"a", "W43/day 1/b.jpg": b"b"})
    below = folder.root / "W43" / "day 1"
    time.sleep(0.05)
    moment = time.time()
    meanwhile(below, lambda: shutil.rmtree(below), True)
    shoot = folder.open().shoot("W43")
    assert [file.name for file in shoot.files] == ["a.jpg"]
    assert shoot.changed > moment


def test_a_shoot_that_goes_away_while_it_is_listed_is_no_empty_shoot(
    folder: FolderPlace, meanwhile: Meanwhile
) -> None:
    folder.put({"W43/a.jpg": b"a"})
    shoot = folder.root / "W43"
    meanwhile(shoot, lambda: shutil.rmtree(shoot), True)
    with pytest.raises(StudioError, match=r"shoot 'W43' in .* cannot be read: No such file"):
        folder.open().shoots()

"""When a shoot that is watched counts as arrived: once it was still between two looks, and never half copied."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from recipe_assets.storage import TableStore
from recipe_assets.studio.watching import Look, look
from tests.studio.places import FolderPlace, Place

Clock = Callable[[float], None]


def seen(place: Place, tables: TableStore, before: Look | None, settle: float = 20) -> Look:
    """The next look."""
    return look(place.open(), tables, before.cursor if before else None, settle)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Sets the clock so many seconds away from the true time, which files go on having."""
    started = time.time()

    def set_to(offset: float) -> None:
        monkeypatch.setattr(time, "time", lambda: started + offset)

    return set_to


def test_a_shoot_arrives_once_it_was_still_between_two_looks(
    place: Place, tables: TableStore, clock: Clock
) -> None:
    """The first look cannot know since when the studio was still, whatever its files' times say."""
    place.put({"W43/a.jpg": b"a"})
    clock(1000)
    first = seen(place, tables, None)
    assert (list(first.changes), first.arrived) == (["W43"], {})
    clock(1019)
    second = seen(place, tables, first)
    assert (second.changes, second.arrived) == ({}, {})
    clock(1021)
    place.put({"W44/a.jpg": b"a"})
    third = seen(place, tables, second)
    assert (list(third.changes), list(third.arrived)) == (["W44"], ["W43"])
    clock(1042)
    assert list(seen(place, tables, third).arrived) == ["W43", "W44"]


def test_a_change_starts_the_wait_anew(place: Place, tables: TableStore, clock: Clock) -> None:
    place.put({"W43/a.jpg": b"a"})
    clock(1000)
    first = seen(place, tables, None)
    place.put({"W43/b.jpg": b"b"})
    clock(1030)
    second = seen(place, tables, first)
    assert (list(second.changes), second.arrived) == (["W43"], {})
    clock(1051)
    assert list(seen(place, tables, second).arrived) == ["W43"]


def test_a_shoot_with_a_file_under_way_waits_though_its_listing_is_the_same(
    place: Place, tables: TableStore, clock: Clock
) -> None:
    clock(-1000)
    place.put({"W43/a.jpg": b"a"})
    first = seen(place, tables, None)
    clock(0)
    place.put({"W43/.b.jpg.8fYc2": b"half"})
    second = seen(place, tables, first)
    assert (second.changes, second.arrived) == ({}, {})
    clock(1000)
    assert list(seen(place, tables, second).arrived) == ["W43"]


def test_a_clock_that_was_set_back_holds_no_shoot_up(
    folder: FolderPlace, tables: TableStore, clock: Clock
) -> None:
    folder.put({"W43/a.jpg": b"a"})
    clock(365 * 86400)
    first = seen(folder, tables, None)
    assert first.arrived == {}
    clock(60)
    assert list(seen(folder, tables, first).arrived) == ["W43"]


COPY = """
import os, sys, time
from pathlib import Path
shoot, last_week = Path(sys.argv[1]), time.time() - 7 * 24 * 3600
shoot.mkdir()
for number in range(10):
    below = shoot / ("day 2" if number > 6 else "")
    below.mkdir(exist_ok=True)
    part = below / f".IMG_{number}.jpg.8fYc2"
    with part.open("wb") as stream:
        for _ in range(3):
            stream.write(b"x" * 1000)
            stream.flush()
            time.sleep(0.1)
    os.utime(part, (last_week, last_week))
    part.replace(below / f"IMG_{number}.jpg")
    os.utime(below, (last_week, last_week))
"""


def test_a_slow_copy_that_keeps_old_times_is_never_taken_for_whole(
    folder: FolderPlace, tables: TableStore
) -> None:
    """As rsync does it: each file under a hidden name first, with the time that it had on the card."""
    last, looks, deadline = seen(folder, tables, None), 0, time.monotonic() + 60
    with subprocess.Popen([sys.executable, "-c", COPY, str(folder.root / "W43")]) as copying:
        while "W43" not in last.arrived:
            last, looks = seen(folder, tables, last, 3), looks + 1
            time.sleep(0.05)
            assert time.monotonic() < deadline
        assert copying.poll() == 0
    assert [file.bytes for file in last.arrived["W43"].files] == [3000] * 10
    assert looks > 10
    newest = max(path.stat().st_mtime for path in Path(folder.root, "W43").rglob("*"))
    assert newest < time.time() - 3600

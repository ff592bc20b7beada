"""What changed since the last look: each shoot once, an emptied studio never, and nothing is lost on the way."""

import os
import random

import pytest

from recipe_assets.errors import StudioError
from recipe_assets.storage import TableStore
from recipe_assets.studio.watching import MANIFEST, Change, Look, look
from tests.studio.places import FolderPlace, Place


def seen(place: Place, tables: TableStore, before: Look | None = None, settle: float = 0) -> Look:
    """The next look."""
    return look(place.open(), tables, before.cursor if before else None, settle)


def written(tables: TableStore) -> int:
    """Changes whenever the manifest is written."""
    return tables.path(MANIFEST).stat().st_ino


@pytest.fixture
def first(place: Place, tables: TableStore) -> Look:
    """The first look at a studio of two shoots."""
    place.put({"W43/a.jpg": b"a", "W43/b.jpg": b"b", "W44/köks/a.jpg": b"a"})
    return seen(place, tables)


def test_everything_is_new_at_the_first_look(first: Look) -> None:
    assert first.changes == {"W43": Change(2, 0, 0), "W44": Change(1, 0, 0)}
    assert list(first.arrived) == ["W43", "W44"]
    assert first.gone == []


def test_a_look_at_the_same_studio_finds_nothing_and_writes_nothing(
    place: Place, tables: TableStore, first: Look
) -> None:
    before = written(tables)
    second = seen(place, tables, first)
    assert (second.changes, second.gone, second.cursor) == ({}, [], first.cursor)
    assert second.arrived == first.arrived
    assert written(tables) == before


def test_only_the_changed_shoot_is_told_with_its_counts(place: Place, tables: TableStore, first: Look) -> None:
    place.put({"W43/a.jpg": b"c", "W43/c.jpg": b"c", "W43/d.jpg": b"d"})
    place.delete("W43/b.jpg")
    second = seen(place, tables, first)
    assert second.changes == {"W43": Change(added=2, changed=1, removed=1)}
    assert second.cursor != first.cursor
    assert second.arrived["W43"] == place.open().shoot("W43")
    assert second.arrived["W44"] == first.arrived["W44"]
    assert seen(place, tables, second).changes == {}


def test_a_new_shoot_is_told_and_the_others_are_not(place: Place, tables: TableStore, first: Look) -> None:
    place.put({"W45/a.jpg": b"a"})
    second = seen(place, tables, first)
    assert second.changes == {"W45": Change(1, 0, 0)}
    assert list(second.arrived) == ["W43", "W44", "W45"]


def test_a_shoot_that_is_gone_is_told_once_and_is_new_when_it_comes_back(
    place: Place, tables: TableStore, first: Look
) -> None:
    place.delete("W44/köks/a.jpg")
    if isinstance(place, FolderPlace):
        (place.root / "W44" / "köks").rmdir()
        (place.root / "W44").rmdir()
    second = seen(place, tables, first)
    assert (second.gone, second.changes, list(second.arrived)) == (["W44"], {}, ["W43"])
    third = seen(place, tables, second)
    assert (third.gone, third.cursor) == ([], second.cursor)
    place.put({"W44/a.jpg": b"a"})
    assert seen(place, tables, third).changes == {"W44": Change(1, 0, 0)}


def test_a_studio_that_lists_nothing_after_it_had_shoots_is_not_believed(
    place: Place, tables: TableStore, first: Look
) -> None:
    """A network drive that is not mounted is an empty folder."""
    place.clear()
    before = written(tables)
    for _ in range(2):
        with pytest.raises(StudioError, match=r"lists no shoot, but had .*2 shoots.*: is it mounted\?") as raised:
            seen(place, tables, first)
        assert place.location in str(raised.value)
        assert "\n" not in str(raised.value)
    assert written(tables) == before
    assert seen(place, tables).arrived == {}  # with the cursor reset it is
    place.put({"W43/a.jpg": b"a"})
    assert list(seen(place, tables, first).changes) == ["W43"]


@pytest.mark.parametrize("damage", ["removed", "cut", "another look's"])
def test_an_emptied_studio_is_not_believed_whatever_became_of_the_manifest(
    folder: FolderPlace, tables: TableStore, damage: str
) -> None:
    folder.put({"W43/a.jpg": b"a"})
    first = seen(folder, tables)
    if damage == "removed":
        tables.path(MANIFEST).unlink()
    elif damage == "cut":
        tables.path(MANIFEST).write_bytes(b"PAR1")
    else:
        folder.put({"W44/a.jpg": b"a"})
        seen(folder, tables, first)
    folder.clear()
    with pytest.raises(StudioError, match="lists no shoot, but had"):
        seen(folder, tables, first)


def test_an_empty_studio_is_empty_from_look_to_look_and_written_once(place: Place, tables: TableStore) -> None:
    first = seen(place, tables)
    assert (first.arrived, first.changes, first.gone) == ({}, {}, [])
    before = written(tables)
    second = seen(place, tables, first)
    assert (second.cursor, written(tables)) == (first.cursor, before)
    place.put({"W43/a.jpg": b"a"})
    assert seen(place, tables, second).changes == {"W43": Change(1, 0, 0)}


@pytest.mark.parametrize("cursor", [None, "", "2 shoots, 3 files, manifest 000000000000", "of an older version"])
def test_a_reset_or_unknown_cursor_sees_everything_as_new(
    place: Place, tables: TableStore, first: Look, cursor: str | None
) -> None:
    again = look(place.open(), tables, cursor, 0)
    assert again.changes == first.changes
    assert seen(place, tables, again).changes == {}


def test_a_damaged_manifest_is_made_again(folder: FolderPlace, tables: TableStore) -> None:
    folder.put({"W43/a.jpg": b"a", "W44/köks/a.jpg": b"a"})
    path = tables.path(MANIFEST)
    first = seen(folder, tables)
    whole, chance = path.read_bytes(), random.Random(3)
    outcomes = set()
    for number in range(150):
        damaged = bytearray(whole[: chance.randrange(len(whole))] if number % 3 == 0 else whole)
        for _ in range(2):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged)
        (folder.root / "W44" / "b.jpg").write_bytes(str(number).encode())
        second = seen(folder, tables, first)
        assert list(second.arrived) == ["W43", "W44"]
        outcomes.add(tuple(second.changes))
        assert seen(folder, tables, second).changes == {}
    assert outcomes == {("W43", "W44"), ("W44",)}


def test_a_manifest_of_another_form_counts_every_file_as_new(folder: FolderPlace, tables: TableStore) -> None:
    folder.put({"W43/a.jpg": b"a"})
    first = seen(folder, tables)
    rows = tables.read(MANIFEST).drop(columns="version")
    tables.write(rows, MANIFEST, None, tables.attributes(MANIFEST))
    folder.put({"W43/b.jpg": b"b"})
    assert seen(folder, tables, first).changes == {"W43": Change(2, 0, 0)}


def test_a_file_whose_name_is_no_text_is_counted(folder: FolderPlace, tables: TableStore) -> None:
    folder.put({"W43/a.jpg": b"a"})
    first = seen(folder, tables)
    folder.put({f"W43/{os.fsdecode(b'k' + bytes([246]) + b'tt.jpg')}": b"b"})
    assert seen(folder, tables, first).changes == {"W43": Change(1, 0, 0)}

"""Another outbox than last time gets every photo: what stands in the other one says nothing of it."""

import json
from pathlib import Path

import msgspec
import pytest

from recipe_assets.outbox.journal import Journal
from recipe_assets.outbox.rows import rows_of
from recipe_assets.outbox.shoot import notes_of
from recipe_assets.outbox.standing import standing
from tests.outbox.shop import RED, SHOOT, Shop


def table_of_before(shop: Shop) -> None:
    """Store the table as it was stored when tables did not say which outbox they are about."""
    attributes = shop.tables.attributes("keyworded_shoot", SHOOT) or {}
    del attributes["outbox"]
    shop.tables.write(shop.tables.read("keyworded_shoot", SHOOT), "keyworded_shoot", SHOOT, attributes)


def handed_over(shop: Shop) -> list[str]:
    lines = shop.outbox.read(f"_tables/{SHOOT}/handover.jsonl").splitlines()
    return [str(json.loads(line)["photo"]) for line in lines]


@pytest.fixture
def moved(shop: Shop) -> Shop:
    """A shoot that is in one outbox, and the setting names another."""
    shop.keyword()
    shop.outbox_at = f"{shop.outbox_at}-of-today"
    return shop


def test_another_outbox_gets_every_photo_unasked(moved: Shop) -> None:
    outcome = moved.keyword()
    assert outcome.changes.empty
    assert sorted(moved.photos()) == sorted(str(row["path"]) for row in moved.rows().values() if row["path"])
    assert len(moved.photos()) == 6
    assert sorted(handed_over(moved)) == sorted(moved.outbox.url(path) for path in moved.photos())
    before = moved.everything()
    assert moved.keyword("write").changes.empty
    assert moved.everything() == before


def test_the_outbox_of_before_is_left_and_still_known_when_it_comes_back(moved: Shop) -> None:
    today, moved.outbox_at = moved.outbox_at, moved.outbox_at.removesuffix("-of-today")
    before = moved.everything()
    moved.outbox_at = today
    moved.keyword()
    moved.outbox_at = today.removesuffix("-of-today")
    assert moved.everything() == before
    assert moved.keyword("write").changes.empty
    assert moved.everything() == before


def test_an_outbox_that_moved_with_its_files_keeps_them(folder_shop: Shop) -> None:
    folder_shop.keyword()
    new = folder_shop.root / "nas"
    Path(folder_shop.outbox_at).rename(new)
    folder_shop.outbox_at = str(new)
    before = {path: state for path, state in folder_shop.everything().items() if not path.startswith("_tables/")}
    assert folder_shop.keyword("write").changes.empty
    assert {path: folder_shop.everything()[path] for path in before} == before
    assert set(folder_shop.photos()) == set(before)
    assert all(address.startswith(new.as_uri()) for address in handed_over(folder_shop))


def test_a_table_that_names_no_outbox_is_about_this_one(folder_shop: Shop) -> None:
    folder_shop.keyword()
    table_of_before(folder_shop)
    before = folder_shop.everything()
    stands = standing(folder_shop.tables, SHOOT, folder_shop.released.release_id, folder_shop.outbox.location)
    assert stands is not None
    assert (stands.is_new, stands.older) == (False, set())
    assert folder_shop.keyword("write").changes.empty
    assert folder_shop.everything() == before
    attributes = folder_shop.tables.attributes("keyworded_shoot", SHOOT) or {}
    assert attributes["outbox"] == folder_shop.outbox.location


def test_notes_of_a_killed_run_into_another_outbox_count_there_alone(folder_shop: Shop) -> None:
    shop, first = folder_shop, folder_shop.outbox_at
    shop.keyword()
    [row] = [one for one in rows_of(shop.tables.read("keyworded_shoot", SHOOT)) if one.file == RED]
    told = msgspec.structs.replace(row, reason="as the notes have it")
    Journal(notes_of(shop.rooms, SHOOT)).end(told)
    shop.outbox_at = str(shop.root / "elsewhere")
    shop.keyword()
    assert len(shop.photos()) == 6
    assert shop.rows()[RED]["reason"] is None
    shop.outbox_at = first
    assert notes_of(shop.rooms, SHOOT).is_file()
    shop.keyword()
    assert shop.rows()[RED]["reason"] == "as the notes have it"
    assert not notes_of(shop.rooms, SHOOT).exists()


def test_notes_that_name_no_outbox_are_gone_on_with(folder_shop: Shop) -> None:
    folder_shop.keyword()
    [row] = [one for one in rows_of(folder_shop.tables.read("keyworded_shoot", SHOOT)) if one.file == RED]
    notes = folder_shop.root / "scratch" / f"{SHOOT}.jsonl"
    Journal(notes).end(msgspec.structs.replace(row, reason="as the notes have it"))
    folder_shop.keyword()
    assert folder_shop.rows()[RED]["reason"] == "as the notes have it"
    assert not list(notes.parent.glob("*.jsonl"))

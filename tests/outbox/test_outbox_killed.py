"""A run that is killed anywhere is gone on with: every photo ends in the outbox once, nothing is written twice."""

import hashlib
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from filelock import FileLock

from recipe_assets.outbox.errors import OutboxError
from recipe_assets.outbox.journal import Journal
from recipe_assets.outbox.rows import rows_of
from recipe_assets.storage import TableStore
from recipe_assets.studio.metadata import read_provenance, sidecar_packet
from recipe_assets.studio.quality.findings import DROP
from tests.outbox.conftest import OpenShop
from tests.outbox.killed import POINTS
from tests.outbox.shop import NEWER_BIAS, RED, SHOOT, Shop
from tests.release import factory

ROOT = Path(__file__).parents[2]
NOTED, NOTE = "noted.jpg", "noted.xmp"
FIRST, SECOND = "first run", "newer release"
ANEW, BARE, MOVED, DROPPED = "photo and sidecar anew", "photo anew, sidecar gone", "moved", "dropped"
"""What becomes of one photo that has a sidecar, while all others stay as they are."""
ONE_PHOTO_CASES = [
    (ANEW, "after the first write"),
    (ANEW, "after the second write"),
    (BARE, "after the first write"),
    (MOVED, "after the second write"),
    (MOVED, "after the first removal"),
    (DROPPED, "before the first removal"),
    (DROPPED, "after the first removal"),
    (DROPPED, "after the second removal"),
]
NEVER_IN_A_FIRST_RUN = {
    "between new and old place of the second photo",
    "after the second photo left its old place",
}
CASES = [
    (when, point)
    for when in (FIRST, SECOND)
    for point in POINTS
    if point not in {one for _, one in ONE_PHOTO_CASES} and (when == SECOND or point not in NEVER_IN_A_FIRST_RUN)
]


def prepare(shop: Shop, when: str) -> None:
    """Everything before the run that is killed."""
    if when == FIRST:
        return
    if when != SECOND:
        shop.put({NOTED: factory.photo("red"), NOTE: sidecar_packet(None, ["holiday"])})
    shop.keyword()
    if when == SECOND:
        shop.publish(2, NEWER_BIAS)
    elif when == ANEW:
        shop.put({NOTED: factory.photo("red", (70, 70)), NOTE: sidecar_packet(None, ["holiday", "summer"])})
    elif when == BARE:
        (shop.folder / NOTE).unlink()
        shop.put({NOTED: factory.photo("red", (70, 70))})
    else:
        shop.review(NOTED, {MOVED: "gray-tray", DROPPED: DROP}[when])


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory, open_shop: OpenShop) -> dict[tuple[str, str], Shop]:
    """A shop for each case, as the kill left it."""
    shops, arguments = {}, []
    for when, point in CASES + ONE_PHOTO_CASES:
        root = tmp_path_factory.mktemp("killed") / "shop"
        shop = shops[(when, point)] = open_shop(root)
        prepare(shop, when)
        arguments.append(f"{point}={root}")
    command = [sys.executable, "-W", "ignore", "-m", "tests.outbox.killed", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return shops


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, open_shop: OpenShop) -> dict[str, Shop]:
    """The same shops without any kill."""
    shops = {}
    for when in (FIRST, SECOND, ANEW, BARE, MOVED, DROPPED):
        shop = shops[when] = open_shop(tmp_path_factory.mktemp("undisturbed") / "shop")
        prepare(shop, when)
        shop.keyword("write")
    return shops


@pytest.mark.parametrize(("when", "point"), CASES)
def test_a_killed_run_is_gone_on_with(
    killed: dict[tuple[str, str], Shop], undisturbed: dict[str, Shop], when: str, point: str
) -> None:
    shop, wanted = killed[(when, point)], undisturbed[when]
    for photo in shop.photos().values():
        assert len(photo) > 0, "no part of a file is ever seen"
    final = {path for path in wanted.everything() if not path.startswith("_tables/")}
    there = {path: state for path, state in shop.everything().items() if path in final}
    outcome = shop.keyword("write")
    photos, states, wanted_rows = shop.photos(), shop.outbox.listing(), wanted.rows()
    assert photos.keys() == final
    assert {path: states[path] for path in there} == there, "what stood there was not written again"
    assert not (outcome.changes["state"] == "left").any()
    for file, row in shop.rows().items():
        same = ("keyword", "origin", "pipeline", "path", "needs_review", "reason")
        assert [row[name] for name in same] == [wanted_rows[file][name] for name in same]
        if row["path"] is not None:
            written = photos[str(row["path"])]
            assert hashlib.sha256(written).hexdigest() == row["written_sha256"]
            assert states[str(row["path"])].version == row["written_version"]
            ours = read_provenance(written)
            assert (ours.release if ours else None) == (row["release_id"] if ours else None)
    assert not list((shop.root / "scratch").glob("*.jsonl"))


@pytest.mark.parametrize(("when", "point"), ONE_PHOTO_CASES)
def test_a_photo_and_its_sidecar_are_gone_on_with(
    killed: dict[tuple[str, str], Shop], undisturbed: dict[str, Shop], when: str, point: str
) -> None:
    shop, wanted = killed[(when, point)], undisturbed[when]
    for _ in range(2):
        outcome = shop.keyword("write")
        assert not (outcome.changes["state"] == "left").any()
        photos, row, wanted_row = shop.photos(), shop.rows()[NOTED], wanted.rows()[NOTED]
        assert photos.keys() == wanted.photos().keys()
        same = ("sha256", "keyword", "path", "sidecar", "sidecar_sha256")
        assert [row[name] for name in same] == [wanted_row[name] for name in same]
        if row["path"] is not None:
            assert hashlib.sha256(photos[str(row["path"])]).hexdigest() == row["written_sha256"]
        if row["sidecar"] is not None:
            assert photos[str(row["sidecar"])] == wanted.photos()[str(row["sidecar"])]
        listed = shop.outbox.read(f"_tables/{SHOOT}/handover.jsonl")
        assert (NOTED.encode() in listed) == (row["path"] is not None)


def test_a_run_killed_after_a_killed_run_is_gone_on_with(folder_shop: Shop) -> None:
    shop = folder_shop
    shop.keyword()
    notes = Journal(shop.root / "scratch" / f"{SHOOT}.jsonl")
    rows = {row.file: row for row in rows_of(shop.tables.read("keyworded_shoot", SHOOT))}
    for row in rows.values():
        notes.end(row)
    shop.tables.path("keyworded_shoot", SHOOT).unlink()
    for name in ("decisions.parquet", "decisions.csv", "handover.jsonl"):
        shop.outbox.remove(f"_tables/{SHOOT}/{name}")
    moving = msgspec.structs.replace(
        rows[RED], path=f"oven/{SHOOT}/{RED}", written_sha256="of what was never written"
    )
    notes.begin(moving, rows[RED])
    shop.publish(2, NEWER_BIAS)
    shop.keyword("write")
    assert all(path.startswith("oven/") for path in shop.photos())
    assert len(shop.photos()) == 6


def test_a_line_cut_short_in_the_notes_says_nothing(folder_shop: Shop) -> None:
    notes = folder_shop.root / "scratch" / f"{SHOOT}.jsonl"
    notes.parent.mkdir()
    notes.write_bytes(b'{"state":"done","row":{"shoot":"week-1","file":"late')
    folder_shop.keyword()
    assert len(folder_shop.photos()) == 6


def test_a_second_run_at_the_same_time_is_refused(folder_shop: Shop) -> None:
    folder_shop.rooms.scratch.mkdir()
    with (
        FileLock(folder_shop.rooms.scratch / f"{SHOOT}.lock"),
        pytest.raises(OutboxError, match="another run is keywording shoot 'week-1'"),
    ):
        folder_shop.keyword()
    assert folder_shop.everything() == {}


@pytest.mark.parametrize("damage", ["lost", "damaged"])
def test_a_table_that_is_gone_is_taken_from_the_outbox(shop: Shop, damage: str) -> None:
    shop.keyword()
    before, path = shop.everything(), shop.tables.path("keyworded_shoot", SHOOT)
    path.unlink() if damage == "lost" else path.write_bytes(path.read_bytes()[:200])
    shop.keyword("write")
    assert shop.everything() == before
    assert TableStore.read(shop.tables, "keyworded_shoot", SHOOT)["path"].notna().sum() == 6


def test_with_every_table_lost_files_of_ours_are_recognized(shop: Shop) -> None:
    shop.keyword()
    shop.tables.path("keyworded_shoot", SHOOT).unlink()
    for name in ("decisions.parquet", "decisions.csv", "handover.jsonl"):
        shop.outbox.remove(f"_tables/{SHOOT}/{name}")
    before = shop.photos()
    shop.keyword("write")
    assert shop.photos() == before
    for row in shop.rows().values():
        if row["path"] is not None:
            assert hashlib.sha256(before[str(row["path"])]).hexdigest() == row["written_sha256"]


def test_a_damaged_table_in_the_outbox_stops_the_run(shop: Shop) -> None:
    shop.keyword()
    shop.tables.path("keyworded_shoot", SHOOT).unlink()
    shop.outbox.write(f"_tables/{SHOOT}/decisions.parquet", b"PAR1 no more")
    before = shop.everything()
    with pytest.raises(OutboxError, match=r"decisions\.parquet .* is damaged"):
        shop.keyword()
    assert shop.everything() == before

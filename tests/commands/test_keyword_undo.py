"""Undoing: the original bytes come back, whatever happened in between, and nobody's later work is lost."""

import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from recipe_assets.commands.keywording import undoing
from recipe_assets.commands.keywording.files import undo_folder
from recipe_assets.studio.metadata import read_keywords, read_provenance, write_keywords
from tests.api.conftest import Running, Studio
from tests.commands.conftest import Desk
from tests.commands.keyword_run import ended, recipe, until
from tests.release import factory
from tests.studio.heic import heic
from tests.studio.metadata_files import psd
from tests.studio.pictures import encode, exiftool, picture


def test_bytes_and_times_come_back_and_nothing_is_left_behind(desk: Desk) -> None:
    for kind, size in (("JPEG", (900, 700)), ("TIFF", (640, 480)), ("PNG", (640, 480)), ("WEBP", (640, 480))):
        path = desk.put(f"shoot/{kind}.{kind.lower()[:4].replace('jpeg', 'jpg')}", encode(picture(1, size), kind))
        os.utime(path, ns=(10**18, 10**18 + 7))
    before = desk.state()
    assert set(desk.kinds().values()) == {"keyworded"}
    assert set(desk.kinds("--undo").values()) == {"restored"}
    assert desk.state() == before
    assert desk.kinds("--undo") == {}


def test_an_undo_keeps_kilobytes_and_not_copies(desk: Desk) -> None:
    for kind in ("JPEG", "TIFF", "PNG", "WEBP"):
        options = {"lossless": True} if kind == "WEBP" else {"quality": 98} if kind == "JPEG" else {}
        desk.put(
            f"{kind}.{kind.lower().replace('jpeg', 'jpg')}", encode(picture(1, (1500, 1000)), kind, **options)
        )
    photos = sum(len(data) for data, _ in desk.state().values())
    desk.keyword()
    kept = [path.stat().st_size for path in undo_folder(desk.folder).glob("*.undo")]
    assert len(kept) == 4
    assert photos > 5_000_000
    assert sum(kept) < 0.01 * photos


def test_a_dry_undo_changes_nothing(desk: Desk) -> None:
    desk.put("one.jpg")
    desk.keyword()
    before = desk.state()
    assert desk.kinds("--undo", "--dry-run") == {"one.jpg": "restored"}
    assert desk.state() == before


def test_a_photo_that_was_moved_or_renamed_is_put_back_where_it_is(desk: Desk) -> None:
    path = desk.put("a/one.jpg")
    original = path.read_bytes()
    desk.keyword()
    moved = desk.folder / "b" / "two.jpg"
    moved.parent.mkdir()
    path.rename(moved)
    assert desk.kinds("--undo") == {"two.jpg": "restored"}
    assert set(desk.state()) == {"b/two.jpg"}
    assert moved.read_bytes() == original


def test_photos_of_one_content_are_each_put_back(desk: Desk) -> None:
    for name in ("a/1.jpg", "a/2.jpg", "b/1.jpg"):
        desk.put(name)
    before = desk.state()
    desk.keyword("--workers", "1")
    desk.recipe(str(desk.folder / "a" / "1.jpg"), "--undo")
    assert len(desk.kinds("--undo")) == 2
    assert desk.state() == before


def test_work_that_was_done_since_stays_and_only_our_keyword_goes(desk: Desk) -> None:
    path = desk.put("one.jpg")
    desk.keyword()
    exiftool("-overwrite_original", "-XMP-xmp:Rating=5", "-IPTC:City=Malmö", str(path))
    assert desk.kinds("--undo") == {"one.jpg": "withdrawn"}
    assert exiftool("-s3", "-XMP-xmp:Rating", "-IPTC:City", str(path)).splitlines() == ["5", "Malmö"]
    assert read_keywords(path.read_bytes()).effective == ()
    assert read_provenance(path.read_bytes()) is None
    assert not undo_folder(desk.folder).exists()


def test_photos_that_this_command_did_not_write_are_not_touched(desk: Desk) -> None:
    desk.put("ours.jpg")
    desk.keyword()
    other = desk.put("theirs.jpg", write_keywords(factory.photo("blue"), ["blue-pot"]))
    before = other.read_bytes()
    assert desk.kinds("--undo") == {"ours.jpg": "restored"}
    assert other.read_bytes() == before


def test_a_damaged_entry_is_named_and_nothing_is_changed(desk: Desk) -> None:
    path = desk.put("one.jpg")
    desk.keyword()
    entry = next(undo_folder(desk.folder).glob("*.undo"))
    written = path.read_bytes()
    entry.write_bytes(entry.read_bytes()[:-20])
    refused = desk.recipe(str(desk.folder), "--undo")
    assert refused.exit_code == 1
    assert entry.name in refused.stderr
    assert path.read_bytes() == written


def test_a_patch_that_gives_other_bytes_is_refused(desk: Desk) -> None:
    import msgspec

    from recipe_assets.commands.keywording.journal import Entry

    path = desk.put("one.jpg")
    desk.keyword()
    file = next(undo_folder(desk.folder).glob("*.undo"))
    entry = msgspec.msgpack.decode(file.read_bytes(), type=Entry)
    file.write_bytes(msgspec.msgpack.encode(msgspec.structs.replace(entry, original_sha256="0" * 64)))
    written = path.read_bytes()
    refused = desk.recipe(str(desk.folder), "--undo")
    assert (refused.exit_code, "is damaged (another hash)" in refused.stderr) == (1, True)
    assert path.read_bytes() == written


@pytest.fixture
def newer(desk: Desk, tmp_path: Path, api: Running) -> Studio:
    """A store of its own whose release 2 answers as release 1 does."""
    studio = Studio(tmp_path / "newer")
    studio.folder.mkdir()
    studio.publish(2)
    return studio


def test_a_newer_release_writes_again_only_when_asked_and_an_undo_leads_to_the_first_original(
    desk: Desk, newer: Studio
) -> None:
    import msgspec

    from api.settings import Settings

    path = desk.put("one.jpg")
    original = desk.state()
    desk.keyword()
    written = path.read_bytes()
    settings = Settings(releases=newer.url, cache=newer.folder / "cache", prediction_log=False)
    later = Running(msgspec.structs.replace(settings, port=0))
    later.start()
    current = newer.store.read_pointer().pointer.release_id
    later.wait_for(current)
    try:
        assert desk.kinds("--api", later.url) == {"one.jpg": "same"}
        assert path.read_bytes() == written
        assert desk.kinds("--api", later.url, "--update") == {"one.jpg": "keyworded"}
        assert read_provenance(path.read_bytes()).release == current
        again = desk.state()
        assert desk.kinds("--api", later.url, "--update") == {"one.jpg": "same"}
        assert desk.state() == again
    finally:
        later.stop()
    assert desk.kinds("--undo") == {"one.jpg": "restored"}
    assert desk.state() == original


def test_a_killed_run_is_finished_by_the_next_and_undone_as_a_whole(desk: Desk) -> None:
    for number in range(40):
        desk.put(f"{number}.jpg", factory.photo("red", (300, 260 + number)))
    before = desk.state()
    process = recipe(str(desk.folder), "--api", desk.url, "--workers", "1")
    until(lambda: len(list(undo_folder(desk.folder).glob("*.undo"))) >= 5 or process.poll() is not None)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    kinds = desk.kinds()
    assert set(kinds.values()) <= {"same", "keyworded"}
    assert len(kinds) == 40
    assert all(read_keywords(path.read_bytes()).effective == ("red-pan",) for path in desk.folder.glob("*.jpg"))
    assert set(desk.kinds("--undo").values()) == {"restored"}
    assert desk.state() == before


def test_two_runs_at_once_keyword_each_photo_once(desk: Desk) -> None:
    for number in range(20):
        desk.put(f"{number}.jpg", factory.photo("red", (64, 40 + number)))
    before = desk.state()
    started = time.monotonic()
    runs = [recipe(str(desk.folder), "--json", "--api", desk.url) for _ in range(2)]
    results = [ended(process, started) for process in runs]
    assert [run.status for run in results] == [0, 0]
    assert {one.outcome for run in results for one in run.outcomes} <= {"same", "keyworded"}
    entries = len(list(undo_folder(desk.folder).glob("*.undo")))
    assert entries == sum(one.outcome == "keyworded" for run in results for one in run.outcomes) == 20
    assert len(desk.kinds("--undo")) == 20
    assert desk.state() == before


def test_the_undo_of_a_copy_keeps_what_the_photo_needs(desk: Desk) -> None:
    path = desk.put("one.jpg")
    before = desk.state()
    desk.keyword()
    copy = desk.folder / "copy.jpg"
    shutil.copyfile(path, copy)
    assert desk.recipe(str(copy), "--undo").exit_code == 0
    assert copy.read_bytes() == before["one.jpg"][0]
    copy.unlink()
    assert desk.kinds("--undo") == {"one.jpg": "restored"}
    assert desk.state() == before


def test_the_undo_of_a_copy_keeps_what_a_photo_needs_that_was_changed_since(desk: Desk) -> None:
    path = desk.put("one.jpg")
    desk.keyword()
    shutil.copyfile(path, desk.folder / "copy.jpg")
    exiftool("-overwrite_original", "-XMP-xmp:Rating=5", str(path))
    desk.recipe(str(desk.folder / "copy.jpg"), "--undo")
    assert desk.kinds("--undo") == {"one.jpg": "withdrawn"}
    assert not undo_folder(desk.folder).exists()


def test_the_undo_of_a_renamed_photo_forgets_it_though_another_has_its_name_now(desk: Desk) -> None:
    path = desk.put("one.jpg")
    desk.keyword()
    moved = path.rename(desk.folder / "two.jpg")
    desk.put("one.jpg", factory.photo("blue"))
    assert desk.recipe(str(moved), "--undo").exit_code == 0
    assert not undo_folder(desk.folder).exists()


def test_an_undo_that_was_killed_after_it_removed_an_xmp_file_is_finished_by_the_next(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.put("one.heic", heic())
    desk.put("one.psd", psd(b""))
    desk.put("two.heic", heic())
    before = desk.state()
    desk.keyword()

    def killed(_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(undoing._Undo, "forget", killed)
        desk.recipe(str(desk.folder), "--undo")
    assert undo_folder(desk.folder).exists()
    desk.recipe(str(desk.folder), "--undo")
    assert desk.state() == before


def test_an_xmp_file_that_was_moved_with_its_photo_is_not_forgotten_by_the_undo_of_another(desk: Desk) -> None:
    path, other = desk.put("one.heic", heic()), desk.put("other.jpg")
    desk.keyword()
    path.rename(desk.folder / "two.heic")
    path.with_suffix(".xmp").rename(desk.folder / "two.xmp")
    assert desk.recipe(str(other), "--undo").exit_code == 0
    assert desk.kinds("--undo") == {"two.xmp": "restored"}
    assert set(desk.state()) == {"two.heic", "other.jpg"}

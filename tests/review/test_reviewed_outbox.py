"""Files of a real outbox, changed by ExifTool as retouchers change them, read back as words about keywords."""

import os
import shutil
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pandas as pd
import pytest

from recipe_assets.outbox.errors import OutboxError
from recipe_assets.outbox.folder import FolderOutbox
from recipe_assets.outbox.places import Stored
from recipe_assets.review import outbox_reading
from recipe_assets.review.history import NAME, frame_of, stored_entries
from recipe_assets.review.reviewed import keyworded_rows, look, news
from recipe_assets.review.unclear import unclear_lines
from recipe_assets.storage import StorageError
from recipe_assets.studio.labels import standardize_shoot
from recipe_assets.studio.metadata import read_keywords
from tests.outbox.shop import BY_A_PERSON, RED, SHOOT, Shop, usual_photos
from tests.release import factory
from tests.review.desk import Desk
from tests.s3 import s3_client
from tests.studio.pictures import exiftool


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every path of the outbox that is opened, in order."""
    paths: list[str] = []
    fetch = FolderOutbox.fetch

    def noted(self: FolderOutbox, path: str) -> Stored | None:
        paths.append(path)
        return fetch(self, path)

    monkeypatch.setattr(FolderOutbox, "fetch", noted)
    return paths


def test_an_outbox_that_nobody_touched_says_nothing_and_no_file_is_opened(desk: Desk, opened: list[str]) -> None:
    found = desk.look()
    assert (found.history, found.unclear, opened) == ([], [], [])
    assert {reading.state for reading in found.readings} == {"written"}
    assert len(found.readings) == 6


@pytest.mark.parametrize("file", [RED, "lime.png", "inner/blue.jpg", "two.jpg", BY_A_PERSON])
def test_a_keyword_typed_in_the_outbox_becomes_the_label_and_the_original_one_stays(desk: Desk, file: str) -> None:
    row = desk.shop.rows()[file]
    typed = "green-bowl" if row["keyword"] != "green-bowl" else "gray-tray"
    desk.type(file, typed)
    [entry] = desk.look().history
    assert (entry.file, entry.sha256, entry.keyword) == (file, row["sha256"], typed)
    assert (entry.origin, entry.verdict, entry.shown_keyword) == ("outbox", "corrected", row["keyword"])
    assert entry.original_keyword == row["keyword"]
    assert entry.release_id == row["release_id"]
    assert (entry.shown_confidence is None) == (file == BY_A_PERSON)
    raw = desk.shop.tables.read("raw_images", SHOOT)
    labelled = standardize_shoot(raw, desk.shop.words, {(SHOOT, file, entry.sha256): desk.labels()[file]})
    assert labelled.set_index("file").loc[file, ["keyword", "source"]].tolist() == [typed, "review"]


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        (["-IPTC:Keywords=gray-tray"], "conflicting: IPTC says gray-tray, XMP says red-pan"),
        (["-XMP-dc:Subject=blue-pot"], "conflicting: IPTC says red-pan, XMP says blue-pot"),
        (
            ["-IPTC:Keywords=gray-tray", "-XMP-dc:Subject=blue-pot"],
            "conflicting: IPTC says gray-tray, XMP says blue-pot",
        ),
        (
            ["-IPTC:Keywords+=blue-pot", "-XMP-dc:Subject+=blue-pot"],
            "ambiguous: blue-pot, red-pan (IPTC)",
        ),
        (["-IPTC:Keywords=skillet", "-XMP-dc:Subject=skillet"], "unknown: 'skillet'"),
        (["-IPTC:Keywords+=skillet", "-XMP-dc:Subject+=skillet"], "unknown: 'skillet'"),
        (["-IPTC:Keywords=skillet"], "conflicting: IPTC says 'skillet', XMP says red-pan"),
        (["-IPTC:Keywords=", "-XMP-dc:Subject="], "removed: red-pan was taken out, and no other put in"),
    ],
)
def test_a_file_that_says_no_single_keyword_is_queued_and_never_guessed(
    desk: Desk, tags: list[str], reason: str
) -> None:
    desk.edit(RED, *tags)
    found = desk.look()
    assert [(case.file, case.detail) for case in found.unclear] == [(RED, reason)]
    assert found.history == []
    assert desk.labels() == {}
    [line] = unclear_lines(desk.shop.tables).to_dict("records")
    assert line["finding"] == "unclear_edit"
    assert line["detail"] == f"{reason} (stove/{SHOOT}/{RED} in the outbox)"


def test_an_unknown_word_is_queued_with_the_nearest_keyword(desk: Desk) -> None:
    desk.type(RED, "grey-tray")
    [case] = desk.look().unclear
    assert case.suggestion == "gray-tray"


def test_spellings_of_the_vocabulary_are_understood(desk: Desk) -> None:
    desk.type(RED, "Gray Tray")
    assert [entry.keyword for entry in desk.look().history] == ["gray-tray"]


def test_other_keywords_beside_the_new_one_do_not_matter(desk: Desk) -> None:
    """As in the studio: one known keyword among words that mean nothing is a label."""
    desk.edit("inner/blue.jpg", *(f"-{tag}-=blue-pot" for tag in ("IPTC:Keywords", "XMP-dc:Subject")))
    desk.edit("inner/blue.jpg", *(f"-{tag}+={word}" for tag in ("IPTC:Keywords", "XMP-dc:Subject") for word in
                                  ("red-pan", "campaign")))  # fmt: skip
    assert read_keywords(desk.path("inner/blue.jpg").read_bytes()).iptc == ("holiday", "red-pan", "campaign")
    assert [(entry.verdict, entry.keyword) for entry in desk.look().history] == [("corrected", "red-pan")]


def test_a_keyword_left_in_place_is_no_confirmation(desk: Desk) -> None:
    desk.edit(RED, "-XMP-dc:Title=Retouched")
    desk.edit("inner/blue.jpg", "-XMP-xmp:Rating=5")
    found = desk.look()
    assert sorted((entry.file, entry.verdict) for entry in found.history) == [
        (RED, "kept"),
        ("inner/blue.jpg", "kept"),
    ]
    assert (found.unclear, desk.labels()) == ([], {})
    assert len(desk.look().history) == 2, "said once"


@pytest.mark.parametrize("file", ["two.jpg", BY_A_PERSON, "doubtful.jpg", "lime.png"])
def test_a_retouched_photo_of_any_kind_says_nothing_about_its_keyword(desk: Desk, file: str) -> None:
    desk.edit(file, "-XMP-dc:Title=Retouched")
    found = desk.look()
    assert [(entry.verdict, entry.keyword) for entry in found.history] == [("kept", None)]
    assert found.unclear == []


def test_the_mark_reviewed_confirms_what_was_shown(desk: Desk) -> None:
    desk.edit(RED, "-IPTC:Keywords+=Reviewed", "-XMP-dc:Subject+=Reviewed")
    [entry] = desk.look().history
    assert (entry.verdict, entry.keyword, entry.shown_keyword) == ("confirmed", "red-pan", "red-pan")
    assert desk.labels() == {RED: "red-pan"}


def test_taking_out_all_keywords_but_the_shown_one_confirms_it(desk: Desk) -> None:
    assert desk.shop.rows()["two.jpg"]["keyword"] == "red-pan", "the photo says green-bowl and blue-pot"
    desk.type("two.jpg", "green-bowl")
    assert [(entry.verdict, entry.keyword) for entry in desk.look().history] == [("corrected", "green-bowl")]
    desk.type("two.jpg", "red-pan")
    desk.look()
    assert desk.said("two.jpg")[-1] == ("confirmed", "red-pan")


def test_an_export_without_metadata_says_nothing(desk: Desk) -> None:
    desk.edit(RED, "-all=")
    found = desk.look()
    assert (found.history, found.unclear) == ([], [])


def test_a_second_look_adds_nothing_and_opens_nothing(desk: Desk, opened: list[str]) -> None:
    desk.type(RED, "gray-tray")
    desk.edit("lime.png", "-XMP-dc:Subject=skillet")
    first = desk.look()
    assert sorted(opened) == sorted([f"stove/{SHOOT}/{RED}", f"bowl/{SHOOT}/lime.png"])
    assert first.new == 1
    opened.clear()
    second = desk.look()
    assert (second.new, second.history, second.unclear, opened) == (0, first.history, first.unclear, [])


def test_every_change_of_mind_stays_in_the_history(desk: Desk) -> None:
    for keyword in ("gray-tray", "blue-pot", "gray-tray", "red-pan"):
        desk.type(RED, keyword)
        desk.look()
    assert desk.said(RED) == [
        ("corrected", "gray-tray"),
        ("corrected", "blue-pot"),
        ("corrected", "gray-tray"),
        ("confirmed", "red-pan"),
    ]
    assert {entry.original_keyword for entry in desk.history} == {"red-pan"}
    assert len({entry.answer_id for entry in desk.history}) == 4
    assert desk.words() == {RED: "red-pan"}


def test_the_old_file_put_back_takes_the_correction_back(desk: Desk, tmp_path: Path) -> None:
    before = tmp_path / "before.jpg"
    shutil.copy(desk.path(RED), before)
    desk.type(RED, "gray-tray")
    desk.look()
    shutil.copy(before, desk.path(RED))
    desk.look()
    assert desk.said(RED) == [("corrected", "gray-tray"), ("withdrawn", None)]
    assert desk.labels() == {}
    desk.look()
    assert len(desk.history) == 2


def test_a_correction_that_becomes_contradictory_no_longer_counts_and_is_queued(desk: Desk) -> None:
    desk.type(RED, "gray-tray")
    desk.look()
    desk.edit(RED, "-IPTC:Keywords=blue-pot")
    found = desk.look()
    assert [case.detail for case in found.unclear] == ["conflicting: IPTC says blue-pot, XMP says gray-tray"]
    assert desk.said(RED) == [("corrected", "gray-tray"), ("withdrawn", None)]
    desk.edit(RED, "-XMP-dc:Subject=blue-pot")
    assert desk.look().unclear == []
    assert desk.labels() == {RED: "blue-pot"}


def test_a_word_that_the_vocabulary_learns_is_understood_without_another_edit(
    desk: Desk, opened: list[str]
) -> None:
    desk.type(RED, "skillet")
    assert len(desk.look().unclear) == 1
    opened.clear()
    desk.shop.vocabulary = desk.shop.vocabulary.replace("gray tray,", "gray tray, aliases: [skillet],")
    found = desk.look()
    assert (found.unclear, opened) == ([], [])
    assert desk.labels() == {RED: "gray-tray"}


def test_files_that_went_on_are_noticed_and_what_they_said_still_counts(desk: Desk) -> None:
    desk.type(RED, "gray-tray")
    desk.look()
    desk.path(RED).unlink()
    desk.path("lime.png").unlink()
    found = desk.look()
    assert {reading.file for reading in found.readings if reading.state == "missing"} == {RED, "lime.png"}
    assert (found.new, desk.labels()) == (0, {RED: "gray-tray"})


def move(desk: Desk, file: str, folder: str) -> None:
    target = Path(desk.shop.outbox_at) / folder / SHOOT / file
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(desk.path(file), target)


def test_a_file_moved_and_corrected_is_read_where_it_lies(desk: Desk) -> None:
    desk.type(RED, "gray-tray")
    move(desk, RED, "oven")
    [reading] = [one for one in desk.look().readings if one.file == RED]
    assert (reading.moved, reading.path) == (True, f"oven/{SHOOT}/{RED}")
    assert desk.labels() == {RED: "gray-tray"}


def test_a_file_moved_to_another_pipeline_with_its_old_keyword_is_queued(desk: Desk) -> None:
    move(desk, RED, "oven")
    [case] = desk.look().unclear
    assert case.detail == "moved: it lies in 'oven', where red-pan does not lead"
    assert case.suggestion == "gray-tray"
    assert desk.labels() == {}


@pytest.mark.parametrize("folder", ["stove/done", "archive"])
def test_a_file_moved_on_within_its_pipeline_or_elsewhere_says_nothing(desk: Desk, folder: str) -> None:
    move(desk, RED, folder)
    found = desk.look()
    assert (found.unclear, found.history) == ([], [])
    assert [one.path for one in found.readings if one.moved] == [f"{folder}/{SHOOT}/{RED}"]


def test_copies_backups_and_strangers_in_the_outbox_are_passed_over(desk: Desk) -> None:
    exiftool("-q", "-IPTC:Keywords=gray-tray", "-XMP-dc:Subject=gray-tray", str(desk.path(RED)))
    shutil.copy(desk.path(RED), desk.path(RED).with_name("copy.jpg"))
    (Path(desk.shop.outbox_at) / "notes.txt").write_text("hello")
    assert desk.path(RED).with_name(f"{RED}_original").exists(), "as ExifTool leaves it"
    assert [entry.keyword for entry in desk.look().history] == ["gray-tray"]


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff", b"not a photo at all", b"<x:xmpmeta" * 1000])
def test_a_broken_file_says_nothing_and_holds_up_no_other(desk: Desk, content: bytes) -> None:
    desk.path(RED).write_bytes(content)
    desk.type("lime.png", "gray-tray")
    assert [entry.file for entry in desk.look().history] == ["lime.png"]


def test_a_truncated_upload_takes_no_correction_back(desk: Desk) -> None:
    desk.type(RED, "gray-tray")
    desk.look()
    whole = desk.path(RED).read_bytes()
    desk.path(RED).write_bytes(whole[:40])
    desk.look()
    assert desk.labels() == {RED: "gray-tray"}
    desk.path(RED).write_bytes(whole)
    desk.look()
    assert desk.said(RED) == [("corrected", "gray-tray")]


def test_a_file_that_cannot_be_read_is_tried_again_and_holds_up_no_other(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.type(RED, "gray-tray")
    desk.type("lime.png", "gray-tray")
    fetch = FolderOutbox.fetch

    def refused(self: FolderOutbox, path: str) -> Stored | None:
        if path.endswith(RED):
            raise OutboxError("permission denied")
        return fetch(self, path)

    monkeypatch.setattr(FolderOutbox, "fetch", refused)
    assert [entry.file for entry in desk.look().history] == ["lime.png"]
    assert len(news(desk.shop.outbox, desk.journal, desk.shop.tables).files) == 1
    monkeypatch.setattr(FolderOutbox, "fetch", fetch)
    desk.look()
    assert desk.labels() == {RED: "gray-tray", "lime.png": "gray-tray"}


def test_what_we_wrote_ourselves_since_is_never_taken_for_a_person_s_word(desk: Desk) -> None:
    """As when the API keywords a copy again, or a run of a newer release has not stored its table yet."""
    from recipe_assets.studio.metadata import Provenance, write_keywords

    ours = Provenance("20991231T000000Z-00000000", 97.0)
    path = desk.path(RED)
    path.write_bytes(write_keywords(path.read_bytes(), ["gray-tray"], "replace-ours", ours))
    found = desk.look()
    assert (found.history, found.unclear) == ([], [])
    desk.type(RED, "blue-pot")
    [entry] = desk.look().history
    assert (entry.shown_keyword, entry.release_id, entry.shown_confidence) == ("gray-tray", ours.release, 97.0)
    assert entry.original_keyword == "gray-tray"


def test_a_look_that_was_killed_before_its_words_were_stored_finds_them_again(
    desk: Desk, opened: list[str]
) -> None:
    desk.type(RED, "gray-tray")
    cut_off = look(desk.shop.outbox, desk.journal, desk.shop.tables, desk.shop.words)
    assert stored_entries(desk.shop.tables) == []
    opened.clear()
    again = desk.look()
    assert opened == []
    assert [(entry.answer_id, entry.keyword) for entry in again.history] == [
        (entry.answer_id, entry.keyword) for entry in cut_off.history
    ]


def test_a_look_whose_words_were_never_stored_is_asked_for_until_they_are(desk: Desk) -> None:
    """As when the run was killed after the outbox had been read: no file looks changed any more."""
    shop = desk.shop
    desk.type(RED, "gray-tray")
    look(shop.outbox, desk.journal, shop.tables, shop.words)
    found = news(shop.outbox, desk.journal, shop.tables)
    assert (bool(found), found.files) == (True, ())
    assert found.fingerprint == news(shop.outbox, desk.journal, shop.tables).fingerprint, "the same work"
    desk.type("lime.png", "gray-tray")
    look(shop.outbox, desk.journal, shop.tables, shop.words)
    assert news(shop.outbox, desk.journal, shop.tables).fingerprint != found.fingerprint, "there is more"
    desk.look()
    assert not news(shop.outbox, desk.journal, shop.tables)
    assert desk.labels() == {RED: "gray-tray", "lime.png": "gray-tray"}


@pytest.mark.parametrize("name", ["raw_images", "keyworded_shoot"])
def test_what_files_of_an_unreadable_shoot_say_waits_until_its_tables_are_mended(
    desk: Desk, opened: list[str], name: str
) -> None:
    desk.type(RED, "gray-tray")
    desk.edit("lime.png", "-XMP-dc:Subject=skillet")
    path = desk.shop.tables.path(name, SHOOT)
    whole = path.read_bytes()
    path.write_bytes(b"PAR1")
    found = desk.look()
    assert (found.history, found.unclear, list(found.left_out)) == ([], [], [SHOOT])
    path.write_bytes(whole)
    assert news(desk.shop.outbox, desk.journal, desk.shop.tables)
    found = desk.look()
    assert [case.file for case in found.unclear] == ["lime.png"]
    assert desk.labels() == {RED: "gray-tray"}
    assert len(opened) == 2, "read once"
    assert not news(desk.shop.outbox, desk.journal, desk.shop.tables)


def test_a_history_that_does_not_say_what_it_was_made_from_costs_one_look(desk: Desk, opened: list[str]) -> None:
    desk.type(RED, "gray-tray")
    history = desk.look().history
    desk.shop.tables.write(frame_of(history), NAME)
    opened.clear()
    assert news(desk.shop.outbox, desk.journal, desk.shop.tables)
    assert (desk.look().new, opened) == (0, [])
    assert not news(desk.shop.outbox, desk.journal, desk.shop.tables)


def test_a_damaged_history_is_refused_and_never_begun_anew(desk: Desk) -> None:
    desk.type(RED, "gray-tray")
    desk.look()
    path = desk.shop.tables.path(NAME)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(StorageError, match=r"it holds what people decided: restore that file, or delete it"):
        desk.look()
    with pytest.raises(StorageError, match="what people decided"):
        desk.labels()


def test_a_damaged_table_of_readings_only_costs_a_second_reading(desk: Desk) -> None:
    desk.type(RED, "gray-tray")
    desk.look()
    desk.shop.tables.path("outbox_readings").write_bytes(b"PAR1")
    assert desk.look().new == 0
    assert desk.labels() == {RED: "gray-tray"}


def test_a_shoot_whose_table_is_broken_holds_up_no_other_and_is_named(desk: Desk) -> None:
    tables = desk.shop.tables
    tables.path("keyworded_shoot", "week-0").write_bytes(b"PAR1")
    desk.type(RED, "gray-tray")
    found = desk.look()
    assert [entry.keyword for entry in found.history] == ["gray-tray"]
    assert list(found.left_out) == ["week-0"]
    assert len(keyworded_rows(tables)[0]) == len(desk.shop.rows())


def test_the_time_of_a_word_is_that_of_the_edit(desk: Desk) -> None:
    desk.type(RED, "gray-tray")
    [entry] = desk.look().history
    modified = datetime.fromtimestamp(desk.path(RED).stat().st_mtime, UTC)
    assert abs(entry.at - modified) < timedelta(milliseconds=1)
    os.utime(desk.path(RED), (10**12, 10**12))  # a clock far ahead does not outrank all later words
    desk.type(RED, "blue-pot")
    os.utime(desk.path(RED), (10**10, 10**10))
    desk.look()
    assert desk.history[-1].at <= datetime.now(UTC)


def test_a_sidecar_beside_a_photo_is_read_as_well(desk: Desk) -> None:
    note = desk.path(RED).with_suffix(".xmp")
    exiftool("-q", "-XMP-dc:Subject=gray-tray", str(note))
    [case] = desk.look().unclear
    assert "sidecar says gray-tray" in case.detail
    note.unlink()
    assert desk.look().unclear == []


def test_files_are_changed_while_they_are_read_without_a_wrong_word(desk: Desk) -> None:
    """A retoucher saves again and again: whatever a look catches, it is a whole file and one of their words."""
    stop = threading.Event()

    def retouch() -> None:
        while not stop.is_set():
            for keyword in ("gray-tray", "blue-pot"):
                desk.type(RED, keyword)

    worker = threading.Thread(target=retouch)
    worker.start()
    try:
        for _ in range(6):
            found = desk.look()
            assert found.unclear == []
    finally:
        stop.set()
        worker.join()
    desk.look()
    assert {word for _, word in desk.said(RED)} <= {"gray-tray", "blue-pot"}
    assert desk.labels() == {RED: "blue-pot"}


def test_a_bucket_is_read_back_as_a_folder_is(tmp_path: Path, s3_endpoint: str) -> None:
    client, bucket = s3_client(s3_endpoint), f"outbox-{uuid4().hex}"
    client.create_bucket(Bucket=bucket)
    shop = Shop(tmp_path, f"s3://{bucket}/for/photoshop", client)
    shop.put({name: photo for name, photo in usual_photos().items() if name in (RED, "lime.png")})
    shop.publish()
    shop.keyword()
    desk = Desk(shop)
    assert desk.look().history == []
    path = str(shop.rows()[RED]["path"])
    local = tmp_path / "local.jpg"
    local.write_bytes(shop.outbox.read(path))
    exiftool("-q", "-overwrite_original", "-IPTC:Keywords=gray-tray", "-XMP-dc:Subject=gray-tray", str(local))
    shop.outbox.write(path, local.read_bytes())
    assert len(news(shop.outbox, desk.journal, shop.tables).files) == 1
    assert [(entry.verdict, entry.keyword) for entry in desk.look().history] == [("corrected", "gray-tray")]
    assert not news(shop.outbox, desk.journal, shop.tables)
    client.close()


def test_labels_are_not_lost_with_the_files_that_said_them(desk: Desk) -> None:
    desk.type(RED, "gray-tray")
    desk.look()
    shutil.rmtree(desk.shop.outbox_at)
    assert {reading.state for reading in desk.look().readings} == {"missing"}
    assert desk.labels() == {RED: "gray-tray"}


def test_many_files_are_read_by_few_threads_and_little_memory(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_reading, "MEMORY", 1000)
    for file in (RED, "lime.png", "inner/blue.jpg"):
        desk.type(file, "gray-tray")
    assert len(desk.look().history) == 3, "a file larger than the cap is read alone"


def test_photos_that_were_renewed_since_are_another_case(desk: Desk) -> None:
    desk.type(RED, "gray-tray")
    desk.look()
    (desk.shop.folder / RED).write_bytes(factory.photo("red", (65, 49)))
    desk.shop.read()
    raw = desk.shop.tables.read("raw_images", SHOOT)
    decided = {(SHOOT, RED, entry.sha256): "gray-tray" for entry in desk.history}
    labelled = standardize_shoot(raw, desk.shop.words, decided).set_index("file")
    assert pd.isna(labelled.loc[RED, "keyword"])

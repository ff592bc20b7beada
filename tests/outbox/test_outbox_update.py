"""What changes in an outbox that is there already: shown first, then written, and never what a person touched."""

import os
import subprocess
from pathlib import Path

import pytest

from recipe_assets.studio.metadata import (
    add_iptc_keywords,
    image_data_sha256,
    read_keywords,
    read_provenance,
    sidecar_packet,
    write_keywords,
)
from recipe_assets.studio.quality.findings import DROP
from tests.outbox.shop import BY_A_PERSON, NEWER_BIAS, RED, SHOOT, VOCABULARY, Shop, changed
from tests.release import factory
from tests.s3 import lose_answers

STOVE, OVEN = f"stove/{SHOOT}", f"oven/{SHOOT}"


@pytest.fixture
def moved_on(shop: Shop) -> Shop:
    """A shoot keyworded by a first release, and a newer one that calls everything a gray tray."""
    shop.keyword()
    shop.publish(2, NEWER_BIAS)
    return shop


def exiftool(path: Path, *changes: str) -> None:
    subprocess.run(
        ["exiftool", "-q", "-overwrite_original", *changes, str(path)], check=True, capture_output=True, timeout=60
    )


def test_a_newer_release_shows_first_what_would_change(moved_on: Shop) -> None:
    before, rows = moved_on.everything(), moved_on.rows()
    outcome = moved_on.keyword()
    assert moved_on.photos().keys() == {path for path in before if not path.startswith("_tables/")}
    assert moved_on.everything() == before
    assert moved_on.rows() == rows
    changes = changed(outcome)
    assert sorted(changes.index) == sorted([RED, "lime.png", "doubtful.jpg", "inner/blue.jpg", "two.jpg"])
    assert set(changes["state"]) == {"waits"}
    red = changes.loc[RED]
    assert (red["old"], red["new"], red["old_pipeline"], red["new_pipeline"]) == (
        "red-pan",
        "gray-tray",
        "stove",
        "oven",
    )
    assert red["old_release_id"] < red["new_release_id"]
    attributes = moved_on.tables.attributes("keyworded_shoot", SHOOT)
    assert attributes is not None
    assert (attributes["waiting"], attributes["release"]) == ("5", moved_on.released.release_id)


def test_then_it_writes_and_moves_and_leaves_people_s_photos(moved_on: Shop) -> None:
    persons = moved_on.outbox.describe(f"{OVEN}/{BY_A_PERSON}")
    outcome = moved_on.keyword("write")
    assert set(outcome.changes["state"]) == {"written"}
    photos = moved_on.photos()
    assert not [path for path in photos if not path.startswith(OVEN)]
    ours = read_provenance(photos[f"{OVEN}/{RED}"])
    assert ours is not None
    assert (ours.keywords, ours.release) == (("gray-tray",), moved_on.released.release_id)
    assert read_keywords(photos[f"{OVEN}/{RED}"]).iptc == ("gray-tray",), "the old keyword of ours is gone"
    assert read_keywords(photos[f"{OVEN}/inner/blue.jpg"]).iptc == ("holiday", "gray-tray")
    assert moved_on.outbox.describe(f"{OVEN}/{BY_A_PERSON}") == persons
    assert moved_on.rows()[RED]["path"] == f"{OVEN}/{RED}"
    after = moved_on.everything()
    assert moved_on.keyword("write").changes.empty
    assert moved_on.everything() == after


def test_an_older_release_changes_nothing(shop: Shop) -> None:
    first = shop.publish(5)
    shop.keyword()
    before = shop.everything()
    shop.publish(3, NEWER_BIAS)
    assert shop.released.release_id < first
    assert shop.keyword("write").changes.empty
    assert shop.everything() == before


def test_a_newer_release_that_says_the_same_rewrites_nothing(shop: Shop) -> None:
    shop.keyword()
    before = shop.everything()
    shop.publish(2, 0.01)
    assert shop.keyword("write").changes.empty
    assert shop.everything() == before


def test_what_a_person_edited_took_or_moved_is_never_touched(folder_shop: Shop) -> None:
    folder_shop.keyword()
    box = folder_shop.root / "outbox"
    exiftool(box / STOVE / RED, "-IPTC:Keywords=blue-pot", "-XMP-dc:Subject=blue-pot")
    (box / STOVE / "doubtful.jpg").unlink()
    (box / OVEN / "inner").mkdir(parents=True)
    (box / STOVE / "inner" / "blue.jpg").rename(box / OVEN / "inner" / "blue.jpg")
    folder_shop.publish(2, NEWER_BIAS)
    shown = changed(folder_shop.keyword())
    before = folder_shop.photos()
    written = changed(folder_shop.keyword("write"))
    for changes in (shown, written):
        assert changes.loc[[RED, "doubtful.jpg", "inner/blue.jpg"], "state"].tolist() == ["left"] * 3
        assert "a person changed" in changes.loc[RED, "why"]
        assert "taken on or moved" in changes.loc["doubtful.jpg", "why"]
    after = folder_shop.photos()
    assert after[f"{STOVE}/{RED}"] == before[f"{STOVE}/{RED}"]
    assert after[f"{OVEN}/inner/blue.jpg"] == before[f"{OVEN}/inner/blue.jpg"]
    assert f"{STOVE}/doubtful.jpg" not in after
    assert f"{OVEN}/doubtful.jpg" not in after
    assert written.loc["lime.png", "state"] == "written", "the others are not held up"


def test_an_edit_that_keeps_size_and_time_is_seen_all_the_same(folder_shop: Shop) -> None:
    folder_shop.keyword()
    path = folder_shop.root / "outbox" / STOVE / RED
    before = path.read_bytes()
    times = path.stat()
    path.write_bytes(before.replace(b"red-pan", b"rad-pan"))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    folder_shop.publish(2, NEWER_BIAS)
    assert changed(folder_shop.keyword("write")).loc[RED, "state"] == "left"
    assert path.read_bytes() == before.replace(b"red-pan", b"rad-pan")


def test_a_photo_whose_answer_was_lost_is_ours_all_the_same(bucket_shop: Shop) -> None:
    shop, client = bucket_shop, bucket_shop.client
    assert client is not None
    shop.keyword()
    shop.review(RED, "blue-pot")
    lost = lose_answers(client, RED)
    assert changed(shop.keyword("write")).loc[RED, "state"] == "written"
    assert len(lost) == 1
    shop.review(RED, "gray-tray")
    assert changed(shop.keyword("write")).loc[RED, "state"] == "written"
    assert read_keywords(shop.photos()[f"{OVEN}/{RED}"]).iptc == ("gray-tray",)


def test_a_photo_that_changes_while_it_is_moved_is_kept(
    folder_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recipe_assets.outbox.putting import Files

    folder_shop.keyword()
    folder_shop.publish(2, NEWER_BIAS)
    old = folder_shop.root / "outbox" / STOVE / RED
    put = Files.put

    def put_while_a_person_saves(files: Files, made: object) -> object:
        row = put(files, made)  # type: ignore[arg-type]
        if row.file == RED:
            old.write_bytes(b"what a person just saved")
        return row

    monkeypatch.setattr(Files, "put", put_while_a_person_saves)
    assert changed(folder_shop.keyword("write")).loc[RED, "state"] == "left"
    assert old.read_bytes() == b"what a person just saved"
    assert f"{OVEN}/{RED}" not in folder_shop.photos()
    assert folder_shop.rows()[RED]["path"] == f"{STOVE}/{RED}"


def test_a_place_that_is_taken_leaves_the_photo_where_it_is(moved_on: Shop) -> None:
    moved_on.outbox.write(f"{OVEN}/{RED}", b"somebody's own")
    red = changed(moved_on.keyword("write")).loc[RED]
    assert red["state"] == "left"
    assert f"{OVEN}/{RED}" in red["why"]
    assert moved_on.outbox.read(f"{OVEN}/{RED}") == b"somebody's own"
    assert f"{STOVE}/{RED}" in moved_on.photos()


def test_a_person_s_word_in_the_review_queue_moves_the_photo(shop: Shop) -> None:
    shop.keyword()
    shop.review(RED, "gray-tray")
    assert changed(shop.keyword()).loc[RED, "state"] == "waits"
    shop.keyword("write")
    moved = shop.photos()[f"{OVEN}/{RED}"]
    assert read_keywords(moved).iptc == read_keywords(moved).xmp == ("gray-tray",)
    assert read_provenance(moved) is None, "what a person said is never taken back as ours"
    assert image_data_sha256(moved) == image_data_sha256(factory.photo("red"))
    assert shop.rows()[RED]["origin"] == "person"
    assert f"{STOVE}/{RED}" not in shop.photos()


def test_a_review_replaces_the_keyword_in_the_photo_and_leaves_other_words(folder_shop: Shop) -> None:
    folder_shop.put({"labelled.jpg": write_keywords(factory.photo("red"), ["red-pan", "retouch"])})
    folder_shop.review("labelled.jpg", "gray-tray")
    folder_shop.keyword()
    copy = folder_shop.photos()[f"{OVEN}/labelled.jpg"]
    assert set(read_keywords(copy).iptc) == set(read_keywords(copy).xmp) == {"gray-tray", "retouch"}
    before = folder_shop.photos()
    folder_shop.keyword("write")
    assert folder_shop.photos() == before


def test_a_person_s_word_that_agrees_changes_nothing(shop: Shop) -> None:
    shop.keyword()
    before = shop.everything()
    shop.review(RED, "red-pan")
    assert shop.keyword("write").changes.empty
    assert shop.everything() == before


def test_a_review_that_agrees_with_the_model_settles_a_photo_that_contradicts_itself(shop: Shop) -> None:
    shop.put({"pans.jpg": add_iptc_keywords(factory.photo("red"), ["red-pan", "blue-pot"])})
    shop.keyword()
    shop.review("pans.jpg", "red-pan")
    assert changed(shop.keyword()).loc["pans.jpg", "state"] == "waits"
    assert changed(shop.keyword("write")).loc["pans.jpg", "state"] == "written"
    row = shop.rows()["pans.jpg"]
    assert (row["origin"], row["needs_review"], row["reason"]) == ("person", False, None)
    copy = read_keywords(shop.photos()[f"{STOVE}/pans.jpg"])
    assert copy.iptc == copy.xmp == ("red-pan",)
    before = shop.everything()
    assert shop.keyword("write").changes.empty
    assert shop.everything() == before


def test_a_photo_that_contradicts_its_own_name_is_settled_by_a_person_too(folder_shop: Shop) -> None:
    shop, photo = folder_shop, add_iptc_keywords(factory.photo("red"), ["red-pan"])
    shop.put({"blue-pot 1.jpg": photo})
    shop.keyword()
    assert "file name says blue-pot" in str(shop.rows()["blue-pot 1.jpg"]["reason"])
    shop.review("blue-pot 1.jpg", "red-pan")
    shop.keyword("write")
    row = shop.rows()["blue-pot 1.jpg"]
    assert (row["origin"], row["needs_review"], row["reason"]) == ("person", False, None)
    assert shop.photos()[f"{STOVE}/blue-pot 1.jpg"] == photo


def test_a_contradiction_that_another_vocabulary_settles_is_written(folder_shop: Shop) -> None:
    shop = folder_shop
    shop.put({"pans.jpg": add_iptc_keywords(factory.photo("red"), ["red-pan", "blue-pot"])})
    shop.keyword()
    shop.vocabulary = "".join(line for line in VOCABULARY.splitlines(keepends=True) if "blue-pot" not in line)
    shop.standardize()
    shop.keyword("write")
    row = shop.rows()["pans.jpg"]
    assert (row["keyword"], row["origin"], row["reason"]) == ("red-pan", "person", None)


def test_a_review_reaches_the_sidecar_of_a_photo(folder_shop: Shop) -> None:
    shop, packet = folder_shop, sidecar_packet(None, ["green-bowl", "holiday"])
    shop.put({"noted.jpg": factory.photo("blue"), "noted.xmp": packet})
    shop.keyword()
    shop.review("noted.jpg", "gray-tray")
    shop.keyword("write")
    photos = shop.photos()
    said = read_keywords(photos[f"{OVEN}/noted.jpg"], photos[f"{OVEN}/noted.xmp"])
    assert set(said.iptc) == set(said.xmp) == set(said.sidecar) == {"gray-tray", "holiday"}
    assert image_data_sha256(photos[f"{OVEN}/noted.jpg"]) == image_data_sha256(factory.photo("blue"))
    before = shop.everything()
    assert shop.keyword("write").changes.empty
    assert shop.everything() == before


def test_a_review_that_agrees_with_the_sidecar_passes_byte_for_byte(folder_shop: Shop) -> None:
    shop, packet = folder_shop, sidecar_packet(None, ["green-bowl"])
    shop.put({"noted.jpg": factory.photo("blue"), "noted.xmp": packet})
    shop.review("noted.jpg", "green-bowl")
    shop.keyword()
    photos = shop.photos()
    assert photos[f"bowl/{SHOOT}/noted.jpg"] == factory.photo("blue")
    assert photos[f"bowl/{SHOOT}/noted.xmp"] == packet


def test_a_sidecar_that_cannot_be_rewritten_is_told_of_and_left(folder_shop: Shop) -> None:
    shop, packet = folder_shop, sidecar_packet(None, ["green-bowl"]).partition(b"</rdf:Bag>")[0]
    shop.put({"noted.jpg": write_keywords(factory.photo("blue"), ["blue-pot"]), "noted.xmp": packet})
    shop.review("noted.jpg", "gray-tray")
    shop.keyword()
    photos = shop.photos()
    assert read_keywords(photos[f"{OVEN}/noted.jpg"]).effective == ("gray-tray",)
    assert photos[f"{OVEN}/noted.xmp"] == packet
    assert "the XMP sidecar keeps its keywords" in str(shop.rows()["noted.jpg"]["reason"])


def test_a_photo_that_a_person_dropped_leaves_the_outbox(shop: Shop) -> None:
    shop.keyword()
    shop.review(RED, DROP)
    assert changed(shop.keyword()).loc[RED, "state"] == "waits"
    assert f"{STOVE}/{RED}" in shop.photos()
    shop.keyword("write")
    row = shop.rows()[RED]
    assert (row["path"], row["origin"], row["reason"]) == (None, "none", "dropped: by review")
    assert f"{STOVE}/{RED}" not in shop.photos()


def test_another_pipeline_in_the_vocabulary_moves_photos_without_asking_the_model(shop: Shop) -> None:
    shop.keyword()
    release_id = shop.rows()["lime.png"]["release_id"]
    shop.vocabulary = shop.vocabulary.replace("pipeline: bowl", "pipeline: glass")
    shop.standardize()
    assert changed(shop.keyword()).loc["lime.png", "new_pipeline"] == "glass"
    shop.keyword("write")
    assert f"glass/{SHOOT}/lime.png" in shop.photos()
    assert f"bowl/{SHOOT}/lime.png" not in shop.photos()
    assert shop.rows()["lime.png"]["release_id"] == release_id


def test_a_photo_that_was_delivered_anew_replaces_its_copy_unasked(shop: Shop) -> None:
    shop.keyword()
    shop.put({RED: factory.photo("lime"), "doubtful.jpg": factory.photo("maroon")})
    outcome = shop.keyword()
    assert outcome.changes.empty
    assert f"bowl/{SHOOT}/{RED}" in shop.photos()
    assert f"{STOVE}/{RED}" not in shop.photos()
    assert shop.rows()[RED]["keyword"] == "green-bowl"


def test_a_copy_that_a_person_edited_survives_a_new_delivery(folder_shop: Shop) -> None:
    folder_shop.keyword()
    path = folder_shop.root / "outbox" / STOVE / RED
    exiftool(path, "-XMP-dc:Rights=ours")
    edited = path.read_bytes()
    folder_shop.put({RED: factory.photo("lime")})
    assert changed(folder_shop.keyword("write")).loc[RED, "state"] == "left"
    assert path.read_bytes() == edited
    path.unlink()
    folder_shop.keyword()
    assert f"bowl/{SHOOT}/{RED}" in folder_shop.photos(), "once it is taken on, the new picture is written"


def test_new_photos_of_a_known_shoot_are_written_while_changes_wait(moved_on: Shop) -> None:
    before = moved_on.photos()
    moved_on.put({"late.jpg": factory.photo("red")})
    moved_on.keyword()
    assert moved_on.photos().keys() - before.keys() == {f"{OVEN}/late.jpg"}

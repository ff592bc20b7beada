"""A whole shoot into the outbox: who decides, where photos go, what stands in them, and that a rerun is idle."""

import csv
import io
import json

import pandas as pd
import pytest

from recipe_assets.outbox.errors import OutboxError
from recipe_assets.outbox.rows import DTYPES
from recipe_assets.outbox.shoot import Released
from recipe_assets.outbox.standing import Standing, standing
from recipe_assets.release.predictor import Predictor
from recipe_assets.studio.metadata import image_data_sha256, read_keywords, read_provenance
from tests.outbox.shop import BY_A_PERSON, MASK, RED, SHOOT, Shop, usual_photos
from tests.release import factory
from tests.studio.heic import heic


def stands_of(shop: Shop) -> Standing:
    found = standing(shop.tables, SHOOT, shop.released.release_id, shop.outbox.location)
    assert found is not None
    return found


def never() -> Predictor:
    raise AssertionError("no photo needs the model")


def test_each_photo_goes_to_the_pipeline_of_its_keyword(shop: Shop) -> None:
    shop.keyword()
    assert sorted(shop.photos()) == sorted(
        [
            f"stove/{SHOOT}/{RED}",
            f"oven/{SHOOT}/{BY_A_PERSON}",
            f"bowl/{SHOOT}/lime.png",
            f"stove/{SHOOT}/doubtful.jpg",
            f"stove/{SHOOT}/inner/blue.jpg",
            f"stove/{SHOOT}/two.jpg",
        ]
    )
    rows = shop.rows()
    assert {file: (row["keyword"], row["origin"]) for file, row in rows.items()} == {
        RED: ("red-pan", "model"),
        BY_A_PERSON: ("gray-tray", "person"),
        MASK: (None, "none"),
        "lime.png": ("green-bowl", "model"),
        "doubtful.jpg": ("red-pan", "model"),
        "inner/blue.jpg": ("blue-pot", "model"),
        "two.jpg": ("red-pan", "model"),
        "broken.jpg": (None, "none"),
    }
    assert "mask" in str(rows[MASK]["reason"])
    assert "unreadable" in str(rows["broken.jpg"]["reason"])


def test_our_keyword_is_written_with_its_provenance_and_no_pixel_changes(shop: Shop) -> None:
    shop.keyword()
    written, row = shop.photos()[f"stove/{SHOOT}/{RED}"], shop.rows()[RED]
    keywords, ours = read_keywords(written), read_provenance(written)
    assert keywords.iptc == keywords.xmp == ("red-pan",)
    assert ours is not None
    assert (ours.keywords, ours.release, ours.confidence) == (
        ("red-pan",),
        shop.released.release_id,
        row["confidence"],
    )
    assert ours.time is not None
    assert ours.time == pd.Timestamp(str(row["written_at"])).floor("s")
    assert image_data_sha256(written) == image_data_sha256(usual_photos()[RED])
    kept = read_keywords(shop.photos()[f"stove/{SHOOT}/inner/blue.jpg"])
    assert kept.iptc == ("holiday", "blue-pot"), "what a person wrote stays"


def test_photos_that_people_keyworded_pass_byte_for_byte(shop: Shop) -> None:
    shop.keyword()
    photos, originals, rows = shop.photos(), usual_photos(), shop.rows()
    assert photos[f"oven/{SHOOT}/{BY_A_PERSON}"] == originals[BY_A_PERSON]
    assert photos[f"stove/{SHOOT}/two.jpg"] == originals["two.jpg"], "one keyword more would settle nothing"
    assert rows["two.jpg"]["needs_review"] is True
    assert "ambiguous" in str(rows["two.jpg"]["reason"])
    assert (rows[BY_A_PERSON]["release_id"], rows[BY_A_PERSON]["confidence"]) == (None, None)


def test_the_model_answers_from_thumbnails_as_it_does_from_originals(folder_shop: Shop) -> None:
    folder_shop.keyword()
    row = folder_shop.rows()["inner/blue.jpg"]
    ranked = folder_shop.released.load().rank(usual_photos()["inner/blue.jpg"])
    said = [(row["keyword"], row["confidence"]), (row["second"], row["second_confidence"])]
    assert said == [(one.keyword, one.confidence) for one in ranked[:2]]
    assert folder_shop.rows()["doubtful.jpg"]["needs_review"] is True
    assert row["needs_review"] is False


def test_a_second_run_asks_nothing_and_changes_no_byte_and_no_time(shop: Shop) -> None:
    first = shop.keyword()
    before = shop.everything()
    idle = Released(shop.released.release_id, never)
    from recipe_assets.outbox.shoot import keyword_shoot

    second = keyword_shoot(shop.rooms, SHOOT, idle, "write")
    assert shop.everything() == before
    pd.testing.assert_frame_equal(first.rows, second.rows)
    assert second.changes.empty


def test_tables_say_what_the_contract_says(shop: Shop) -> None:
    outcome = shop.keyword()
    stored = shop.tables.read("keyworded_shoot", SHOOT)
    assert stored.dtypes.astype("string").to_dict() == DTYPES
    copy = pd.read_parquet(io.BytesIO(shop.outbox.read(f"_tables/{SHOOT}/decisions.parquet")))
    pd.testing.assert_frame_equal(stored, copy, check_like=False)
    assert outcome.csv == shop.outbox.url(f"_tables/{SHOOT}/decisions.csv")
    text = shop.outbox.read(f"_tables/{SHOOT}/decisions.csv").decode("utf-8-sig")
    by_file = {row["file"]: row for row in csv.DictReader(io.StringIO(text))}
    assert by_file[RED]["keyword"] == "red-pan"
    assert by_file[MASK]["path"] == ""


def test_the_hand_over_names_photo_keyword_pipeline_and_step(shop: Shop) -> None:
    shop.keyword()
    lines = shop.outbox.read(f"_tables/{SHOOT}/handover.jsonl").splitlines()
    listed = {str(one["photo"]).rpartition("/")[2]: one for one in map(json.loads, lines)}
    assert listed[BY_A_PERSON] == {
        "photo": shop.outbox.url(f"oven/{SHOOT}/{BY_A_PERSON}"),
        "keyword": "gray-tray",
        "pipeline": "oven",
        "shoot": SHOOT,
        "step": "main",
        "main": True,
    }
    assert (listed[RED]["step"], listed[RED]["main"]) == ("01", False)
    assert MASK not in listed


def test_a_name_that_a_spreadsheet_would_run_is_guarded(folder_shop: Shop) -> None:
    folder_shop.put({"=1+1.jpg": factory.photo("red")})
    folder_shop.keyword()
    text = folder_shop.outbox.read(f"_tables/{SHOOT}/decisions.csv").decode("utf-8-sig")
    assert "\nweek-1,'=1+1.jpg," in text
    assert f"stove/{SHOOT}/=1+1.jpg" in folder_shop.photos()


def test_a_format_that_is_not_rewritten_gets_a_sidecar(folder_shop: Shop) -> None:
    folder_shop.put({"phone.heic": heic()})
    folder_shop.keyword()
    row, photos = folder_shop.rows()["phone.heic"], folder_shop.photos()
    assert photos[str(row["path"])] == heic()
    beside = photos[str(row["sidecar"])]
    assert str(row["sidecar"]).endswith(f"{SHOOT}/phone.xmp")
    assert read_keywords(heic(), beside).effective == (row["keyword"],)
    assert read_provenance(heic(), beside) is not None
    before = folder_shop.everything()
    folder_shop.keyword("write")
    assert folder_shop.everything() == before


def test_a_sidecar_of_the_studio_travels_with_its_photo(folder_shop: Shop) -> None:
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:subject><rdf:Bag>'
        b"<rdf:li>green-bowl</rdf:li></rdf:Bag></dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    folder_shop.put({"noted.jpg": factory.photo("red"), "noted.xmp": packet})
    folder_shop.keyword()
    photos = folder_shop.photos()
    assert folder_shop.rows()["noted.jpg"]["origin"] == "person"
    assert photos[f"bowl/{SHOOT}/noted.jpg"] == factory.photo("red")
    assert photos[f"bowl/{SHOOT}/noted.xmp"] == packet


def test_an_original_that_left_or_changed_is_named_and_the_others_are_written(folder_shop: Shop) -> None:
    (folder_shop.folder / RED).unlink()
    (folder_shop.folder / "doubtful.jpg").write_bytes(factory.photo("black"))
    folder_shop.keyword()
    rows = folder_shop.rows()
    assert rows[RED]["reason"] == "the original is no longer in the studio"
    assert "changed since its shoot was read" in str(rows["doubtful.jpg"]["reason"])
    assert rows[RED]["path"] is rows["doubtful.jpg"]["path"] is None
    assert len(folder_shop.photos()) == 4
    folder_shop.put({RED: factory.photo("red")})
    folder_shop.keyword()
    assert len(folder_shop.photos()) == 6, "what failed is tried again"


def test_another_file_in_the_way_is_left_as_it_is(shop: Shop) -> None:
    shop.outbox.write(f"stove/{SHOOT}/{RED}", b"somebody's own")
    shop.keyword("write")
    assert shop.outbox.read(f"stove/{SHOOT}/{RED}") == b"somebody's own"
    row = shop.rows()[RED]
    assert row["path"] is None
    assert "move that file away" in str(row["reason"])


def test_names_that_only_a_bucket_can_have_hold_up_nobody_else(bucket_shop: Shop) -> None:
    shop, client = bucket_shop, bucket_shop.client
    assert client is not None
    client.create_bucket(Bucket=f"studio-of-{shop.outbox_at.split('/')[2]}")
    names = ["../../up.jpg", "a//b.jpg", "a.jpg", "a.jpg/inner.jpg", f"{'long' * 70}.jpg", "plain.jpg"]
    for name in names:
        key = f"shoots/{SHOOT}/{name}"
        client.put_object(Bucket=f"studio-of-{shop.outbox_at.split('/')[2]}", Key=key, Body=factory.photo("red"))
    shop.studio_at = f"s3://studio-of-{shop.outbox_at.split('/')[2]}/shoots"
    shop.outbox_at = str(shop.root / "outbox")
    shop.read()
    shop.keyword()
    rows = shop.rows()
    assert {"a//b.jpg", "plain.jpg"} < rows.keys()
    assert rows["plain.jpg"]["path"] == f"stove/{SHOOT}/plain.jpg"
    for name in set(names) & rows.keys() - {"plain.jpg", "a.jpg", "a.jpg/inner.jpg"}:
        assert rows[name]["path"] is None
        assert "cannot be a path in the outbox" in str(rows[name]["reason"])
    assert sum(rows[name]["path"] is None for name in ("a.jpg", "a.jpg/inner.jpg")) == 1
    assert not (shop.root / "up.jpg").exists()
    assert len(shop.photos()) == 2


def test_a_shoot_that_left_the_studio_keeps_its_files(folder_shop: Shop) -> None:
    folder_shop.keyword()
    before = folder_shop.everything()
    for path in sorted(folder_shop.folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder_shop.folder.rmdir()
    folder_shop.keyword("write")
    assert folder_shop.everything() == before


def test_a_photo_that_left_the_studio_stays_in_the_table(folder_shop: Shop) -> None:
    folder_shop.keyword()
    (folder_shop.folder / RED).unlink()
    folder_shop.read()
    outcome = folder_shop.keyword("write")
    assert outcome.gone == 1
    assert folder_shop.rows()[RED]["path"] == f"stove/{SHOOT}/{RED}"
    assert f"stove/{SHOOT}/{RED}" in folder_shop.photos()


def test_standing_follows_files_keywords_release_and_outbox(folder_shop: Shop) -> None:
    assert stands_of(folder_shop).is_new
    assert stands_of(folder_shop).older
    folder_shop.keyword()
    stands = stands_of(folder_shop)
    assert (stands.is_new, stands.older) == (False, set())
    location = folder_shop.outbox.location
    later = standing(folder_shop.tables, SHOOT, "another", location)
    elsewhere = standing(folder_shop.tables, SHOOT, folder_shop.released.release_id, f"{location}-2")
    assert later is not None
    assert elsewhere is not None
    assert (later.is_new, later.older) == (False, {"release"})
    assert (elsewhere.is_new, elsewhere.older) == (True, {"outbox"})
    assert len({stands.work(SHOOT), later.work(SHOOT), elsewhere.work(SHOOT)}) == 3
    folder_shop.review(RED, "blue-pot")
    assert stands_of(folder_shop).older == {"labels"}
    assert standing(folder_shop.tables, "unheard-of", "any", location) is None


def test_keywords_older_than_the_files_are_refused(folder_shop: Shop) -> None:
    standardized = folder_shop.tables.read("standardized_keywords", SHOOT)
    folder_shop.tables.write(standardized, "standardized_keywords", SHOOT, {"files": "older"})
    with pytest.raises(OutboxError, match="no current standardized_keywords"):
        folder_shop.keyword()


def test_a_pipeline_that_cannot_be_a_folder_is_refused_before_anything_is_written(folder_shop: Shop) -> None:
    folder_shop.vocabulary = folder_shop.vocabulary.replace("pipeline: oven", 'pipeline: "../../etc"')
    folder_shop.standardize()
    with pytest.raises(OutboxError, match="cannot name a folder"):
        folder_shop.keyword()
    assert folder_shop.everything() == {}


def test_an_outbox_inside_of_the_studio_is_refused(folder_shop: Shop) -> None:
    folder_shop.outbox_at = str(folder_shop.root / "studio" / "outbox")
    with pytest.raises(OutboxError, match="lie in each other"):
        folder_shop.keyword()
    assert not (folder_shop.root / "studio" / "outbox").exists()


def test_progress_counts_to_the_end(folder_shop: Shop) -> None:
    told: list[tuple[int, int]] = []
    folder_shop.keyword(report=lambda done, total: told.append((done, total)))
    assert told[-1] == (8, 8)

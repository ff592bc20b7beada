"""`recipe keyword`: what is written, what is left alone, and what people are told."""

import os
import threading
from pathlib import Path

import pytest

from recipe_assets.commands.keywording.files import held
from recipe_assets.commands.keywording.service import Service
from recipe_assets.commands.keywording.tagging import Rules, keyword_photo
from recipe_assets.studio.metadata import image_data_sha256, read_keywords, read_provenance, write_keywords
from tests.api.conftest import Running, until
from tests.commands.conftest import Desk
from tests.release import factory
from tests.studio.heic import heic
from tests.studio.metadata_files import psd
from tests.studio.pictures import exiftool


@pytest.mark.parametrize(("color", "keyword"), [("red", "red-pan"), ("lime", "green-bowl"), ("blue", "blue-pot")])
@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "PNG", "WEBP"])
def test_a_photo_gets_its_keyword_in_place_and_keeps_its_pixels(
    desk: Desk, api: Running, color: str, keyword: str, kind: str
) -> None:
    photo = factory.photo(color, kind=kind)
    path = desk.put(f"one.{kind.lower().replace('jpeg', 'jpg')}", photo)
    path.chmod(0o640)
    [told] = desk.keyword().values()
    now = path.read_bytes()
    record = read_provenance(now)
    assert record is not None
    assert (told.outcome, told.keyword, told.pipeline) == ("keyworded", keyword, "stove")
    assert (record.keywords, record.release) == ((keyword,), api.health()["release_id"])
    assert record.confidence == told.confidence
    assert read_keywords(now).xmp == (keyword,)
    assert image_data_sha256(now) == image_data_sha256(photo)
    assert path.stat().st_mode & 0o777 == 0o640


def test_other_programs_read_the_keyword(desk: Desk) -> None:
    path = desk.put("one.jpg")
    desk.keyword()
    assert exiftool("-s3", "-IPTC:Keywords", "-XMP-dc:Subject", str(path)).split() == ["red-pan", "red-pan"]


def test_a_second_run_changes_nothing_and_asks_for_no_photo(desk: Desk, api: Running) -> None:
    for number in range(3):
        desk.put(f"shoot/{number}.jpg", factory.photo("red", (64, 40 + number)))
    desk.keyword()
    before = desk.state()
    asked = api.client.get("/metrics").text
    assert set(desk.kinds().values()) == {"same"}
    assert desk.state() == before

    def answered(metrics: str) -> list[str]:
        return [
            line for line in metrics.splitlines() if line.startswith("recipe_api_requests") and "predict" in line
        ]

    assert answered(asked)
    assert answered(api.client.get("/metrics").text) == answered(asked)


def test_a_persons_keyword_is_left_alone_however_it_is_spelled(desk: Desk) -> None:
    theirs = [write_keywords(factory.photo(), [word]) for word in ("blue-pot", "Green Bowl")]
    for number, photo in enumerate(theirs):
        desk.put(f"{number}.jpg", photo)
    before = desk.state()
    assert set(desk.kinds().values()) == {"person"}
    assert desk.state() == before


def test_a_keyword_in_the_sidecar_is_a_persons_too(desk: Desk) -> None:
    path = desk.put("one.jpg")
    exiftool("-o", str(path.with_suffix(".xmp")), "-XMP-dc:Subject=blue-pot", str(path))
    before = desk.state()
    assert desk.kinds() == {"one.jpg": "person"}
    assert desk.state() == before


def test_words_that_are_no_keywords_stay_beside_ours(desk: Desk) -> None:
    path = desk.put("one.jpg", write_keywords(factory.photo(), ["client Hansen", "2026"]))
    assert desk.kinds() == {"one.jpg": "keyworded"}
    assert read_keywords(path.read_bytes()).iptc == ("client Hansen", "2026", "red-pan")


def test_replace_takes_a_persons_keyword_out_and_only_that(desk: Desk) -> None:
    path = desk.put("one.jpg", write_keywords(factory.photo(), ["client Hansen", "blue-pot"]))
    before = path.read_bytes()
    assert desk.kinds("--replace") == {"one.jpg": "keyworded"}
    assert read_keywords(path.read_bytes()).iptc == ("client Hansen", "red-pan")
    assert read_provenance(path.read_bytes()).keywords == ("red-pan",)
    assert desk.kinds("--replace") == {"one.jpg": "same"}
    assert desk.kinds("--undo") == {"one.jpg": "restored"}
    assert path.read_bytes() == before


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(desk: Desk) -> None:
    desk.put("one.jpg")
    before = desk.state()
    said = desk.recipe(str(desk.folder), "--dry-run").stdout
    assert "1  keyworded (nothing was written)" in said
    assert "one.jpg: red-pan, " in said
    assert desk.state() == before


def test_a_keyword_below_the_wanted_confidence_is_not_written(desk: Desk) -> None:
    desk.put("sure.jpg")
    desk.put("unsure.jpg", factory.photo("gray"))
    sure = desk.keyword("--dry-run")["sure.jpg"].confidence
    assert sure is not None
    before = desk.state()["unsure.jpg"]
    assert desk.kinds("--min-confidence", f"{sure:.2f}") == {"sure.jpg": "keyworded", "unsure.jpg": "unsure"}
    assert desk.state()["unsure.jpg"] == before


def test_masks_hidden_files_and_what_is_no_photo_are_passed_over(desk: Desk) -> None:
    for name in ("a__mask.jpg", ".hidden.jpg", "@eaDir/small.jpg", "notes.txt"):
        desk.put(name)
    before = desk.state()
    assert desk.kinds() == {"a__mask.jpg": "mask"}
    assert desk.state() == before


@pytest.mark.parametrize(("name", "photo"), [("one.psd", psd(b"")), ("one.heic", heic())])
def test_what_we_do_not_rewrite_gets_an_xmp_file_that_an_undo_removes(desk: Desk, name: str, photo: bytes) -> None:
    path = desk.put(name, photo)
    [told] = desk.keyword().values()
    assert told.outcome == "keyworded"
    assert path.read_bytes() == photo
    assert read_keywords(photo, path.with_suffix(".xmp").read_bytes()).sidecar == (told.keyword,)
    assert desk.kinds() == {name: "same"}
    assert desk.kinds("--undo") == {"one.xmp": "restored"}
    assert set(desk.state()) == {name}


def test_an_xmp_file_of_somebody_else_keeps_what_it_says(desk: Desk) -> None:
    path = desk.put("one.psd", psd(b""))
    beside = path.with_suffix(".xmp")
    exiftool("-o", str(beside), "-XMP-dc:Subject=client", "-XMP-xmp:Rating=4", str(desk.put("other.jpg")))
    before = beside.read_bytes()
    assert desk.kinds()["one.psd"] == "keyworded"
    assert exiftool("-s3", "-XMP-xmp:Rating", "-XMP-dc:Subject", str(beside)).splitlines()[0] == "4"
    assert "client" in read_keywords(b"", beside.read_bytes()).sidecar
    desk.keyword("--undo")
    assert beside.read_bytes() == before


def test_two_photos_of_one_name_do_not_share_an_xmp_file(desk: Desk) -> None:
    desk.put("one.psd", psd(b""))
    desk.put("one.heic", heic())
    assert set(desk.kinds().values()) == {"keyworded"}
    assert set(desk.state()) >= {"one.psd.xmp", "one.heic.xmp"}


def test_broken_photos_are_named_and_the_others_done(desk: Desk) -> None:
    good = factory.photo("red", (300, 200))
    desk.put("good.jpg", good)
    desk.put("cut.jpg", good[: len(good) // 2])
    desk.put("empty.jpg", b"")
    desk.put("text.jpg", b"no photo at all")
    before = desk.state()
    outcome = desk.recipe(str(desk.folder))
    assert outcome.exit_code == 1
    assert "1  keyworded" in outcome.stdout
    assert "3  failed" in outcome.stdout
    for name in ("cut.jpg", "empty.jpg", "text.jpg"):
        assert f"{name}: " in outcome.stderr
        assert desk.state()[name] == before[name]


def test_a_photo_that_is_named_is_keyworded_and_nothing_else(desk: Desk) -> None:
    path, other = desk.put("one.jpg"), desk.put("two.jpg")
    before = other.read_bytes()
    assert desk.recipe(str(path)).exit_code == 0
    assert read_provenance(path.read_bytes()) is not None
    assert other.read_bytes() == before


def test_a_link_stays_a_link_and_its_photo_is_keyworded_once(desk: Desk) -> None:
    path = desk.put("real/one.jpg")
    link = desk.folder / "link.jpg"
    link.symlink_to(path)
    assert list(desk.kinds().values()) == ["keyworded"]
    assert link.is_symlink()
    assert read_provenance(path.read_bytes()) is not None


def test_an_empty_folder_is_no_error_and_a_missing_one_is(desk: Desk) -> None:
    assert (desk.recipe(str(desk.folder)).exit_code, desk.recipe(str(desk.folder)).stdout) == (
        0,
        "no photo to work on\n",
    )
    missing = desk.recipe(str(desk.folder / "nowhere"))
    assert missing.exit_code == 1
    assert missing.stderr.startswith("error: ")
    assert "is not there" in missing.stderr


def test_what_somebody_saves_meanwhile_is_kept(desk: Desk, api: Running) -> None:
    path = desk.put("one.jpg")
    theirs = write_keywords(factory.photo("blue"), ["client"])
    asked = threading.Event()

    class Noticed(Service):
        def classify(self, picture: bytes) -> object:
            answer = super().classify(picture)
            asked.set()
            return answer

    service = Noticed([api.url])
    told: list[object] = []
    worker = threading.Thread(target=lambda: told.append(keyword_photo(path, path.name, service, Rules())))
    with held(desk.folder):
        worker.start()
        until(asked.is_set)
        path.write_bytes(theirs)  # after it was read and classified, before it is replaced
    worker.join()
    service.close()
    assert told[0].keyword == "blue-pot"
    assert read_keywords(path.read_bytes()).iptc == ("client", "blue-pot")


def test_leftovers_of_a_killed_run_are_removed(desk: Desk) -> None:
    desk.put("one.jpg")
    left = desk.put(".0123.recipe-part", b"half a photo")
    desk.keyword()
    assert not left.exists()


def test_a_folder_that_cannot_be_written_is_said_of_each_photo(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.powers import without_powers

    path = desk.put("one.jpg")
    path.chmod(0o666)
    before = desk.state()
    monkeypatch.chdir(desk.folder)
    os.chmod(desk.folder, 0o555)  # noqa: PTH101 (the folder above may be closed to the other user)
    service = Service([desk.url])
    with without_powers():
        told = keyword_photo(Path("one.jpg"), "one.jpg", service, Rules())
    service.close()
    desk.folder.chmod(0o755)
    assert (told.outcome, told.detail) == ("failed", "cannot be read or written: Permission denied")
    assert desk.state() == before

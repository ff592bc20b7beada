"""`recipe keyword` and XMP files: those that several photos share, and those that a person's keyword stands in."""

import os
from pathlib import Path

import pytest

from recipe_assets.commands.keywording import tagging
from recipe_assets.commands.keywording.files import replace
from recipe_assets.studio.metadata import (
    Provenance,
    read_keywords,
    read_provenance,
    sidecar_packet,
    write_keywords,
)
from tests.commands.conftest import Desk
from tests.release import factory
from tests.studio.heic import heic

EARLIER = Provenance("earlier", 90.0)


def words_of(sidecar: Path) -> tuple[str, ...]:
    return read_keywords(b"", sidecar.read_bytes()).sidecar


def test_a_shared_xmp_file_stays_as_it_is_and_each_photo_gets_its_own_keyword(desk: Desk) -> None:
    desk.put("a.heic", heic())
    photo = desk.put("a.jpg", factory.photo("lime"))
    shared = desk.put("a.xmp", sidecar_packet(None, ["holiday"]))
    before, theirs = desk.state(), shared.read_bytes()
    told = desk.keyword("--workers", "1")
    assert {one.outcome for one in told.values()} == {"keyworded"}
    assert read_keywords(photo.read_bytes()).iptc == ("green-bowl",)
    assert shared.read_bytes() == theirs
    assert words_of(desk.folder / "a.heic.xmp") == ("holiday", told["a.heic"].keyword)
    after = desk.state()
    assert set(desk.kinds().values()) == {"same"}
    assert desk.state() == after
    desk.keyword("--undo")
    assert desk.state() == before


def test_a_persons_keyword_in_a_shared_xmp_file_speaks_for_all_its_photos(desk: Desk) -> None:
    desk.put("a.heic", heic())
    desk.put("a.jpg")
    desk.put("a.xmp", sidecar_packet(None, ["blue-pot"]))
    before = desk.state()
    assert set(desk.kinds().values()) == {"person"}
    assert desk.state() == before


def test_a_record_in_a_shared_xmp_file_is_of_no_photo_in_particular(desk: Desk) -> None:
    """Written when its photo was alone: the words are ours, and nobody knows of which photo."""
    desk.put("a.heic", heic())
    theirs = desk.put("a.jpg", write_keywords(factory.photo("lime"), ["red-pan"]))
    done = desk.put("a.png", write_keywords(factory.photo(kind="PNG"), ["blue-pot"], "add", EARLIER))
    photo = desk.put("a.tif", factory.photo("lime", kind="TIFF"))
    desk.put("a.xmp", sidecar_packet(sidecar_packet(None, ["holiday"]), ["red-pan"], "add", EARLIER))
    before = desk.state()
    kinds = desk.kinds()
    assert kinds == {"a.heic": "keyworded", "a.jpg": "person", "a.png": "same", "a.tif": "keyworded"}
    assert read_keywords(photo.read_bytes()).iptc == ("green-bowl",)
    own = desk.folder / "a.heic.xmp"
    assert read_provenance(b"", own.read_bytes()).release != "earlier"
    assert words_of(own)[0] == "holiday"
    for path in (theirs, done, desk.folder / "a.xmp"):
        assert path.read_bytes() == before[path.name][0]
    assert desk.kinds() == {"a.heic": "same", "a.jpg": "person", "a.png": "same", "a.tif": "same"}


@pytest.mark.parametrize(("kind", "name"), [("JPEG", "b.jpg"), ("TIFF", "b.tif"), ("PNG", "b.png")])
@pytest.mark.parametrize("suffix", [".xmp", ".XMP"])
def test_replace_takes_a_persons_keyword_out_of_the_xmp_file_too(
    desk: Desk, kind: str, name: str, suffix: str
) -> None:
    photo = desk.put(name, factory.photo("lime", kind=kind))
    beside = desk.put(f"b{suffix}", sidecar_packet(None, ["client Hansen", "Blue Pot"]))
    before = desk.state()
    assert desk.kinds("--replace") == {name: "keyworded"}
    assert "green-bowl" in read_keywords(photo.read_bytes()).iptc
    assert words_of(beside) == ("client Hansen",)
    after = desk.state()
    assert desk.kinds("--replace") == {name: "same"}
    assert desk.kinds() == {name: "same"}
    assert desk.state() == after
    assert desk.recipe(str(photo), "--undo").exit_code == 0
    assert desk.state() == before


def test_replace_leaves_an_xmp_file_alone_that_names_no_keyword(desk: Desk) -> None:
    desk.put("b.jpg", write_keywords(factory.photo("lime"), ["blue-pot"]))
    beside = desk.put("b.xmp", sidecar_packet(None, ["client Hansen"]))
    before = beside.read_bytes()
    assert desk.kinds("--replace") == {"b.jpg": "keyworded"}
    assert beside.read_bytes() == before
    assert desk.kinds("--replace") == {"b.jpg": "same"}


def test_replace_of_a_shared_xmp_file_gives_each_photo_its_own(desk: Desk) -> None:
    desk.put("a.heic", heic())
    photo = desk.put("a.jpg", factory.photo("lime"))
    shared = desk.put("a.xmp", sidecar_packet(None, ["client Hansen", "blue-pot"]))
    before, theirs = desk.state(), shared.read_bytes()
    told = desk.keyword("--replace")
    assert {one.outcome for one in told.values()} == {"keyworded"}
    assert shared.read_bytes() == theirs
    assert words_of(desk.folder / "a.jpg.xmp") == ("client Hansen",)
    assert words_of(desk.folder / "a.heic.xmp") == ("client Hansen", told["a.heic"].keyword)
    assert "green-bowl" in read_keywords(photo.read_bytes()).iptc
    assert set(desk.kinds("--replace").values()) == {"same"}
    desk.keyword("--undo")
    assert desk.state() == before


def test_an_xmp_file_that_cannot_be_changed_leaves_the_photo_as_it_was(desk: Desk) -> None:
    desk.put("b.jpg", factory.photo("lime"))
    desk.put("b.xmp", sidecar_packet(None, ["blue-pot"]).replace(b"<rdf:RDF", b"<!-- \xff --><rdf:RDF", 1))
    before = desk.state()
    [told] = desk.keyword("--replace").values()
    assert (told.outcome, "is no text" in str(told.detail)) == ("failed", True)
    assert desk.state() == before


def test_a_run_that_failed_between_photo_and_xmp_file_is_finished_and_undone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = desk.put("b.jpg", factory.photo("lime"))
    beside = desk.put("b.xmp", sidecar_packet(None, ["blue-pot"]))
    before = desk.state()

    def failing(path: Path, data: bytes, like: os.stat_result | None) -> None:
        if path == beside:
            raise OSError(5, "Input/output error")
        replace(path, data, like)

    with monkeypatch.context() as patch:
        patch.setattr(tagging, "replace", failing)
        assert desk.kinds("--replace") == {"b.jpg": "failed"}
    assert read_provenance(photo.read_bytes()) is not None
    assert words_of(beside) == ("blue-pot",)
    assert desk.kinds("--replace") == {"b.jpg": "keyworded"}
    assert words_of(beside) == ()
    desk.keyword("--undo")
    assert desk.state() == before


def test_an_undo_does_not_take_somebodys_xmp_file_for_one_that_was_replaced(desk: Desk) -> None:
    """Without a person's keyword, an XMP file may say the very same as one that we never wrote."""
    desk.put("b.jpg")
    beside = desk.put("b.xmp", sidecar_packet(None, ["client", "blue-pot"]))
    desk.keyword("--replace")
    desk.put("c.jpg", factory.photo("lime"))
    stranger = desk.put("c.xmp", beside.read_bytes())
    before = stranger.read_bytes()
    assert desk.kinds("--undo") == {"b.jpg": "restored", "b.xmp": "restored"}
    assert stranger.read_bytes() == before
    assert words_of(beside) == ("client", "blue-pot")


def test_an_undo_does_not_remove_somebodys_xmp_file_that_says_the_same_as_a_new_one(desk: Desk) -> None:
    desk.put("a.heic", heic())
    desk.put("a.jpg")
    desk.put("a.xmp", sidecar_packet(None, ["client", "blue-pot"]))
    before = desk.state()
    desk.keyword("--replace")
    stranger = desk.put("c.xmp", (desk.folder / "a.jpg.xmp").read_bytes())
    desk.keyword("--undo")
    assert desk.state() == before | {"c.xmp": (stranger.read_bytes(), stranger.stat().st_mtime_ns)}


def test_a_replaced_xmp_file_that_was_renamed_with_its_photo_is_put_back(desk: Desk) -> None:
    photo = desk.put("b.jpg")
    beside = desk.put("b.xmp", sidecar_packet(None, ["client", "blue-pot"]))
    before = photo.read_bytes(), beside.read_bytes()
    desk.keyword("--replace")
    moved = photo.rename(desk.folder / "z.jpg"), beside.rename(desk.folder / "z.xmp")
    assert desk.kinds("--undo") == {"z.jpg": "restored", "z.xmp": "restored"}
    assert (moved[0].read_bytes(), moved[1].read_bytes()) == before
    assert set(desk.state()) == {"z.jpg", "z.xmp"}

"""What a person saves in the outbox while a run is at that very photo is kept, the photo with its sidecar."""

from collections.abc import Callable

import pytest

from recipe_assets.outbox.journal import Journal
from recipe_assets.outbox.rows import Row
from recipe_assets.studio.metadata import read_keywords, sidecar_packet
from recipe_assets.studio.quality.findings import DROP
from tests.outbox.shop import SHOOT, Shop, changed
from tests.release import factory
from tests.studio.heic import heic

STOVE = f"stove/{SHOOT}"
PHONE, NOTED = "phone.heic", "noted.jpg"
Save = Callable[[Shop, str, bytes], None]


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Save:
    """Arranges that a person saves a file of the outbox while the next run makes a copy; the run has looked."""

    def arrange(shop: Shop, path: str, data: bytes) -> None:
        begin = Journal.begin

        def begin_while_a_person_saves(journal: Journal, row: Row, before: Row | None) -> None:
            begin(journal, row, before)
            if path.endswith(f"/{row.file}") or path == (before.sidecar if before else None):
                shop.outbox.write(path, data)

        monkeypatch.setattr(Journal, "begin", begin_while_a_person_saves)

    return arrange


@pytest.mark.parametrize("word", ["gray-tray", "blue-pot", DROP], ids=["moved", "replaced", "dropped"])
def test_a_sidecar_that_a_person_saves_is_kept_beside_its_photo(shop: Shop, meanwhile: Save, word: str) -> None:
    shop.put({PHONE: heic()})
    shop.review(PHONE, "red-pan")
    shop.keyword()
    before, beside = shop.photos(), f"{STOVE}/phone.xmp"
    edited = sidecar_packet(before[beside], ["theirs"])
    shop.review(PHONE, word)
    meanwhile(shop, beside, edited)
    assert changed(shop.keyword("write")).loc[PHONE, "state"] == "left"
    assert shop.photos() == before | {beside: edited}
    assert (shop.rows()[PHONE]["path"], shop.rows()[PHONE]["keyword"]) == (f"{STOVE}/{PHONE}", "red-pan")
    assert "a person changed" in changed(shop.keyword("write")).loc[PHONE, "why"]


def test_a_sidecar_that_left_the_studio_is_kept_if_a_person_saves_it(shop: Shop, meanwhile: Save) -> None:
    shop.put({NOTED: factory.photo("red"), "noted.xmp": sidecar_packet(None, ["holiday"])})
    shop.keyword()
    before, beside = shop.photos(), f"{STOVE}/noted.xmp"
    (shop.folder / "noted.xmp").unlink()
    shop.put({NOTED: factory.photo("red", (70, 70))})
    meanwhile(shop, beside, b"what a person just saved")
    assert changed(shop.keyword("write")).loc[NOTED, "state"] == "left"
    assert shop.photos() == before | {beside: b"what a person just saved"}


@pytest.mark.parametrize("noted_before", [True, False])
def test_a_photo_that_a_person_saves_keeps_the_sidecar_it_had(
    shop: Shop, meanwhile: Save, noted_before: bool
) -> None:
    note = {"noted.xmp": sidecar_packet(None, ["holiday"])}
    shop.put({NOTED: factory.photo("red"), **(note if noted_before else {})})
    shop.keyword()
    before = shop.photos()
    assert (f"{STOVE}/noted.xmp" in before) == noted_before
    shop.put({NOTED: factory.photo("red", (70, 70)), "noted.xmp": sidecar_packet(None, ["holiday", "summer"])})
    meanwhile(shop, f"{STOVE}/{NOTED}", b"what a person just saved")
    assert changed(shop.keyword("write")).loc[NOTED, "state"] == "left"
    assert shop.photos() == before | {f"{STOVE}/{NOTED}": b"what a person just saved"}


def test_a_sidecar_that_nobody_saves_is_replaced_with_its_photo(shop: Shop) -> None:
    shop.put({PHONE: heic()})
    shop.review(PHONE, "red-pan")
    shop.keyword()
    shop.review(PHONE, "blue-pot")
    assert changed(shop.keyword("write")).loc[PHONE, "state"] == "written"
    assert read_keywords(heic(), shop.photos()[f"{STOVE}/phone.xmp"]).effective == ("blue-pot",)

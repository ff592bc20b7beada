"""Keyworded photos as downloads: one by one, and as a zip that other programs open."""

import json
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import expect

from tests.browser.demo_page import DemoPage, Held
from tests.release import factory
from tests.studio.pictures import exiftool

Photos = Callable[..., list[Path]]
FILES_ON_DISK = (
    "navigator.storage.getDirectory().then((folder) => Array.fromAsync(folder.keys())).then((all) => all.length)"
)


def keywords_in(*photos: Path) -> list[tuple[str, str]]:
    """The keywords in IPTC and in XMP of each photo, as ExifTool reads them."""
    found = json.loads(exiftool("-json", "-IPTC:Keywords", "-XMP-dc:Subject", *map(str, photos)))
    return [(one.get("Keywords", ""), one.get("Subject", "")) for one in found]


def test_one_photo_comes_back_with_its_keyword_and_its_name(
    page: DemoPage, photos: Photos, tmp_path: Path
) -> None:
    [red] = photos("red")
    page.add(red)
    page.finished(1)
    path = page.save(page.button("Download with keyword"), tmp_path)
    assert path.name == "red.jpg"
    assert keywords_in(path) == [("red-pan", "red-pan")]
    with Image.open(path) as after, Image.open(red) as before:
        assert ImageChops.difference(after, before).getbbox() is None
    expect(page.page.locator("#notices")).to_contain_text("red.jpg: 1 photo with the keyword written in.")


@pytest.mark.parametrize("disk", [True, False], ids=["put together on disk", "put together in memory"])
def test_many_photos_come_back_as_a_zip_that_other_programs_open(
    page: DemoPage, tmp_path: Path, disk: bool
) -> None:
    if not disk:
        page.page.evaluate("delete StorageManager.prototype.getDirectory")  # as on a page without HTTPS
    shoot = tmp_path / "Küche 南瓜"
    (shoot / "main").mkdir(parents=True)
    sent = {"A.jpg": "red", "a.jpg": "blue", "main/step 1.jpg": "lime", "main/step 2.PNG": "blue"}
    for name, color in sent.items():
        (shoot / name).write_bytes(factory.photo(color, kind="PNG" if name.endswith("PNG") else "JPEG"))
    (shoot / "broken.jpg").write_bytes(b"nothing")
    page.add_folder(shoot)
    page.finished(5)
    path = page.save(page.button("Keyworded photos"), tmp_path)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        archive.extractall(tmp_path / "unpacked")
        times = {datetime(*info.date_time) for info in archive.infolist()}
    assert len(names) == 4
    assert {name.lower() for name in names} == {
        f"küche 南瓜/{name}" for name in ("a.jpg", "a (2).jpg", "main/step 1.jpg", "main/step 2.png")
    }
    unpacked = sorted(tmp_path / "unpacked" / name for name in names)
    assert sorted(keywords_in(*unpacked)) == [
        ("blue-pot", "blue-pot"), ("blue-pot", "blue-pot"), ("green-bowl", "green-bowl"), ("red-pan", "red-pan"),
    ]  # fmt: skip
    assert all(abs((datetime.now() - time).total_seconds()) < 3600 for time in times)
    expect(page.page.locator("#notices")).to_contain_text(f"{path.name}: 4 photos with the keyword written in.")
    assert not disk or page.page.evaluate(FILES_ON_DISK) == 1


def test_photos_below_the_asked_confidence_come_back_as_they_were(
    page: DemoPage, photos: Photos, tmp_path: Path
) -> None:
    red, gray = photos("red", "gray")
    page.add(red, gray)
    page.finished(2)
    page.page.get_by_label("Write keywords from").fill("70")
    path = page.save(page.button("Keyworded photos"), tmp_path)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "unpacked")
    assert (tmp_path / "unpacked" / "gray.jpg").read_bytes() == gray.read_bytes()
    assert keywords_in(tmp_path / "unpacked" / "red.jpg") == [("red-pan", "red-pan")]
    notice = page.page.locator("#notices")
    expect(notice).to_contain_text("1 photo left as it came")
    notice.get_by_text("Which ones").click()
    expect(notice.get_by_role("listitem")).to_have_text("gray.jpg")


def test_a_full_disk_is_named_and_nothing_is_left_on_it(page: DemoPage, photos: Photos) -> None:
    page.add(*photos("red", "blue"))
    page.finished(2)
    session = page.page.context.new_cdp_session(page.page)
    session.send("Storage.overrideQuotaForOrigin", {"origin": page.url, "quotaSize": 500})
    page.button("Keyworded photos").click()
    expect(page.page.get_by_role("alert")).to_contain_text("The browser has no room left for the zip")
    expect(page.button("Keyworded photos")).to_be_enabled()
    expect(page.page.locator("#progress .progress:visible")).to_have_count(0)
    assert page.page.evaluate(FILES_ON_DISK) == 0
    session.send("Storage.overrideQuotaForOrigin", {"origin": page.url})
    page.download(page.button("Keyworded photos"))


def test_a_zip_is_stopped_and_goes_on(page: DemoPage, photos: Photos, tmp_path: Path) -> None:
    page.add(*photos("red", "blue", "lime", "gray", "orange"))
    page.finished(5)
    held = Held(page)
    page.button("Keyworded photos").click()
    expect(page.page.locator("#progress")).to_contain_text("Keyworded 0 of 5")
    expect(page.button("Keyworded photos")).to_be_disabled()
    page.button("Stop").click()
    expect(page.page.locator("#progress")).to_contain_text("Keyworded 0 of 5, stopped")
    page.rows.first.get_by_role("button").click()
    page.button("Download with keyword").click()
    expect(page.page.locator("#notices")).to_contain_text("One download at a time")
    held.forget()
    path = page.save(page.button("Continue"), tmp_path)
    with zipfile.ZipFile(path) as archive:
        assert sorted(archive.namelist()) == ["blue.jpg", "gray.jpg", "lime.jpg", "orange.jpg", "red.jpg"]


def test_a_stopped_zip_can_be_discarded(page: DemoPage, photos: Photos) -> None:
    page.add(*photos("red", "blue"))
    page.finished(2)
    held = Held(page, free=1)
    page.button("Keyworded photos").click()
    expect(page.page.locator("#progress")).to_contain_text("Keyworded 1 of 2")
    page.button("Stop").click()
    page.button("Discard").click()
    expect(page.page.locator("#progress .progress:visible")).to_have_count(0)
    expect(page.button("Keyworded photos")).to_be_enabled()
    assert page.page.evaluate(FILES_ON_DISK) == 0
    held.forget()
    page.download(page.button("Keyworded photos"))


@pytest.mark.parametrize(
    ("path", "safe"),
    [
        ("shoot/a.jpg", "shoot/a.jpg"),
        ("../../etc/passwd", "etc/passwd"),
        ("/absolute.jpg", "absolute.jpg"),
        ("C:\\windows\\a.jpg", "C_/windows/a.jpg"),
        ("a/./b/../c.jpg", "a/b/c.jpg"),
        ("what?<is>|this*.jpg", "what__is__this_.jpg"),
        ("line\nbreak.jpg", "line_break.jpg"),
        ("..", "photo"),
    ],
)
def test_a_name_in_a_zip_stays_in_the_folder(shared_page: DemoPage, path: str, safe: str) -> None:
    assert shared_page.call("zip.js", "m.safePath(a[0])", path) == safe


def test_a_checksum_is_that_of_the_standard(shared_page: DemoPage) -> None:
    assert shared_page.call("zip.js", "m.crc32(new TextEncoder().encode(a[0]))", "123456789") == 0xCBF43926


def test_a_zip_over_four_gigabytes_or_too_many_files_is_refused(shared_page: DemoPage) -> None:
    check = "(() => { try { m.checkSize(a[0], a[1]); return '' } catch (error) { return error.message } })()"
    assert shared_page.call("zip.js", check, 4_200_000_000, 65_535) == ""
    for size, files in ((2**32, 2), (10, 65_536)):
        assert "show fewer of them by a filter" in str(shared_page.call("zip.js", check, size, files))

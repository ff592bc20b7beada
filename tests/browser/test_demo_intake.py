"""Every way to give the page a photo: an address, a drop, a paste. Choosing files is in every other test."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.api.conftest import Running
from tests.api.photo_host import Host
from tests.browser.conftest import Open
from tests.browser.demo_page import DemoPage
from tests.release import factory

Photos = Callable[..., list[Path]]
PICTURE = re.compile(r"^blob:")


def test_a_photo_at_a_web_address_is_classified_and_shown(page: DemoPage, host: Host) -> None:
    page.ask_for(f"{host.url}/photo.jpg")
    page.finished(1)
    expect(page.rows.locator("h3")).to_have_text("blue-pot")
    expect(page.rows.locator(".preview img")).to_have_attribute("src", PICTURE)
    expect(page.rows.locator(".line .quiet")).to_have_text(host.url.removeprefix("http://"))


def test_a_web_address_without_a_photo_says_so(page: DemoPage, host: Host) -> None:
    page.ask_for(f"{host.url}/nothing.jpg")
    expect(page.row("nothing.jpg")).to_have_attribute("data-state", "failed")
    expect(page.row("nothing.jpg").locator(".detail .problem")).to_contain_text("404")


def test_what_is_no_web_address_is_not_sent(page: DemoPage) -> None:
    field = page.page.get_by_label("Photo at a web address")
    for address in ("photo.jpg", "ftp://studio/photo.jpg", "javascript:alert(1)", "https://"):
        page.ask_for(address)
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_have_accessible_description(re.compile("starts with https://"))
        expect(field).to_be_focused()
    expect(page.rows).to_have_count(0)


def test_photos_and_folders_are_dropped_anywhere(page: DemoPage, photos: Photos, tmp_path: Path) -> None:
    [red] = photos("red")
    folder = tmp_path / "week-1"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "blue.jpg").write_bytes(factory.photo("blue"))
    (folder / "deep" / "er" / "lime.png").write_bytes(factory.photo("lime", kind="PNG"))
    (folder / "notes.txt").write_text("not a photo")
    page.drop(red, folder)
    page.finished(3)
    assert page.keywords() == {"red.jpg": "red-pan", "blue.jpg": "blue-pot", "lime.png": "green-bowl"}
    expect(page.row("lime.png").locator(".file .quiet")).to_have_text("week-1/deep/er/")
    expect(page.page.locator("#notices")).to_contain_text("1 file left out")


def test_a_photo_is_pasted(demo: Running, open_page: Open) -> None:
    page = open_page(demo, permissions=["clipboard-read", "clipboard-write"])
    page.page.evaluate("""async () => {
        const canvas = new OffscreenCanvas(64, 48);
        const context = canvas.getContext("2d");
        context.fillStyle = "blue";
        context.fillRect(0, 0, 64, 48);
        const photo = await canvas.convertToBlob({ type: "image/png" });
        await navigator.clipboard.write([new ClipboardItem({ "image/png": photo })]);
    }""")
    page.page.keyboard.press("Control+V")
    page.finished(1)
    expect(page.rows.locator("h3")).to_have_text("blue-pot")


def test_a_pasted_web_address_is_classified_but_not_while_writing(
    demo: Running, open_page: Open, host: Host
) -> None:
    page = open_page(demo, permissions=["clipboard-read", "clipboard-write"])
    page.page.evaluate("(text) => navigator.clipboard.writeText(text)", f"{host.url}/photo.jpg")
    page.page.get_by_label("Photo at a web address").focus()
    page.page.keyboard.press("Control+V")
    expect(page.page.get_by_label("Photo at a web address")).to_have_value(f"{host.url}/photo.jpg")
    expect(page.rows).to_have_count(0)
    page.page.locator("h1").click()
    page.page.keyboard.press("Control+V")
    page.finished(1)
    expect(page.rows.locator("h3")).to_have_text("blue-pot")

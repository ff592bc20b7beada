"""What the page shows of one photo: the answer, why there is none, and never markup."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests.api.conftest import Running
from tests.browser.demo_page import PREDICT, DemoPage
from tests.release import factory

Photos = Callable[..., list[Path]]


def test_the_release_stands_in_the_header(page: DemoPage, demo: Running) -> None:
    expect(page.page.locator("#release")).to_have_text(f"Release {demo.health()['release_id']}")


def test_one_photo_is_shown_with_everything_that_is_known_of_it(
    page: DemoPage, demo: Running, photos: Photos
) -> None:
    page.add(*photos("red"))
    page.finished(1)
    expect(page.rows.locator(".detail")).to_match_aria_snapshot(f"""
      - img "The photo red.jpg"
      - heading "red-pan" [level=3]
      - paragraph:
        - text: Goes to the pipeline
        - strong: stove
        - text: .
      - list "Likeliest keywords":
        - listitem: /red-pan stove \\d\\d\\.\\d\\s%/
        - listitem: /gray-tray stove \\d\\.\\d\\s%/
        - listitem: /(green-bowl|blue-pot) stove \\d\\.\\d\\s%/
      - heading "Nearest training photos" [level=4]
      - list:
        - listitem "week-1/red.jpg": red-pan similarity 1.00
        - listitem "week-1/orange.jpg": /red-pan similarity 0\\.\\d\\d/
        - listitem "week-1/blue.jpg": /blue-pot similarity -0\\.\\d\\d/
      - term: Release
      - definition: {demo.health()["release_id"]}
      - term: Photo
      - definition: red.jpg
      - term: Size
      - definition: /\\d+ bytes/
      - button "Download with keyword"
    """)
    expect(page.rows.locator(".neighbor img[src^='blob:']")).to_have_count(3)
    assert page.rows.locator(".preview img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 0


def test_bars_are_as_long_as_the_confidence_is_high(page: DemoPage, photos: Photos) -> None:
    page.add(*photos("blue"))
    page.finished(1)
    for item in page.rows.locator(".bars li").all():
        percent = float(item.locator(".number").inner_text().removesuffix("\u00a0%"))
        track = item.locator(".bar").bounding_box()
        filled = item.locator(".bar").evaluate("bar => parseFloat(getComputedStyle(bar, '::before').width)")
        assert track is not None
        assert filled == pytest.approx(max(2, track["width"] * percent / 100), abs=1)


def test_a_photo_that_a_person_should_see_is_marked(page: DemoPage, photos: Photos) -> None:
    page.add(*photos("gray", "red"))
    page.finished(2)
    expect(page.row("gray.jpg").get_by_text("Needs review")).to_be_visible()
    expect(page.row("red.jpg").get_by_text("Needs review")).to_have_count(0)
    page.row("gray.jpg").get_by_role("button").click()
    expect(page.row("gray.jpg").locator(".route")).to_contain_text("A person should look first")


def test_a_broken_photo_says_why_and_harms_no_other(page: DemoPage, photos: Photos) -> None:
    red, blue = photos("red", "blue")
    broken = red.with_name("broken.jpg")
    broken.write_bytes(red.read_bytes()[:300])
    page.add(red, broken, blue)
    page.finished(3)
    keywords = page.keywords()
    assert keywords.pop("broken.jpg").startswith("damaged: ")
    assert keywords == {"red.jpg": "red-pan", "blue.jpg": "blue-pot"}
    expect(page.row("broken.jpg").get_by_text("Failed", exact=True)).to_be_visible()
    page.row("broken.jpg").get_by_role("button").click()
    expect(page.row("broken.jpg").locator(".detail")).to_contain_text("No answer for this photo")


def test_a_photo_whose_upload_is_cut_off_fails_alone_and_can_be_tried_again(
    page: DemoPage, photos: Photos
) -> None:
    page.page.route(PREDICT, lambda route: route.abort("connectionreset"))
    page.add(*photos("red"))
    expect(page.row("red.jpg")).to_contain_text("The connection broke while this photo was sent")
    page.page.unroute_all()
    page.button("Try failed again").click()
    expect(page.row("red.jpg").locator("h3")).to_have_text("red-pan")


def test_a_photo_that_is_gone_by_the_time_it_is_sent_is_named_as_such(page: DemoPage, photos: Photos) -> None:
    red, gone = photos("red", gone="blue")

    def lose(route: Route) -> None:
        gone.unlink(missing_ok=True)
        route.abort("failed")

    page.page.route(PREDICT, lose)
    page.add(gone)
    expect(page.row("gone.jpg").locator(".detail")).to_contain_text("was it moved or changed?")
    page.page.unroute_all()
    page.add(red)
    expect(page.row("red.jpg").locator("h3")).to_have_text("red-pan")


@pytest.mark.parametrize("kind", ["TIFF", "JPEG"])
def test_a_photo_that_the_browser_cannot_show_gets_a_word_instead(
    page: DemoPage, tmp_path: Path, kind: str
) -> None:
    scan = tmp_path / "scan.tif"
    scan.write_bytes(factory.photo("lime", kind=kind))
    page.add(scan)
    page.finished(1)
    expect(page.rows.locator("h3")).to_have_text("green-bowl")
    if kind == "TIFF":
        expect(page.rows.locator(".preview")).to_have_attribute("data-without", "TIF")
        expect(page.rows.locator(".preview img")).to_be_hidden()
    else:
        expect(page.rows.locator(".preview img")).to_be_visible()


def test_a_file_name_is_never_markup(page: DemoPage, photos: Photos) -> None:
    [red] = photos("red")
    names = ["<img src=x onerror=boom()>.jpg", "<script>boom()<\u2215script>.jpg", "a&lt;b&amp;.jpg"]
    hostile = [red.with_name(name) for name in names]
    for photo in hostile:
        photo.write_bytes(red.read_bytes())
    page.add(*hostile)
    page.finished(3)
    page.rows.first.get_by_role("button").click()
    assert page.names() == names
    assert page.page.locator("main :is(script, img[src=x])").count() == 0

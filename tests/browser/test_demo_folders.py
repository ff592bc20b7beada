"""A whole shoot: progress, stop and go on, filters, and a browser that stays light."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.demo_page import DemoPage, Held
from tests.release import factory

COLORS = ("red", "lime", "blue", "gray")
AT_ONCE = 4
"""How many photos the page sends at a time, as its main.js says."""


@pytest.fixture
def shoot(tmp_path: Path) -> Callable[[int], Path]:
    """Write a folder of so many photos in turns of color, named in an order that only numbers know."""

    def write(photos: int) -> Path:
        folder = tmp_path / "HF_Y24_W43"
        folder.mkdir()
        contents = [factory.photo(color) for color in COLORS]
        for number in range(1, photos + 1):
            (folder / f"step {number}.jpg").write_bytes(contents[number % len(COLORS)])
        return folder

    return write


def test_a_folder_is_answered_in_the_order_of_its_names_without_what_is_no_photo(
    page: DemoPage, shoot: Callable[[int], Path]
) -> None:
    folder = shoot(12)
    (folder / "notes.txt").write_text("x")
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "._step 1.jpg").write_bytes(b"a Mac's shadow of the file")
    page.add_folder(folder)
    page.finished(12)
    assert page.names() == [f"step {number}.jpg" for number in range(1, 13)]
    expect(page.page.locator("#notices")).to_contain_text("3 files left out")
    expect(page.page.locator("#results-title")).to_have_text("12 photos")
    expect(page.page.locator("#summary")).to_have_text("3 to review")
    expect(page.spoken()).to_have_text("12 photos classified. 3 to review")


def test_progress_is_shown_and_a_stopped_folder_goes_on_where_it_was(
    page: DemoPage, shoot: Callable[[int], Path]
) -> None:
    held = Held(page, free=5)
    page.add_folder(shoot(20))
    progress = page.page.get_by_role("progressbar", name="Classified photos")
    expect(progress).to_have_js_property("value", 5)
    expect(page.page.locator("#progress")).to_contain_text("Classified 5 of 20")
    page.button("Stop").click()
    expect(page.page.locator("#progress")).to_contain_text("Classified 5 of 20, stopped")
    expect(page.page.locator("li[data-state=working]")).to_have_count(0)
    expect(page.page.locator("li[data-state=waiting]")).to_have_count(15)
    expect(page.spoken()).to_have_text("Stopped")
    held.forget()
    page.button("Continue").click()
    page.finished(20)
    expect(progress).to_be_hidden()


def test_photos_are_sent_a_few_at_a_time(page: DemoPage, shoot: Callable[[int], Path]) -> None:
    held = Held(page, free=0)
    page.add_folder(shoot(9))
    expect(page.page.locator("li[data-state=working]")).to_have_count(AT_ONCE)
    expect(page.page.locator("li[data-state=waiting]")).to_have_count(9 - AT_ONCE)
    assert len(held.routes) == AT_ONCE
    held.let_go()
    page.finished(9)


def test_results_are_filtered_by_keyword_and_by_what_needs_a_person(
    page: DemoPage, shoot: Callable[[int], Path]
) -> None:
    folder = shoot(8)
    (folder / "broken.jpg").write_bytes(b"nothing")
    page.add_folder(folder)
    page.finished(9)
    select = page.page.get_by_label("Keyword", exact=True)
    expect(select.locator("option")).to_have_text(
        ["Any keyword", "blue-pot (2)", "green-bowl (2)", "red-pan (4)"]  # gray ones look a bit like red ones
    )
    select.select_option("blue-pot")
    assert page.names() == ["step 2.jpg", "step 6.jpg"]
    page.page.get_by_label("Needs review 2").check()
    expect(page.page.get_by_text("No photo is like that.")).to_be_visible()
    select.select_option("")
    assert page.names() == ["step 3.jpg", "step 7.jpg"]
    page.page.get_by_label("Failed 1").check()
    assert page.names() == ["broken.jpg"]
    page.page.get_by_label("All 9").check()
    expect(page.rows).to_have_count(9)


def test_three_hundred_photos_cost_only_the_pictures_that_are_looked_at(
    page: DemoPage, shoot: Callable[[int], Path]
) -> None:
    Held(page, free=8)
    page.add_folder(shoot(300))
    page.finished(8)
    expect(page.rows).to_have_count(300)
    pictures = page.page.locator("#list img[src]")
    expect(pictures.first).to_be_visible()
    live, shown = page.page.evaluate("[liveUrls.size, document.querySelectorAll('#list img[src]').length]")
    assert live == shown < 60
    page.rows.last.scroll_into_view_if_needed()
    expect(page.rows.last.locator("img[src]")).to_have_count(1)
    assert page.live_urls() < 120


def test_memory_of_pictures_is_given_back(page: DemoPage, shoot: Callable[[int], Path]) -> None:
    page.add_folder(shoot(6))
    page.finished(6)
    expect(page.page.locator("#list img[src]")).to_have_count(6)
    page.rows.first.get_by_role("button").click()
    expect(page.page.locator("#list img[src]")).to_have_count(6 + 1 + 3)
    assert page.live_urls() == 10
    page.rows.first.get_by_role("button", expanded=True).click()
    expect(page.page.locator(".detail")).to_have_count(0)
    assert page.live_urls() == 6
    page.button("Clear").click()
    assert page.live_urls() == 0


def test_a_cleared_list_is_empty_and_starts_anew(page: DemoPage, shoot: Callable[[int], Path]) -> None:
    held = Held(page, free=2)
    folder = shoot(6)
    page.add_folder(folder)
    expect(page.page.locator("li[data-state=done]")).to_have_count(2)
    page.button("Clear").click()
    expect(page.rows).to_have_count(0)
    expect(page.page.locator("h1")).to_be_in_viewport()
    expect(page.page.get_by_label("Choose photos")).to_be_focused()
    held.forget()
    page.add_folder(folder)
    page.finished(6)
    expect(page.page.locator("#results-title")).to_have_text("6 photos")
    expect(page.page.locator("#show-all")).to_be_checked()

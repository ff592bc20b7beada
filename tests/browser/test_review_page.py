"""Reviewing in a real Chromium before a real API: by keyboard, by mouse, together, without a connection."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect

from recipe_assets.release.places import open_objects
from recipe_assets.review.journal import Answer, Journal
from tests.api import review_desk
from tests.api.conftest import Running, Studio, until
from tests.browser.conftest import PATIENCE_MS, browser
from tests.browser.review_page import ANSWERS, Away, ReviewPage
from tests.browser.test_demo_looks import CUT_OFF, PHONE, violations
from tests.browser.test_demo_service import on_the_same_port

__all__ = ["browser"]

Serve = Callable[..., Running]
Open = Callable[..., ReviewPage]
PICTURES = "**/review/pictures/*"
KEYWORDS = tuple(f"{word}-{number}" for number in range(1, 9) for word in ("pan", "pot", "tray", "bowl"))
"""32 keywords: six more than there are letters."""


@pytest.fixture
def api(studio: Studio, serve: Serve) -> Running:
    review_desk.publish(studio.url)
    return serve()


@pytest.fixture
def open_review(browser: Browser) -> Iterator[Open]:
    """Open the page of an API. At the end nothing may have been wrong in it, and nothing asked for elsewhere."""
    opened: list[ReviewPage] = []

    def open_one(running: Running, **options: Any) -> ReviewPage:  # noqa: ANN401 (any option of a context)
        context = browser.new_context(**({"viewport": {"width": 1200, "height": 900}} | options))
        context.set_default_timeout(PATIENCE_MS)
        opened.append(ReviewPage(context.new_page(), running.url))
        return opened[-1].open()

    yield open_one
    for page in opened:
        page.page.context.close()
    assert [page.complaints for page in opened] == [[] for _ in opened]
    assert [page.outside for page in opened] == [[] for _ in opened]


def kept(studio: Studio) -> list[Answer]:
    """All answers in the store, in the order in which they were taken."""
    return sorted(Journal(open_objects(studio.url)).all(), key=lambda answer: answer.at)


def said(studio: Studio) -> list[tuple[str, str, str]]:
    return [(answer.file, answer.keyword, answer.by) for answer in kept(studio)]


def test_a_queue_is_worked_off_by_keyboard_alone(studio: Studio, api: Running, open_review: Open) -> None:
    page = open_review(api).begin()
    expect(page.standing).to_have_text("0 of 5 photos answered")
    page.press("1", then="002.jpg")  # the first guess
    page.press("o", then="003.jpg")  # the key of oven-tray
    page.press("Delete", then="004.jpg")
    page.press("Backspace", then="003.jpg")
    page.press("2", then="004.jpg")
    page.page.keyboard.press("/")
    page.page.keyboard.type("bowl")
    expect(page.page.locator("#matches")).to_have_text("Enter takes glass-bowl-large; 1 keyword like that")
    page.press("Enter", then="005.jpg")
    page.page.keyboard.press("s")  # the last one: no photo comes after it
    expect(page.page.locator("#empty-title")).to_have_text("Every photo is answered")
    expect(page.standing).to_have_text("5 of 5 photos answered")
    until(lambda: len(kept(studio)) == 7)
    assert said(studio) == [
        ("001.jpg", "pan", "Ana"),
        ("002.jpg", "oven-tray", "Ana"),
        ("003.jpg", "drop", "Ana"),
        ("003.jpg", "", "Ana"),
        ("003.jpg", "oven-tray", "Ana"),
        ("004.jpg", "glass-bowl-large", "Ana"),
        ("005.jpg", "saucepan", "Ana"),
    ]
    first = kept(studio)[0]
    assert (first.shown_keyword, first.shown_confidence) == ("pan", 48.25)
    assert first.release_id == "20261122T210501Z-00000001"


def test_a_photo_shows_all_that_helps_to_judge_it(api: Running, open_review: Open) -> None:
    page = open_review(api).begin()
    guesses = page.page.get_by_role("list", name="Likeliest keywords").get_by_role("button")
    expect(guesses).to_have_count(3)
    expect(guesses.first).to_contain_text("48.3\u00a0%")
    expect(page.page.locator("#nearest-list")).to_contain_text("oven-tray")
    expect(page.page.locator(".neighbor img[src]")).to_be_visible()
    expect(page.page.locator("#why")).to_have_text("Not sure The model is not sure enough of pan.")
    expect(page.spoken()).to_contain_text("001.jpg of week-1. pan 48.3")


def test_the_mouse_does_it_too(studio: Studio, api: Running, open_review: Open) -> None:
    page = open_review(api).begin("Ben")
    page.page.get_by_role("group", name="Keywords").get_by_role("button", name="grill-plate").click()
    page.shows("002.jpg")
    page.page.get_by_role("button", name="Skip").click()
    page.shows("003.jpg")
    page.page.get_by_role("button", name="Drop the photo").click()
    page.shows("004.jpg")
    page.page.get_by_role("button", name="Undo drop").click()
    page.shows("003.jpg")
    until(lambda: len(kept(studio)) == 3)
    assert [keyword for _, keyword, _ in said(studio)] == ["grill-plate", "drop", ""]


def test_who_takes_back_an_answer_is_told_whose_counts_instead(
    studio: Studio, api: Running, open_review: Open
) -> None:
    page = open_review(api).begin("Ben")
    page.press("1", then="002.jpg")
    until(lambda: page.page.wait_for_timeout(50) is None and said(studio) == [("001.jpg", "pan", "Ben")])
    others = review_desk.given(review_desk.photo(1), "oven-tray", "Ana")
    assert api.client.post("/api/v1/review/answers", json=others).status_code == 200
    page.press("Backspace", then="001.jpg")
    told = page.page.get_by_text("Ana answered oven-tray for 001.jpg, and that counts")
    expect(told).to_be_visible()
    expect(page.standing).to_have_text("1 of 5 photos answered")
    expect(page.page.locator("#people")).to_have_text("Ana 1")
    assert [word.keyword for word in Journal(open_objects(studio.url)).latest().values()] == ["oven-tray"]
    page.press("ArrowRight", then="002.jpg")
    expect(told).to_have_count(0)
    for number in (3, 4, 5):
        page.press("1", then=f"{number:03d}.jpg")
    page.page.keyboard.press("1")  # what somebody else answered does not come again
    expect(page.page.locator("#empty-title")).to_have_text("Every photo is answered")
    expect(page.standing).to_have_text("5 of 5 photos answered")


def test_nobody_takes_back_what_was_answered_under_another_name(
    studio: Studio, api: Running, open_review: Open
) -> None:
    page = open_review(api).begin("Ben")
    undo = page.page.locator("#undo")
    page.press("1", then="002.jpg")
    expect(undo).to_have_text("\u232bUndo pan")

    def call(name: str) -> None:
        page.page.locator("#person-button").click()
        page.page.get_by_label("Name").fill(name)
        page.page.keyboard.press("Enter")

    call("Ana")
    expect(undo).to_be_disabled()
    page.page.keyboard.press("Control+z")
    expect(page.file).to_have_text("002.jpg")
    call("Ben")
    expect(undo).to_be_enabled()
    page.press("Backspace", then="001.jpg")
    until(lambda: page.page.wait_for_timeout(50) is None and len(kept(studio)) == 2)
    assert said(studio) == [("001.jpg", "pan", "Ben"), ("001.jpg", "", "Ben")]


def test_what_a_page_remembered_without_names_can_still_be_taken_back(
    studio: Studio, api: Running, open_review: Open
) -> None:
    page = open_review(api).begin("Ben")
    page.press("1", then="002.jpg")
    until(lambda: page.page.wait_for_timeout(50) is None and page.waiting() == 0)
    page.page.evaluate(
        """() => {
          const kept = JSON.parse(sessionStorage.getItem("recipe-review-answered"));
          const nameless = kept.map(({ photo, keyword }) => ({ photo, keyword }));
          sessionStorage.setItem("recipe-review-answered", JSON.stringify(nameless));
        }"""
    )
    page.page.reload()
    page.shows("002.jpg")
    page.press("Backspace", then="001.jpg")
    until(lambda: page.page.wait_for_timeout(50) is None and len(kept(studio)) == 2)
    assert said(studio)[-1] == ("001.jpg", "", "Ben")


def test_what_was_skipped_comes_again_at_the_end(api: Running, open_review: Open) -> None:
    page = open_review(api).begin()
    for number in (2, 3):
        page.press("ArrowRight", then=f"{number:03d}.jpg")
    for number in (4, 5, 1):
        page.press("1", then=f"{number:03d}.jpg")
    page.press("1", then="002.jpg")


def test_more_keywords_than_letters_are_found_by_typing(studio: Studio, serve: Serve, open_review: Open) -> None:
    review_desk.publish(studio.url, keywords=KEYWORDS)
    page = open_review(serve()).begin()
    choices = page.page.locator("#choices button")
    expect(choices).to_have_count(32)
    keys = choices.locator("kbd").all_text_contents()
    assert len(keys) == len(set(keys)) == 26
    page.page.keyboard.press("/")
    page.page.keyboard.type("bowl 8")
    expect(page.page.locator("#choices button:visible")).to_have_count(1)
    page.press("Enter", then="002.jpg")
    expect(page.page.locator("#choices button:visible")).to_have_count(32)
    until(lambda: [keyword for _, keyword, _ in said(studio)] == ["bowl-8"])


def test_a_key_that_is_held_down_answers_one_photo(studio: Studio, api: Running, open_review: Open) -> None:
    page = open_review(api).begin()
    page.page.keyboard.down("1")
    for _ in range(5):
        page.page.keyboard.down("1")  # what a held key sends
    page.page.keyboard.up("1")
    page.shows("002.jpg")
    until(lambda: len(kept(studio)) == 1)
    expect(page.standing).to_have_text("1 of 5 photos answered")


def test_nothing_is_answered_before_it_is_seen(studio: Studio, api: Running, open_review: Open) -> None:
    page = open_review(api)
    held: list[Route] = []
    free = False
    page.page.route(PICTURES, lambda route: route.continue_() if free else held.append(route))
    page.page.get_by_label("Name").fill("Ana")
    page.page.keyboard.press("Enter")
    expect(page.file).to_have_text("001.jpg")
    page.page.keyboard.press("1")
    page.page.locator(".guess").first.click()
    expect(page.file).to_have_text("001.jpg")
    free = True
    for route in held:
        route.continue_()
    page.press("1", then="002.jpg")
    until(lambda: page.page.wait_for_timeout(50) is None and said(studio) == [("001.jpg", "pan", "Ana")])


def test_single_keys_can_be_switched_off_and_stay_off(api: Running, open_review: Open) -> None:
    page = open_review(api).begin()
    page.page.get_by_label("Answer with single keys").uncheck()
    page.page.reload()
    page.shows("001.jpg")
    for key in ("1", "o", "Delete", "ArrowRight"):
        page.page.keyboard.press(key)
    page.page.locator(".guess").first.click()
    page.shows("002.jpg")
    page.page.keyboard.press("Control+z")
    page.shows("001.jpg")


def test_several_people_get_different_photos_and_see_each_other(
    studio: Studio, serve: Serve, open_review: Open
) -> None:
    review_desk.publish(studio.url, photos=25)
    api, other = serve(), serve()
    ana, ben = open_review(api).begin("Ana"), open_review(other).begin("Ben")
    assert (ana.file.inner_text(), ben.file.inner_text()) == ("001.jpg", "011.jpg")
    ana.press("1", then="002.jpg")
    ben.press("2", then="012.jpg")
    until(lambda: len(kept(studio)) == 2)
    ana.press("1", then="003.jpg")
    expect(ana.page.locator("#people")).to_have_text("Ana 2, Ben 1")


def test_answers_of_a_lost_connection_wait_in_the_browser_and_keep_their_order(
    studio: Studio, api: Running, open_review: Open
) -> None:
    page = open_review(api).begin()
    for number in (2, 3, 4, 5):  # all pictures are fetched ahead
        expect(page.page.locator("body")).to_be_visible()
        page.press("ArrowRight", then=f"{number:03d}.jpg")
    page.press("ArrowRight", then="001.jpg")
    away = Away(page)
    page.page.keyboard.press("1")
    expect(page.page.get_by_role("alert")).to_contain_text("The service does not answer. Your answers wait here")
    page.press("Backspace", then="001.jpg")
    page.page.keyboard.press("o")
    assert page.waiting() == 3
    assert kept(studio) == []
    away.over()
    until(lambda: page.page.wait_for_timeout(50) is None and page.waiting() == 0)
    expect(page.page.get_by_role("alert")).to_have_count(0)
    assert [keyword for _, keyword, _ in said(studio)] == ["pan", "", "oven-tray"]
    assert [answer.sequence for answer in kept(studio)] == [1, 2, 3]


def test_answers_survive_a_reload_while_the_service_is_away(
    studio: Studio, serve: Serve, open_review: Open
) -> None:
    review_desk.publish(studio.url)
    first = serve()
    page = open_review(first).begin()
    page.page.route(ANSWERS, lambda route: route.abort("connectionrefused"))
    page.press("1", then="002.jpg")
    first.stop()
    page.page.unroute(ANSWERS)
    assert page.waiting() == 1
    with on_the_same_port(first, studio):
        page.page.reload()
        page.shows("002.jpg")  # what is on its way is not asked about again
        until(lambda: page.page.wait_for_timeout(50) is None and page.waiting() == 0)
        assert said(studio) == [("001.jpg", "pan", "Ana")]
        page.press("Backspace", then="001.jpg")  # an answer from before the reload can be taken back
        until(lambda: page.page.wait_for_timeout(50) is None and len(kept(studio)) == 2)
        assert said(studio)[-1] == ("001.jpg", "", "Ana")


def test_an_answer_whose_confirmation_was_lost_counts_once(
    studio: Studio, api: Running, open_review: Open
) -> None:
    page = open_review(api).begin()
    lost: list[int] = []

    def lose(route: Route) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(route.fetch().status)  # the service has it, and the page never hears of it
            route.abort("connectionreset")

    page.page.route(ANSWERS, lose)
    page.press("1", then="002.jpg")
    until(lambda: page.page.wait_for_timeout(50) is None and page.waiting() == 0)
    assert lost == [200]
    assert said(studio) == [("001.jpg", "pan", "Ana")]


def test_an_answer_that_the_service_refuses_is_told_and_holds_up_no_other(
    studio: Studio, api: Running, open_review: Open
) -> None:
    page = open_review(api).begin()
    review_desk.publish(studio.url, keywords=("wok",))
    until(lambda: "wok" in api.client.get("/api/v1/review/queue").text)
    page.press("o", then="002.jpg")
    expect(page.page.get_by_role("alert")).to_contain_text("oven-tray for 001.jpg was not taken: 'oven-tray'")
    page.press("Delete", then="003.jpg")
    until(lambda: said(studio) == [("002.jpg", "drop", "Ana")])
    assert page.waiting() == 0


def test_a_key_is_asked_for_and_the_review_goes_on(studio: Studio, serve: Serve, open_review: Open) -> None:
    review_desk.publish(studio.url)
    page = open_review(serve(keys="studio=open-sesame"))
    page.page.get_by_label("Name").fill("Ana")
    page.page.keyboard.press("Enter")
    dialog = page.page.get_by_role("dialog", name="API key")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Key").fill("open-sesame")
    page.page.keyboard.press("Enter")
    page.shows("001.jpg")
    page.press("1", then="002.jpg")
    until(lambda: len(kept(studio)) == 1)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("pa", ["pan", "sauce-pan", "grill_pane"]),
        ("PAN", ["pan", "sauce-pan", "grill_pane"]),
        ("grill pan", ["grill_pane"]),
        ("grillp", ["grill_pane"]),
        ("", ["pan", "sauce-pan", "grill_pane"]),
        ("xyz", []),
    ],
)
def test_a_few_letters_find_a_keyword(api: Running, open_review: Open, text: str, found: list[str]) -> None:
    page = open_review(api)
    words = ["sauce-pan", "grill_pane", "pan"]
    matches = page.call("review/choices.js", "m.matches(a[0], a[1])", words, text)
    assert sorted(matches) == sorted(found) if text == "" else matches == found  # type: ignore[call-overload]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_state(api: Running, open_review: Open, scheme: str) -> None:
    page = open_review(api, color_scheme=scheme, reduced_motion="reduce")
    found = violations(page)
    page.begin()
    expect(page.page.locator(".neighbor img[src]")).to_be_visible()
    found += violations(page)
    page.page.keyboard.press("/")
    page.page.keyboard.type("pan")
    found += violations(page)
    page.page.keyboard.press("Escape")
    away = Away(page)
    page.press("1", then="002.jpg")
    expect(page.page.get_by_role("alert")).to_be_visible()
    found += violations(page)
    away.over()
    for number in (3, 4, 5):
        page.press("1", then=f"{number:03d}.jpg")
    page.page.keyboard.press("1")
    expect(page.page.locator("#empty-title")).to_be_visible()
    found += violations(page)
    assert found == []


def test_nothing_is_wider_than_a_phone(api: Running, open_review: Open) -> None:
    page = open_review(api, **PHONE).begin()
    expect(page.page.locator(".neighbor img[src]")).to_be_visible()
    assert page.page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.page.evaluate(CUT_OFF) == []
    page.page.locator(".guess").first.tap()
    page.shows("002.jpg")


def test_every_file_of_the_page_is_packed_and_nothing_is_written_as_markup() -> None:
    folder = Path(__file__).parents[2] / "api" / "demo" / "review"
    files = sorted(folder.iterdir())
    assert {path.suffix for path in files} == {".css", ".js"}
    for path in files:
        text = path.read_text("utf-8")
        assert not any(word in text for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(")), (
            path.name
        )

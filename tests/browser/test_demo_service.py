"""The page when the service is busy, away, still loading, or wants a key."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import expect

from api.settings import Settings
from tests.api.conftest import Running, Studio
from tests.browser.conftest import Open
from tests.browser.demo_page import DemoPage, Held

Photos = Callable[..., list[Path]]
Serve = Callable[..., Running]
NOW = 1_800_000_000_000
"""2027-01-15T08:00:00Z, in milliseconds."""


@pytest.mark.parametrize(
    ("header", "tries", "wait"),
    [
        ("3", 1, 3_000),
        ("0", 5, 0),
        (" 7 ", 1, 7_000),
        ("86400", 1, 60_000),
        ("Fri, 15 Jan 2027 08:00:20 GMT", 1, 20_000),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 1, 0),
        (None, 1, 1_000),
        (None, 4, 8_000),
        ("", 20, 60_000),
        ("soon", 2, 2_000),
        ("-5", 3, 4_000),
    ],
)
def test_the_wait_is_what_retry_after_asks_for_within_reason(
    shared_page: DemoPage, header: str | None, tries: int, wait: int
) -> None:
    assert shared_page.call("patience.js", "m.waitFor(a[0], a[1], a[2])", header, tries, NOW) == wait


@pytest.mark.parametrize(
    ("statuses", "last", "waits"),
    [
        ([429, 503, 200], 200, [0, 0, 0]),
        ([200], 200, [0]),
        ([400, 200], 400, [0]),
        ([503] * 12, 503, [0] * 9),
    ],
)
def test_only_a_busy_service_is_asked_again_and_not_for_ever(
    shared_page: DemoPage, statuses: list[int], last: int, waits: list[int]
) -> None:
    script = """(async () => {
        const told = [];
        const patience = new m.Patience((wait) => told.push(wait));
        const send = async () => new Response("", { status: a[0].shift(), headers: { "Retry-After": "0" } });
        return [(await patience.send(send)).status, told];
    })()"""
    assert shared_page.call("patience.js", script, statuses) == [last, waits]


def test_a_wait_ends_at_once_when_it_is_stopped(shared_page: DemoPage) -> None:
    script = """(async () => {
        const stop = new AbortController();
        const busy = async () => new Response("", { status: 503, headers: { "Retry-After": "60" } });
        const sent = new m.Patience(() => stop.abort()).send(busy, stop.signal);
        return sent.then(() => "answered", (error) => error.name);
    })()"""
    assert shared_page.call("patience.js", script) == "AbortError"


def test_a_503_is_tried_again_until_the_release_is_there(
    studio: Studio, serve: Serve, open_page: Open, photos: Photos
) -> None:
    running = serve()
    page = open_page(running)
    expect(page.page.locator("#release")).to_have_text("Release loading a release")
    statuses: list[int] = []
    page.page.on("response", lambda answer: "/predict" in answer.url and statuses.append(answer.status))
    with page.page.expect_response(lambda answer: answer.status == 503 and "/predict" in answer.url):
        page.add(*photos("red"))
    expect(page.page.locator("#notices")).to_contain_text("The service is busy; going on in")
    pointer = studio.publish(1)
    page.finished(1)
    expect(page.rows.locator("h3")).to_have_text("red-pan Needs review")
    expect(page.page.locator("#release")).to_have_text(f"Release {pointer.release_id}")
    expect(page.page.locator("#notices")).to_be_empty()
    assert statuses[0] == 503
    assert statuses[-1] == 200


def test_a_release_that_came_meanwhile_is_shown(
    studio: Studio, api: Running, open_page: Open, photos: Photos
) -> None:
    page = open_page(api)
    newer = studio.publish(2)
    api.wait_for(newer.release_id)
    page.add(*photos("red"))
    page.finished(1)
    expect(page.page.locator("#release")).to_have_text(f"Release {newer.release_id}")
    expect(page.rows.locator(".facts")).to_contain_text(newer.release_id)
    expect(page.rows.locator(".words")).to_contain_text("keeps no training photos")


def test_a_service_that_goes_away_is_waited_for_and_no_photo_is_lost(
    studio: Studio, serve: Serve, open_page: Open, photos: Photos
) -> None:
    pointer = studio.publish(1)
    first = serve()
    first.wait_for(pointer.release_id)
    page = open_page(first)
    held = Held(page, free=1)
    page.add(*photos("red", "blue", "lime"))
    expect(page.page.locator("li[data-state=done]")).to_have_count(1)
    first.stop()
    held.let_go()
    alert = page.page.get_by_role("alert")
    expect(alert).to_contain_text("The service does not answer. The photos wait here")
    expect(page.page.locator("#progress")).to_contain_text("Classified 1 of 3, waiting")
    with on_the_same_port(first, studio):
        page.finished(3)
        assert page.keywords() == {"red.jpg": "red-pan", "blue.jpg": "blue-pot", "lime.jpg": "green-bowl"}
        expect(alert).to_have_count(0)


@contextmanager
def on_the_same_port(gone: Running, studio: Studio) -> Iterator[None]:
    """Another API where one was before."""
    port = int(gone.url.rsplit(":", 1)[1])
    running = Running(Settings(releases=studio.url, cache=studio.folder / "cache", port=port))
    running.start()
    try:
        yield
    finally:
        running.stop()


def test_a_key_is_asked_for_kept_for_the_tab_and_sent(
    studio: Studio, serve: Serve, open_page: Open, photos: Photos
) -> None:
    pointer = studio.publish(1)
    running = serve(keys="studio=open-sesame")
    running.wait_for(pointer.release_id)
    page = open_page(running)
    page.add(*photos("red", "blue"))
    dialog = page.page.get_by_role("dialog", name="API key")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_label("Key")).to_be_focused()
    dialog.get_by_label("Key").fill("wrong")
    page.page.keyboard.press("Enter")
    expect(dialog).to_contain_text("The key was not accepted.")
    dialog.get_by_label("Key").fill("open-sesame")
    dialog.get_by_role("button", name="Use this key").click()
    page.finished(2)
    expect(dialog).to_be_hidden()
    expect(page.page.get_by_role("alert")).to_have_count(0)
    page.page.reload()
    page.add(*photos("lime"))
    page.finished(1)
    expect(page.rows.locator("h3")).to_have_text("green-bowl Needs review")
    assert page.page.evaluate("localStorage.length + document.cookie.length") == 0


def test_a_key_that_is_not_given_leaves_the_photos_waiting(
    studio: Studio, serve: Serve, open_page: Open, photos: Photos
) -> None:
    pointer = studio.publish(1)
    running = serve(keys="studio=open-sesame")
    running.wait_for(pointer.release_id)
    page = open_page(running)
    page.add(*photos("red"))
    dialog = page.page.get_by_role("dialog", name="API key")
    expect(dialog).to_be_visible()
    page.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.page.get_by_role("alert")).to_contain_text("The service asks for an API key.")
    expect(page.row("red.jpg")).to_have_attribute("data-state", "waiting")
    page.button("API key").click()
    dialog.get_by_label("Key").fill("open-sesame")
    page.page.keyboard.press("Enter")
    page.finished(1)

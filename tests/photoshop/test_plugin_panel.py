"""The plugin's panel as people use it: in a real browser, against real APIs, on a stand-in for Photoshop."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from api.photoshop.building import build
from tests.browser.conftest import browser
from tests.photoshop import panel_page, world

__all__ = ["browser"]
Panel = Callable[..., Page]
SUBJECT = """() => {
  const { XMPMeta } = photoshopHost.uxp.xmp;
  const meta = new XMPMeta(photoshopHost.active.xmp);
  const dc = "http://purl.org/dc/elements/1.1/";
  const number = meta.countArrayItems(dc, "subject");
  return Array.from({ length: number }, (_, i) => meta.getArrayItem(dc, "subject", i + 1).value);
}"""
OURS = """() => {
  const { XMPMeta } = photoshopHost.uxp.xmp;
  return require("./merging.js").record(new XMPMeta(photoshopHost.active.xmp)).keywords;
}"""


@pytest.fixture(scope="module")
def address(plugin_world: world.World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("built") / "photoshop"
    build(folder)
    with panel_page.served(folder, plugin_world.photos) as url:
        yield url


@pytest.fixture
def panel(browser: Browser, address: str) -> Iterator[Panel]:
    """Open the panel with a server set, as docked in Photoshop. At the end nothing may have been wrong in it."""
    complaints: list[str] = []
    context = browser.new_context(viewport={"width": 300, "height": 900}, color_scheme="dark")

    def open_panel(server: str, **settings: str) -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        kept = {"recipe-address": server} | {
            f"recipe-{name.replace('_', '-')}": text for name, text in settings.items()
        }
        page.add_init_script(
            f"for (const [name, text] of Object.entries({kept!r})) localStorage.setItem(name, text)"
        )
        page.goto(address)
        page.evaluate("photoshopHost.entrypoints.panels.recipeKeyword.show()")
        return page

    yield open_panel
    context.close()
    assert complaints == []


def open_photo(page: Page, name: str) -> None:
    page.evaluate("name => void photoshopHost.open(photo(name))", name)


def rows(page: Page) -> list[str]:
    return [row.replace("\xa0", " ") for row in page.locator("#top .row").all_inner_texts()]


def find(page: Page, name: str) -> None:
    open_photo(page, name)
    page.get_by_role("button", name="Find keyword").click()
    expect(page.locator("#top .row")).to_have_count(3)


def test_the_open_document_shows_its_three_keywords_with_their_percentages(
    panel: Panel, plugin_world: world.World
) -> None:
    page = panel(plugin_world.steady)
    find(page, "small.jpg")
    first, *others = rows(page)
    assert first.startswith("green-bowl")
    assert [row.split()[-2] for row in (first, *others)] == ["%"] * 3
    expect(page.locator("#found")).to_have_text("small.jpg: not sure, please look at it")
    expect(page.locator("#route-words")).to_have_text("Pipeline: stove")


def test_the_first_keyword_is_written_as_ours_and_another_as_a_persons(
    panel: Panel, plugin_world: world.World
) -> None:
    page = panel(plugin_world.steady)
    find(page, "small.jpg")
    page.get_by_role("button", name="Write green-bowl").click()
    expect(page.locator("#notice")).to_have_text("Wrote green-bowl. Save the document to keep it.")
    assert page.evaluate(SUBJECT) == page.evaluate(OURS) == ["green-bowl"]
    page.get_by_role("button", name="Write green-bowl").click()
    expect(page.locator("#notice")).to_have_text("green-bowl stood there.")
    other = page.locator("#top .row").nth(1)
    chosen = other.locator(".keyword").inner_text()
    other.get_by_role("button").click()
    expect(page.locator("#notice")).to_have_text(f"Wrote {chosen}. Save the document to keep it.")
    assert page.evaluate(SUBJECT) == [chosen]
    assert page.evaluate(OURS) == []


def test_settings_connect_to_a_server_with_a_key_and_send_its_pipelines_to_actions(
    panel: Panel, plugin_world: world.World
) -> None:
    page = panel("")
    page.get_by_role("button", name="Find keyword").click()
    expect(page.locator("#notice")).to_have_text("Open a photo first.")
    page.get_by_label("Server").fill(plugin_world.keyed)
    page.get_by_role("button", name="Read pipelines").click()
    expect(page.locator("#settings-words")).to_contain_text("The API key was not accepted")
    page.get_by_label("API key").fill(world.KEY)
    page.get_by_role("button", name="Read pipelines").click()
    expect(page.locator("#settings-words")).to_have_text("The service answers; its model knows 1 pipeline.")
    page.get_by_label('Action for "stove"').select_option("Studio / Stove")
    page.get_by_label("Play the pipeline's action").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#settings-words")).to_have_text("Saved.")
    find(page, "red.jpg")
    page.get_by_role("button", name="Write red-pan").click()
    expect(page.locator("#notice")).to_have_text("Played Studio / Stove.")
    assert page.evaluate("photoshopHost.done.at(-1)") == "play Studio/Stove on red.jpg"
    assert world.KEY not in page.evaluate("JSON.stringify(localStorage)")


def test_the_action_is_played_on_the_photo_that_was_looked_at(panel: Panel, plugin_world: world.World) -> None:
    page = panel(plugin_world.steady, routes='{"stove": {"set": "Studio", "action": "Stove"}}')
    find(page, "small.jpg")
    open_photo(page, "red.jpg")
    page.get_by_role("button", name="Play action").click()
    expect(page.locator("#notice")).to_have_text("Played Studio / Stove.")
    assert page.evaluate("photoshopHost.done.at(-1)") == "play Studio/Stove on small.jpg"
    page.evaluate("() => void photoshopHost.documents.shift()")
    page.get_by_role("button", name="Play action").click()
    expect(page.locator("#notice")).to_have_text("small.jpg is no longer open.")


@pytest.mark.parametrize(
    ("server", "sentence"),
    [
        ("", "Enter the address of the server in the settings."),
        ("studio", '"studio" is no server address'),
        ("http://studio.example", "http:// is not encrypted"),
    ],
)
def test_an_address_that_cannot_be_used_is_told_with_what_to_do(panel: Panel, server: str, sentence: str) -> None:
    page = panel(server)
    open_photo(page, "small.jpg")
    page.get_by_role("button", name="Find keyword").click()
    expect(page.locator("#notice")).to_contain_text(sentence)


def test_a_service_without_a_release_is_waited_for_until_a_person_cancels(
    panel: Panel, plugin_world: world.World
) -> None:
    page = panel(plugin_world.never)
    open_photo(page, "small.jpg")
    page.get_by_role("button", name="Find keyword").click()
    expect(page.locator("#notice")).to_have_text("The service is busy; next try in 2 s.")
    page.locator("#document").get_by_role("button", name="Cancel").click()
    expect(page.locator("#notice")).to_have_text("Cancelled.")
    expect(page.get_by_role("button", name="Find keyword")).to_be_enabled()


def test_a_batch_names_what_became_of_every_photo(panel: Panel, plugin_world: world.World, tmp_path: Path) -> None:
    page = panel(
        plugin_world.steady, routes='{"stove": {"set": "Studio", "action": "Stove"}}', play_actions="true"
    )
    names = ("small.jpg", "red.jpg", "adobe.jpg")
    for name in names:
        shutil.copyfile(plugin_world.photos / name, tmp_path / name)
    (tmp_path / "broken.jpg").write_text("no photo")
    (plugin_world.photos / "broken.jpg").write_text("no photo")
    picked = [[name, str(tmp_path / name)] for name in (*names, "broken.jpg")]
    page.evaluate(
        "picked => void (photoshopHost.chosen = picked.map(([name, path]) => photo(name, path)))", picked
    )
    page.get_by_role("button", name="Choose photos").click()
    expect(page.locator("#batch-words")).to_have_text("4 of 4: 3 photos keyworded, 1 failed")
    results = [text.replace("\xa0", " ") for text in page.locator(".result").all_inner_texts()]
    assert results[0].startswith("small.jpg: green-bowl")
    assert results[0].endswith("played Stove")
    assert results[3].startswith("broken.jpg: not a JPEG")
    assert page.evaluate("photoshopHost.done.filter(one => one.startsWith('play')).length") == 3
    expect(page.locator("#batch-cancel")).to_be_hidden()
    expect(page.locator("#batch-resume")).to_be_hidden()


def test_a_batch_plays_the_action_for_photos_that_have_their_keyword_too_but_not_for_unsure_ones(
    panel: Panel, plugin_world: world.World, tmp_path: Path
) -> None:
    shutil.copyfile(plugin_world.photos / "small.jpg", tmp_path / "small.jpg")
    settings = {"routes": '{"stove": {"set": "Studio", "action": "Stove"}}', "play_actions": "true"}
    for confidence, state, plays in (("0", "written", 1), ("0", "kept", 1), ("100", "kept", 0)):
        page = panel(plugin_world.steady, **settings, min_confidence=confidence)
        page.evaluate(
            "path => void (photoshopHost.chosen = [photo('small.jpg', path)])", str(tmp_path / "small.jpg")
        )
        page.get_by_role("button", name="Choose photos").click()
        expect(page.locator(f".result.{state}")).to_have_count(1)
        assert page.evaluate("photoshopHost.done.filter(one => one.startsWith('play')).length") == plays


def test_the_menu_command_finds_writes_and_plays_in_one_go(panel: Panel, plugin_world: world.World) -> None:
    page = panel(plugin_world.steady, routes='{"stove": {"set": "Studio", "action": "Oven"}}', play_actions="true")
    open_photo(page, "red.jpg")
    page.evaluate("photoshopHost.entrypoints.commands.keywordDocument()")
    assert page.evaluate(SUBJECT) == page.evaluate(OURS) == ["red-pan"]
    assert page.evaluate("photoshopHost.done.at(-1)") == "play Studio/Oven on red.jpg"


def test_a_name_with_markup_is_shown_as_it_is(panel: Panel, plugin_world: world.World) -> None:
    page = panel(plugin_world.steady)
    page.evaluate("() => void photoshopHost.open({ ...photo('small.jpg'), name: '<img src=x onerror=alert(1)>' })")
    page.get_by_role("button", name="Find keyword").click()
    expect(page.locator("#found")).to_contain_text("<img src=x onerror=alert(1)>")

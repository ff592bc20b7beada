"""A real Chromium before a real API, whose release names photos by their color and shows training photos."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from api.settings import Settings
from recipe_assets.release.results import ReviewRule
from recipe_assets.release.store import open_store
from tests.api.conftest import Running, api, host, serve, studio
from tests.browser.demo_page import DemoPage
from tests.release import factory

__all__ = ["api", "host", "serve", "studio"]

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run"]
PATIENCE_MS = 30_000
SURE = 0.7
"""Red, lime and blue photos are answered with more, gray ones with less."""
Open = Callable[..., DemoPage]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Not longer than a module: while Playwright is open, nobody else in this thread can run an event loop.
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        expect.set_options(timeout=PATIENCE_MS)
        yield opened
        expect.set_options(timeout=None)
        opened.close()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An API whose one release has training photos and a review rule; it may fetch private URLs."""
    folder = tmp_path_factory.mktemp("demo")
    built = folder / "built"
    factory.write_explained_files(built)
    rule = ReviewRule(0.95, dict.fromkeys(factory.KEYWORDS, SURE), 0.8, 0.96)
    manifest = msgspec.structs.replace(factory.manifest_of(built, 1), review=rule)
    store = (folder / "store").as_uri()
    open_store(store).publish(built, manifest, None)
    running = Running(Settings(releases=store, cache=folder / "cache", fetch_private=True, port=0))  # type: ignore[arg-type]
    running.start()
    running.wait_for(manifest.release_id)
    yield running
    running.stop()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Open the page of an API. At the end nothing may have been wrong in it, and nothing asked for elsewhere."""
    opened: list[DemoPage] = []

    def open_demo(running: Running, **options: Any) -> DemoPage:  # noqa: ANN401 (any option of a context)
        context = browser.new_context(**({"viewport": {"width": 1200, "height": 900}} | options))
        context.set_default_timeout(PATIENCE_MS)
        demo_page = DemoPage(context.new_page(), running.url)
        opened.append(demo_page)
        return demo_page.open()

    yield open_demo
    for demo_page in opened:
        demo_page.page.context.close()
    assert [demo_page.complaints for demo_page in opened] == [[] for _ in opened]
    assert [demo_page.outside for demo_page in opened] == [[] for _ in opened]


@pytest.fixture
def page(demo: Running, open_page: Open) -> DemoPage:
    """The page of the API, just opened."""
    return open_page(demo)


@pytest.fixture(scope="module")
def shared_page(demo: Running, browser: Browser) -> Iterator[DemoPage]:
    """One page for all tests of a module that only call functions of its scripts."""
    context = browser.new_context()
    yield DemoPage(context.new_page(), demo.url).open()
    context.close()


@pytest.fixture
def photos(tmp_path: Path) -> Callable[..., list[Path]]:
    """Write one-colored photos, each named `<color>.jpg` or as told."""

    def write(*colors: str, **named: str) -> list[Path]:
        folder = tmp_path / "photos"
        folder.mkdir(exist_ok=True)
        names = {f"{color}.jpg": color for color in colors} | {
            f"{name}.jpg": color for name, color in named.items()
        }
        for name, color in names.items():
            (folder / name).write_bytes(factory.photo(color, (96, 64)))
        return [folder / name for name in names]

    return write

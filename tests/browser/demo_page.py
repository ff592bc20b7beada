"""The demo page as a person has it: what tests press, drop, paste and read. No test stands here."""

import json
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Download, Locator, Page, Request, Route, expect

PREDICT = "**/api/v1/predict?*"
COUNT_OBJECT_URLS = """
window.liveUrls = new Set();
const make = URL.createObjectURL, drop = URL.revokeObjectURL;
URL.createObjectURL = (blob) => { const url = make.call(URL, blob); liveUrls.add(url); return url; };
URL.revokeObjectURL = (url) => { liveUrls.delete(url); drop.call(URL, url); };
"""


class DemoPage:
    """The page in one browser tab, with everything that went wrong in it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.complaints: list[str] = []
        self.outside: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._watch)
        page.add_init_script(COUNT_OBJECT_URLS)

    def _hear(self, message: ConsoleMessage) -> None:
        # That an answer was a 4xx or 5xx, the browser says by itself; what the page makes of it is tested.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.complaints.append(message.text)

    def _watch(self, request: Request) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.outside.append(request.url)

    def open(self) -> "DemoPage":
        self.page.goto(self.url)
        return self

    def add(self, *photos: Path) -> None:
        self.page.set_input_files("#files", list(photos))

    def add_folder(self, folder: Path) -> None:
        self.page.set_input_files("#folder", folder)

    def drop(self, *paths: Path) -> None:
        """What the operating system does when files or folders are dropped, by Chromium's own protocol."""
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        session = self.page.context.new_cdp_session(self.page)
        for kind in ("dragEnter", "dragOver", "drop"):
            session.send("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 300, "data": data})
        session.detach()

    def ask_for(self, address: str) -> None:
        self.page.get_by_label("Photo at a web address").fill(address)
        self.page.get_by_role("button", name="Classify").click()

    @property
    def rows(self) -> Locator:
        return self.page.locator("#list > li:visible")

    def row(self, name: str) -> Locator:
        return self.page.locator("#list > li", has=self.page.get_by_role("button", name=name))

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def finished(self, photos: int) -> None:
        """Wait until each of so many photos is answered or refused."""
        done = self.page.locator("#list > li:is([data-state=done], [data-state=failed])")
        expect(done).to_have_count(photos)

    def names(self) -> list[str]:
        return self.rows.locator(".line .file .name").all_text_contents()  # rows off the screen have no inner text

    def keywords(self) -> dict[str, str]:
        """The first keyword by file name, of the rows that are shown."""
        found = {}
        for row in self.rows.all():
            found[row.locator(".file .name").text_content() or ""] = row.locator(".keyword").text_content() or ""
        return found

    def spoken(self) -> Locator:
        return self.page.locator("#announcements")

    def download(self, button: Locator) -> Download:
        with self.page.expect_download() as download:
            button.click()
        return download.value

    def save(self, button: Locator, folder: Path) -> Path:
        """Press a button and keep what it downloads."""
        download = self.download(button)
        path = folder / "downloads" / download.suggested_filename
        download.save_as(path)
        return path

    def live_urls(self) -> int:
        found: int = self.page.evaluate("liveUrls.size")
        return found

    def call(self, module: str, expression: str, *arguments: object) -> object:
        """The value of a JavaScript expression over a module of the page (`m`) and JSON arguments (`a`)."""
        script = f"async (a) => {{ const m = await import('/demo/{module}'); return await ({expression}); }}"
        return self.page.evaluate(script, list(arguments))

    def colors(self, names: Sequence[str]) -> dict[str, tuple[int, int, int]]:
        """The red, green and blue that the browser makes of CSS variables."""
        script = """(names) => JSON.stringify(names.map((name) => {
            const probe = document.createElement("i");
            probe.style.color = `var(--${name})`;
            document.body.append(probe);
            const color = getComputedStyle(probe).color;
            probe.remove();
            return [name, color.match(/[0-9]+/g).slice(0, 3).map(Number)];
        }))"""
        return {name: tuple(color) for name, color in json.loads(self.page.evaluate(script, list(names)))}


class Held:
    """Requests that were stopped on their way; the service sees them when they are let go."""

    def __init__(self, page: DemoPage, free: int = 0) -> None:
        """Let so many pass and stop all others."""
        self.free = free
        self.routes: list[Route] = []
        page.page.route(PREDICT, self._meet)

    def _meet(self, route: Route) -> None:
        if self.free > 0:
            self.free -= 1
            route.continue_()
        else:
            self.routes.append(route)

    def let_go(self) -> None:
        """Let those that were stopped, and all that come, go on to the service."""
        for route in self.routes:
            route.continue_()
        self.forget()

    def forget(self) -> None:
        """Let all that come pass; the page gave up on those that were stopped."""
        self.routes.clear()
        self.free = 1_000_000

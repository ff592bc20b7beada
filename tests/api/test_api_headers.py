"""What browsers are told: content security that a real one keeps to, framing, and pages of other origins."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from api.guarding.headers import cross_origin, page_policy
from api.settings import Settings
from recipe_assets.errors import SettingsError
from tests.api.conftest import Running, Studio
from tests.release import factory

CHROMIUM = Path("/usr/bin/chromium")
PREDICT = "/api/v1/predict"
EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


class Elsewhere(ThreadingHTTPServer):
    """A web server of another origin; it serves one empty page."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _EmptyPage)
        self.origin = f"http://127.0.0.1:{self.server_port}"


class _EmptyPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!DOCTYPE html><title>elsewhere</title>")

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    server = Elsewhere()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def complaints_of(page: Page) -> list[str]:
    found: list[str] = []
    page.on(
        "console", lambda message: found.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/docs", 200),
        ("GET", "/docs/openapi.json", 200),
        ("GET", "/assets/swagger-ui/swagger-ui.css", 200),
        ("GET", "/api/v1/health", 200),
        ("GET", "/metrics", 200),
        ("POST", PREDICT, 200),
        ("POST", "/api/v1/predict?output=file", 200),
        ("GET", "/nowhere", 404),
        ("DELETE", PREDICT, 405),
        ("GET", "/api/v1/classify", 400),
        ("OPTIONS", PREDICT, 204),
    ],
)
def test_every_answer_carries_the_headers(steady: Running, method: str, path: str, status: int) -> None:
    content = factory.photo() if method == "POST" else None
    answer = steady.client.request(method, path, content=content)
    assert answer.status_code == status
    assert answer.headers.items() >= {name.lower(): value for name, value in EVERYWHERE.items()}.items()
    assert answer.headers["Permissions-Policy"].startswith("camera=()")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert ("script-src" in policy) is answer.headers.get("Content-Type", "").startswith("text/html")
    if path.startswith("/api/"):
        assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Request-ID"]
    assert answer.headers["X-Model-Release"]
    assert "Server" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_the_pages_work_under_their_policy_in_a_real_browser(steady: Running, page: Page, path: str) -> None:
    complaints = complaints_of(page)
    page.goto(f"{steady.url}{path}")
    expect(page.locator("body *").first).to_be_attached()
    if path == "/docs":
        page.locator("#operations-photos-predict .opblock-summary").click()
        expect(page.locator("#operations-photos-predict select").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert complaints == []


SCRIPT = "document.body.append(Object.assign(document.createElement('script'), {textContent: 'stolen = true'}))"
PICTURE = "document.body.append(Object.assign(document.createElement('img'), {src: 'http://127.0.0.2:9/steal'}))"
CLICK = """
    document.body.insertAdjacentHTML('beforeend', '<b id="bait" onclick="stolen = true">bait</b>');
    document.getElementById('bait').click();
"""
SEND = "fetch('http://127.0.0.2:9/steal').catch(() => {})"


@pytest.mark.parametrize("attack", [SCRIPT, PICTURE, CLICK, SEND], ids=["script", "picture", "click", "send"])
@pytest.mark.parametrize("path", ["/", "/docs"])
def test_what_a_stranger_puts_into_a_page_does_nothing(
    steady: Running, page: Page, path: str, attack: str
) -> None:
    complaints = complaints_of(page)
    page.goto(f"{steady.url}{path}")
    complaints.clear()
    refused = page.evaluate(f"() => {{ try {{ {attack} }} catch (error) {{ return String(error) }} }}")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("typeof stolen") == "undefined"
    assert "EvalError" not in str(refused)  # the attack itself was tried
    assert refused or [text for text in complaints if "Content Security Policy" in text]


def test_no_page_can_frame_ours(steady: Running, page: Page, elsewhere: Elsewhere) -> None:
    page.goto(elsewhere.origin)
    page.evaluate(
        """url => new Promise(done => {
            const frame = document.createElement('iframe');
            frame.src = url;
            frame.onload = done;
            document.body.append(frame);
        })""",
        steady.url,
    )
    assert page.frames[1].url.startswith("chrome-error:")


def test_only_inline_parts_of_the_page_itself_are_allowed() -> None:
    page = b"<style>p{}</style><script>one()</script><script src='/a.js'></script><scripty>two()</scripty>"
    policy = page_policy(page)
    assert policy.count("'sha256-") == 2
    assert "script-src 'self' 'sha256-" in policy
    assert "style-src 'self' 'sha256-" in policy
    assert page_policy(b"<p onclick='one()'>") == page_policy()


# What another origin's page gets when it posts a photo: the body, and the headers that it may read.
POST = """async ([url, key]) => {
    try {
        const headers = {'Content-Type': 'application/octet-stream', 'X-API-Key': key};
        const answer = await fetch(url, {method: 'POST', body: new Uint8Array([1, 2, 3]), headers});
        const names = ['X-Model-Release', 'X-Request-ID', 'RateLimit-Remaining', 'Retry-After', 'X-Secret'];
        return [answer.status, ...names.map(name => answer.headers.has(name))];
    } catch (error) {
        return String(error);
    }
}"""


def test_a_page_of_another_origin_may_call_only_if_named(
    studio: Studio, serve: Callable[..., Running], page: Page, elsewhere: Elsewhere
) -> None:
    release = studio.publish(1).release_id
    origins = f"https://photoshop.example, {elsewhere.origin}"
    named = serve(cors_origins=origins, rate_per_minute=1, keys="page=1234")
    closed = serve(cors_origins="https://photoshop.example", cache=studio.folder / "other")
    for running in (named, closed):
        running.wait_for(release)
    page.goto(elsewhere.origin)
    assert page.evaluate(POST, [named.url + PREDICT, "1234"]) == [400, True, True, True, False, False]
    assert page.evaluate(POST, [named.url + PREDICT, "1234"]) == [429, True, True, True, True, False]
    assert page.evaluate(POST, [named.url + PREDICT, "wrong"])[0] == 401
    assert page.evaluate(POST, [closed.url + PREDICT, "1234"]) == "TypeError: Failed to fetch"


def test_without_the_setting_no_other_origin_may_read(steady: Running) -> None:
    answer = steady.client.post(PREDICT, content=b"", headers={"Origin": "https://photoshop.example"})
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_star_opens_the_api_to_all_pages_but_never_with_cookies(
    studio: Studio, serve: Callable[..., Running]
) -> None:
    running = serve(cors_origins="*")
    running.wait_for(studio.publish(1).release_id)
    answer = running.client.get("/api/v1/model", headers={"Origin": "https://anybody.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        "photoshop.example",
        "https://photoshop.example/",
        "https://photoshop.example/page",
        "https://*.example",
        "https://user@photoshop.example",
        "ftp://photoshop.example",
        "https://photoshop.example:port",
        "https://Photoshop.example",
        "https://",
        "null",
    ],
)
def test_what_is_no_origin_is_told_at_the_start(origin: str) -> None:
    settings = Settings(releases="unused", cache=Path("unused"), cors_origins=f"https://a.example, {origin}")
    with pytest.raises(SettingsError, match="RECIPE_API_CORS_ORIGINS cannot be used: ") as raised:
        cross_origin(settings)
    assert f"'{origin}'" in str(raised.value)


def test_origins_may_have_ports_and_numbers() -> None:
    origins = ["http://localhost:3000", "https://[::1]:8443", "http://192.0.2.1", "https://a-b.example"]
    settings = Settings(releases="unused", cache=Path("unused"), cors_origins=",".join(origins))
    assert cross_origin(settings).allow_origins == origins

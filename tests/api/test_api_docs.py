"""The documentation: complete, and readable in a browser that has no internet."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect, sync_playwright

from tests.api.conftest import Running

CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


def test_the_schema_tells_how_to_upload_and_what_comes_back(steady: Running) -> None:
    schema = steady.client.get("/docs/openapi.json").json()
    predict = schema["paths"]["/api/v1/predict"]["post"]
    form = predict["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["properties"]["file"] == {"type": "string", "format": "binary"}
    assert "image/*" in predict["requestBody"]["content"]
    assert set(predict["responses"]) == {"200", "400", "413", "503"}
    assert "application/problem+json" in predict["responses"]["400"]["content"]
    assert "three likeliest" in predict["description"]
    assert [parameter["name"] for parameter in predict["parameters"]] == ["output"]
    assert set(schema["paths"]["/api/v1/classify"]) == {"get", "post"}
    assert set(schema["paths"]) == {
        f"/api/v1/{path}" for path in ("predict", "classify", "health", "model", "model/reload", "model/rollback")
    }


@pytest.mark.parametrize("path", ["/", "/api/v1/docs"])
def test_people_are_led_to_the_documentation(steady: Running, path: str) -> None:
    answer = steady.client.get(path, follow_redirects=True)
    assert answer.status_code == 200
    assert answer.url.path == "/docs"


def test_the_documentation_renders_without_internet(steady: Running, browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page(viewport={"width": 1200, "height": 1500})
    outside, complaints = [], []

    def only_here(route: Route) -> None:
        if route.request.url.startswith((steady.url, "data:")):
            route.continue_()
        else:
            outside.append(route.request.url)
            route.abort()

    page.route("**/*", only_here)
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{steady.url}/docs")
    expect(page.locator(".opblock")).to_have_count(7)
    page.locator("#operations-photos-predict .opblock-summary").click()
    expect(page.locator("#operations-photos-predict select").first).to_be_visible()
    page.screenshot(path=tmp_path / "docs.png")
    page.close()
    assert outside == []
    assert complaints == []

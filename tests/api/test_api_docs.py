"""The documentation: valid, complete, true of real answers, and readable in a browser that has no internet."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from playwright.sync_api import Browser, Route, expect, sync_playwright

from tests.api.conftest import Running
from tests.api.explained import explaining
from tests.api.photo_host import Host
from tests.release import factory
from tests.studio.heic import heic

CHROMIUM = Path("/usr/bin/chromium")
JSON, PROBLEM = "application/json", "application/problem+json"
BASE = "/api/v1"
PHOTOS = [f"{BASE}/{path}" for path in ("predict", "predict/batch", "classify")]
MODEL = [f"{BASE}/{path}" for path in ("model", "model/reload", "model/rollback")]
HEALTH = [f"{BASE}/{path}" for path in ("health", "health/ready", "health/live")]
NEIGHBOR = f"{BASE}/neighbors/{{release_id}}/{{picture}}"
REVIEW = [f"{BASE}/review/{path}" for path in ("queue", "pictures/{name}", "answers", "progress")]

Schema = dict[str, Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with explaining(tmp_path_factory.mktemp("explained")) as running:
        yield running


@pytest.fixture(scope="module")
def schema(explained: Running) -> Schema:
    found: Schema = explained.client.get("/docs/openapi.json").json()
    return found


def operations(schema: Schema) -> dict[str, Schema]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    }


def complaints(schema: Schema, kind: Schema, value: object) -> list[str]:
    """What a value has against its documentation."""
    validator = Draft202012Validator({**kind, "components": schema["components"]})
    return [error.message for error in validator.iter_errors(value)]


def check(schema: Schema, operation: str, answer: httpx.Response) -> None:
    """Hold a real answer against the documentation."""
    documented = operations(schema)[operation]["responses"]
    assert str(answer.status_code) in documented, (operation, answer.status_code, answer.text)
    content = documented[str(answer.status_code)]["content"]
    media_type = answer.headers["content-type"].split(";")[0]
    assert media_type in content or f"{media_type.split('/')[0]}/*" in content, media_type
    if media_type.endswith("json"):
        assert complaints(schema, content[media_type]["schema"], answer.json()) == []
    assert answer.headers["X-Model-Release"]


def test_the_documentation_is_valid_openapi(schema: Schema) -> None:
    validate(schema)


def test_every_call_is_documented(schema: Schema) -> None:
    assert set(schema["paths"]) == {*PHOTOS, *MODEL, *HEALTH, *REVIEW, NEIGHBOR}
    assert set(schema["paths"][f"{BASE}/classify"]) == {"get", "post"}
    for name, operation in operations(schema).items():
        assert operation["description"], name
        assert "200" in operation["responses"], name


def test_every_answer_in_json_has_an_example_and_every_example_is_valid(schema: Schema) -> None:
    count = 0
    for name, operation in operations(schema).items():
        bodies = operation.get("requestBody", {}).get("content", {})
        contents = [content for response in operation["responses"].values() for content in [response["content"]]]
        for content in [bodies, *contents]:
            for media_type, described in content.items():
                examples = described.get("examples", {})
                if media_type.endswith("json") and not name.endswith(tuple(HEALTH)):
                    assert examples, (name, media_type)
                for example in examples.values():
                    assert complaints(schema, described["schema"], example["value"]) == [], name
                    count += 1
    assert count > 40


def test_an_example_that_is_wrong_would_be_found(schema: Schema) -> None:
    answers = operations(schema)[f"POST {BASE}/predict"]["responses"]["200"]["content"][JSON]
    value = next(iter(answers["examples"].values()))["value"]
    assert complaints(schema, answers["schema"], [{**value[0], "confidence": "high"}])
    assert complaints(schema, answers["schema"], {"url": "s3://a/b"})


def test_the_schema_tells_how_to_upload_and_what_to_ask(schema: Schema) -> None:
    predict = operations(schema)[f"POST {BASE}/predict"]
    form = predict["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["properties"]["file"] == {"type": "string", "format": "binary"}
    assert {"image/*", JSON, "application/octet-stream"} < set(predict["requestBody"]["content"])
    asked = ["output", "top", "min_confidence", "nearest", "detail"]
    assert [parameter["name"] for parameter in predict["parameters"]] == asked
    classify = operations(schema)[f"GET {BASE}/classify"]
    assert [parameter["name"] for parameter in classify["parameters"]] == ["url", "image_url", *asked]
    batch = operations(schema)[f"POST {BASE}/predict/batch"]
    files = batch["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]["file"]
    assert files["type"] == "array"


def test_the_example_of_an_upload_can_be_sent_as_it_stands(explained: Running, schema: Schema) -> None:
    body = operations(schema)[f"POST {BASE}/predict"]["requestBody"]["content"][JSON]
    for example in body["examples"].values():
        assert explained.client.post(f"{BASE}/predict", json=example["value"]).status_code == 200


def test_the_defaults_in_the_documentation_are_those_of_the_api(explained: Running, schema: Schema) -> None:
    parameters = operations(schema)[f"POST {BASE}/predict"]["parameters"]
    defaults = {one["name"]: one["schema"]["default"] for one in parameters}
    query = {name: str(value).lower() for name, value in defaults.items()}
    photo = factory.photo("red")
    plain = explained.client.post(f"{BASE}/predict", content=photo)
    assert explained.client.post(f"{BASE}/predict", content=photo, params=query).json() == plain.json()


def test_the_limits_in_the_documentation_are_those_of_the_api(explained: Running, schema: Schema) -> None:
    for parameter in operations(schema)[f"POST {BASE}/predict"]["parameters"]:
        kind, limits = parameter["schema"], []
        for bound, step in (("minimum", -1), ("maximum", 1)):
            if bound in kind:
                limits += [(kind[bound], 200), (kind[bound] + step, 400)]
        limits += [(value, 200) for value in kind.get("enum", [])]
        for value, status in limits:
            query = {parameter["name"]: value}
            answer = explained.client.post(f"{BASE}/predict", content=factory.photo("red"), params=query)
            assert answer.status_code == status, query


@pytest.mark.parametrize("output", ["predictions", "file", "s3_url", "xmp"])
@pytest.mark.parametrize("query", [{}, {"detail": "true"}, {"nearest": "2"}, {"min_confidence": "100"}])
def test_answers_to_a_photo_are_as_documented(
    explained: Running, schema: Schema, host: Host, output: str, query: dict[str, str]
) -> None:
    asked = {"output": output, **query}
    photo = factory.photo("blue")
    check(schema, f"POST {BASE}/predict", explained.client.post(f"{BASE}/predict", content=photo, params=asked))
    at = {"url": f"{host.url}/photo.jpg", **asked}
    for method in ("GET", "POST"):
        answer = explained.client.request(method, f"{BASE}/classify", params=at)
        check(schema, f"{method} {BASE}/classify", answer)


def test_errors_are_as_documented(explained: Running, schema: Schema) -> None:
    client, predict = explained.client, f"{BASE}/predict"
    answers = [
        (400, client.post(predict, content=b"no photo")),
        (400, client.post(predict, content=factory.photo(), params={"top": "none"})),
        (415, client.post(predict, content=heic(), params={"output": "file"})),
        (413, client.post(predict, files=[("file", ("a", b"x"))] * 40)),
    ]
    for status, answer in answers:
        assert answer.status_code == status
        check(schema, f"POST {predict}", answer)
    unreachable = client.get(f"{BASE}/classify", params={"url": "http://127.0.0.1:1/a.jpg"})
    check(schema, f"GET {BASE}/classify", unreachable)
    check(schema, f"GET {NEIGHBOR}", client.get(f"{BASE}/neighbors/none/0.jpg"))


def test_the_other_answers_are_as_documented(explained: Running, schema: Schema) -> None:
    files = [("file", ("a.jpg", factory.photo("red"))), ("file", ("b.txt", b"no photo"))]
    for query in ({}, {"nearest": "1"}):
        answer = explained.client.post(f"{BASE}/predict/batch", files=files, params=query)
        check(schema, f"POST {BASE}/predict/batch", answer)
    release = explained.health()["release_id"]
    check(schema, f"GET {NEIGHBOR}", explained.client.get(f"{BASE}/neighbors/{release}/0.jpg"))
    check(schema, f"GET {BASE}/model", explained.client.get(f"{BASE}/model"))
    check(schema, f"POST {BASE}/model/reload", explained.client.post(f"{BASE}/model/reload"))
    check(schema, f"POST {BASE}/model/rollback", explained.client.post(f"{BASE}/model/rollback"))
    for path in HEALTH:
        check(schema, f"GET {path}", explained.client.get(path))


def test_people_are_led_to_the_documentation(steady: Running) -> None:
    answer = steady.client.get("/api/v1/docs", follow_redirects=True)
    assert answer.status_code == 200
    assert answer.url.path == "/docs"


def test_the_documentation_renders_without_internet(steady: Running, browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page(viewport={"width": 1200, "height": 1500})
    outside, faults = [], []

    def only_here(route: Route) -> None:
        if route.request.url.startswith((steady.url, "data:")):
            route.continue_()
        else:
            outside.append(route.request.url)
            route.abort()

    page.route("**/*", only_here)
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{steady.url}/docs")
    expect(page.locator(".opblock")).to_have_count(len(PHOTOS) + 1 + len(MODEL) + len(HEALTH) + 1 + len(REVIEW))
    page.locator("#operations-photos-predict .opblock-summary").click()
    expect(page.locator("#operations-photos-predict select").first).to_be_visible()
    page.screenshot(path=tmp_path / "docs.png", full_page=True)
    page.close()
    assert outside == []
    assert faults == []

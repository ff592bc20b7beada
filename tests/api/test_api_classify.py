"""Photos at URLs, over real HTTP: how the URL is given, and what is answered."""

from urllib.parse import quote

import httpx
import pytest

from api.contract.options import Options, photo_query
from api.errors import BadRequestError
from tests.api.conftest import Running
from tests.api.photo_host import Host

CLASSIFY = "/api/v1/classify"
PRIVATE = "not on the public internet"


@pytest.mark.parametrize(
    "form",
    ["{raw}", "{quoted}", "url={quoted}", "image_url={quoted}", "url={raw}&output=predictions", "detail=no&{raw}"],
)
def test_a_photo_at_a_url_is_classified(steady: Running, host: Host, form: str) -> None:
    raw = f"{host.url}/photo.jpg"
    query = form.format(raw=raw, quoted=quote(raw, safe=""))
    for method in ("GET", "POST"):
        answer = steady.client.request(method, f"{CLASSIFY}?{query}")
        assert answer.status_code == 200
        assert answer.json()[0]["keyword"] == "blue-pot"
        assert len(answer.json()) == 3
        assert answer.headers["X-Model-Release"]


@pytest.mark.parametrize(
    ("query", "url"),
    [
        (b"https://host/a.jpg?b=c&output=file", "https://host/a.jpg?b=c&output=file"),
        (b"https%3A%2F%2Fhost%2Fa%2520b.jpg", "https://host/a%20b.jpg"),
        (b"https://host/a%20b.jpg", "https://host/a%20b.jpg"),
        (b"HTTPS://HOST/a", "HTTPS://HOST/a"),
    ],
)
def test_a_bare_url_is_taken_whole(query: bytes, url: str) -> None:
    assert photo_query(query) == (url, {})


@pytest.mark.parametrize(
    ("query", "url", "fields"),
    [
        (b"output=file&https://host/a?b=c&top=1", "https://host/a?b=c&top=1", {"output": ["file"]}),
        (b"top=2&min_confidence=9.5&HTTP://h/a", "HTTP://h/a", {"top": ["2"], "min_confidence": ["9.5"]}),
    ],
)
def test_what_is_asked_for_may_stand_before_a_bare_url(query: bytes, url: str, fields: dict[str, object]) -> None:
    assert photo_query(query) == (url, fields)


def test_what_is_asked_for_stands_beside_a_named_url() -> None:
    url, fields = photo_query(b"image_url=https%3A%2F%2Fh%2Fa&output=file&top=2")
    assert url == "https://h/a"
    options = Options.of(fields, keywords=4)
    assert (options.output, options.top) == ("file", 2)


@pytest.mark.parametrize("query", [b"", b"url=", b"url=&image_url=%20", b"photo=https://host/a", b"nonsense"])
def test_a_query_without_a_url_is_a_bad_request(query: bytes) -> None:
    with pytest.raises(BadRequestError, match="needs a photo's URL"):
        photo_query(query)


def test_what_is_no_image_at_a_url_is_told_so(steady: Running) -> None:
    answer = steady.client.get(CLASSIFY, params={"url": f"{steady.url}/api/v1/health"})
    assert answer.status_code == 400
    assert answer.json()["detail"] == "File must be an image"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/photo.jpg", "http://no-such-host.invalid/photo.jpg"])
def test_a_host_that_cannot_be_reached_is_a_bad_gateway(steady: Running, url: str) -> None:
    answer: httpx.Response = steady.client.get(CLASSIFY, params={"url": url})
    assert answer.status_code == 502
    assert answer.json()["detail"]


def test_private_addresses_are_refused_unless_allowed(api: Running, host: Host) -> None:
    answer = api.client.get(f"{CLASSIFY}?{host.url}/photo.jpg")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert PRIVATE in answer.json()["detail"]
    assert host.asked == []

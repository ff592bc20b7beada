"""Photos in, keywords out, over real HTTP: the contract that the Photoshop scripts know."""

import socket
from collections.abc import Callable

import httpx
import pytest

from tests.api.conftest import Running, Studio
from tests.release import factory

PREDICT = "/api/v1/predict"
NOT_AN_IMAGE = "File must be an image"


def form(photo: bytes, field: str = "file", name: str = "blob", kind: str = "image/jpeg") -> dict[str, object]:
    return {field: (name, photo, kind)}


def is_problem(answer: httpx.Response, status: int) -> bool:
    return answer.status_code == status and answer.headers["content-type"] == "application/problem+json"


def test_a_photo_in_a_form_is_answered_with_three_keywords_best_first(steady: Running) -> None:
    answer = steady.client.post(PREDICT, files=form(factory.photo("lime")))
    assert answer.status_code == 200
    predictions = answer.json()
    assert [set(prediction) for prediction in predictions] == [{"keyword", "confidence"}] * 3
    assert predictions[0]["keyword"] == "green-bowl"
    confidences = [prediction["confidence"] for prediction in predictions]
    assert confidences == sorted(confidences, reverse=True)
    assert 50 < confidences[0] <= 100
    assert answer.headers["X-Model-Release"] == steady.health()["release_id"]


@pytest.mark.parametrize("kind", ["image/jpeg", "application/octet-stream", "application/json", "", None])
def test_a_photo_as_the_body_is_the_same_whatever_type_it_claims(steady: Running, kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    answer = steady.client.post(PREDICT, content=factory.photo("blue"), headers=headers)
    assert answer.json() == steady.client.post(PREDICT, files=form(factory.photo("blue"))).json()
    assert answer.json()[0]["keyword"] == "blue-pot"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_every_format_of_the_studio_is_read(steady: Running, kind: str) -> None:
    answer = steady.client.post(PREDICT, files=form(factory.photo("red", kind=kind), kind="text/plain"))
    assert answer.json()[0]["keyword"] == "red-pan"


@pytest.mark.parametrize("content", [b"no photo", b"%PDF-1.7", factory.photo("red")[:200], b"GIF89a" + bytes(40)])
def test_what_is_no_image_is_told_so_in_these_very_words(steady: Running, content: bytes) -> None:
    for answer in (steady.client.post(PREDICT, files=form(content)), steady.client.post(PREDICT, content=content)):
        assert is_problem(answer, 400)
        assert answer.json()["detail"] == NOT_AN_IMAGE
        assert answer.headers["X-Model-Release"]


@pytest.mark.parametrize(
    "upload",
    [
        {"content": b""},
        {"files": form(b"")},
        {"files": form(b"photo", field="image")},
        {"data": {"file": "text"}, "files": form(b"x", field="other")},
        {"files": [("file", ("a.jpg", b"x")), ("file", ("b.jpg", b"y"))]},
        {"files": {"file": (None, b"\xff\xd8\xff binary without a name")}},
        {"content": b"--", "headers": {"Content-Type": "multipart/form-data"}},
        {"content": b"garbage", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
    ],
    ids=["empty body", "empty file", "other field", "text", "two files", "no file name", "no boundary", "garbage"],
)
def test_an_upload_without_one_photo_is_a_bad_request(steady: Running, upload: dict[str, object]) -> None:
    answer = steady.client.post(PREDICT, **upload)
    assert is_problem(answer, 400)
    assert answer.json()["detail"]


def test_too_many_form_parts_are_too_large(steady: Running) -> None:
    answer = steady.client.post(PREDICT, files=[("file", (f"{number}.jpg", b"x")) for number in range(40)])
    assert is_problem(answer, 413)


@pytest.mark.parametrize("chunked", [False, True])
def test_an_upload_over_the_cap_is_too_large(studio: Studio, serve: Callable[..., Running], chunked: bool) -> None:
    pointer = studio.publish(1)
    running = serve(max_bytes=10_000)
    running.wait_for(pointer.release_id)
    content = bytes(20_000)
    answer = running.client.post(PREDICT, content=iter([content]) if chunked else content)
    assert is_problem(answer, 413)
    assert answer.headers["X-Model-Release"] == pointer.release_id
    assert running.client.post(PREDICT, content=factory.photo("red")).status_code == 200


def test_the_output_may_be_named(steady: Running) -> None:
    answer = steady.client.post(PREDICT, params={"output": "predictions"}, files=form(factory.photo()))
    assert answer.json()[0]["keyword"] == "red-pan"


@pytest.mark.parametrize(("method", "path", "status"), [("GET", PREDICT, 405), ("GET", "/api/v1/nothing", 404)])
def test_every_error_is_problem_details_and_names_the_release(
    steady: Running, method: str, path: str, status: int
) -> None:
    answer = steady.client.request(method, path)
    assert is_problem(answer, status)
    assert answer.json()["status"] == status
    assert answer.json()["detail"]
    assert answer.headers["X-Model-Release"] == steady.health()["release_id"]


def test_a_client_that_goes_away_mid_upload_harms_nobody(steady: Running) -> None:
    host, port = steady.listener.getsockname()
    with socket.create_connection((host, port)) as client:
        client.sendall(b"POST /api/v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf")
    assert steady.client.post(PREDICT, content=factory.photo("red")).status_code == 200

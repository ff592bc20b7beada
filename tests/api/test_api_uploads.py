"""Uploads of every shape over real HTTP: forms as programs write them, base64 in JSON, hostile ones, the caps."""

import base64
import json
import socket
from collections.abc import Callable

import pytest

from tests.api.conftest import Running, Studio
from tests.api.explained import PREDICT, is_problem
from tests.release import factory

NOT_AN_IMAGE = "File must be an image"
RED = factory.photo("red")
BASE64 = base64.b64encode(RED).decode()
NOISY = RED + bytes(-len(RED) % 3) + b"\xfb\xef\xff\x00"
"""A photo whose base64 has padding and both characters that the URL-safe alphabet writes differently."""
SMALL = 20_000


def form(*parts: bytes, boundary: bytes = b"xx") -> dict[str, object]:
    """A form written by hand: each part is its headers and its content."""
    body = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + boundary + b"--\r\n"
    return {"content": body, "headers": {"Content-Type": f"multipart/form-data; boundary={boundary.decode()}"}}


def part(disposition: str, photo: bytes = RED, *headers: str) -> bytes:
    lines = [f"Content-Disposition: form-data; {disposition}", *headers, "", ""]
    return "\r\n".join(lines).encode() + photo


@pytest.mark.parametrize(
    "headers",
    [
        ('name="file"; filename="blob"', "Content-Type: application/octet-stream"),
        ('name="file"; filename="blob"', "Content-Type: text/plain; charset=utf-16"),
        ('name="file"; filename="blob"',),
        ('name="file"',),
        ("name=file",),
        ('name="file"; filename=""', "Content-Type: image/png"),
        ('name="file"; filename="smörgås.jpg"', "Content-Type: image/jpeg"),
        ("name=\"file\"; filename*=UTF-8''sm%C3%B6r.jpg",),
    ],
)
def test_a_form_counts_by_its_content_whatever_its_file_is_called(
    steady: Running, headers: tuple[str, ...]
) -> None:
    disposition, *others = headers
    answer = steady.client.post(PREDICT, **form(part(disposition, RED, *others)))
    assert answer.status_code == 200, answer.text
    assert answer.json()[0]["keyword"] == "red-pan"


def test_other_fields_of_the_form_do_not_matter(steady: Running) -> None:
    answer = steady.client.post(
        PREDICT,
        **form(part('name="note"', b"hello"), part('name="file"; filename="blob"'), part('name="photo"', b"x")),
    )
    assert answer.json()[0]["keyword"] == "red-pan"


@pytest.mark.parametrize(
    ("upload", "complaint"),
    [
        (form(), "has 0"),
        (form(part('name="image"; filename="a.jpg"')), "has 0"),
        (form(part('name="file"'), part('name="file"')), "has 2"),
        (form(part('name="file"', b"")), "the upload is empty"),
        (form(b"Content-Type: image/jpeg\r\n\r\n" + RED), "the form cannot be read"),
        ({**form(part('name="file"')), "headers": {"Content-Type": "multipart/form-data"}}, "has no boundary"),
        ({**form(part('name="file"')), "headers": {"Content-Type": "multipart/form-data; boundary=yy"}}, "form"),
        ({"content": b"", "headers": {"Content-Type": "multipart/form-data; boundary=xx"}}, "form"),
        ({"content": b""}, "the upload is empty"),
        ({"content": b"   "}, NOT_AN_IMAGE),
    ],
)
def test_a_request_without_one_photo_says_what_is_missing(
    steady: Running, upload: dict[str, object], complaint: str
) -> None:
    answer = steady.client.post(PREDICT, **upload)
    assert is_problem(answer, 400)
    assert complaint in answer.json()["detail"]


def test_a_form_that_breaks_off_is_a_bad_request_at_every_place(steady: Running) -> None:
    whole = form(part('name="file"; filename="blob"', RED, "Content-Type: image/jpeg"))
    body, headers = whole["content"], whole["headers"]
    for length in [*range(0, 130, 3), len(body) - 200, len(body) - 9, len(body) - 7, len(body) - 5]:
        answer = steady.client.post(PREDICT, content=body[:length], headers=headers)
        assert is_problem(answer, 400), length


def test_a_form_with_endless_headers_is_refused(steady: Running) -> None:
    for headers in (["X-A: " + "a" * 10_000], [f"X-{number}: a" for number in range(200)]):
        answer = steady.client.post(PREDICT, **form(part('name="file"', RED, *headers)))
        assert answer.status_code in (400, 413)


def encoded(image: object, **more: object) -> dict[str, object]:
    return {"json": {"image": image, **more}}


@pytest.mark.parametrize(
    "upload",
    [
        encoded(BASE64),
        encoded(f"data:image/jpeg;base64,{BASE64}"),
        encoded(f"DATA:;name=a.jpg;BASE64,{BASE64}"),
        encoded("\n".join(BASE64[at : at + 76] for at in range(0, len(BASE64), 76))),
        encoded(BASE64.rstrip("=")),
        encoded(base64.urlsafe_b64encode(NOISY).decode()),
        encoded(base64.urlsafe_b64encode(NOISY).decode().rstrip("=")),
        encoded(base64.b64encode(NOISY).decode()),
        encoded(BASE64, name="a.jpg", unknown=[1, 2]),
        {"content": b"\r\n \t" + json.dumps({"image": BASE64}).encode()},
        {"content": json.dumps({"image": BASE64}), "headers": {"Content-Type": "text/plain"}},
        {"content": json.dumps({"image": BASE64}), "headers": {"Content-Type": "image/jpeg"}},
        {"content": json.dumps({"image": BASE64}).replace("/", "\\/")},
    ],
)
def test_base64_in_json_is_a_photo(steady: Running, upload: dict[str, object]) -> None:
    answer = steady.client.post(PREDICT, **upload)
    assert answer.status_code == 200, answer.text
    assert answer.json()[0]["keyword"] == "red-pan"


def test_a_large_photo_in_base64_is_the_same_photo(steady: Running) -> None:
    photo = factory.photo("red", (3000, 2000), "TIFF")
    assert len(photo) > 17_000_000
    answer = steady.client.post(PREDICT, **encoded(base64.b64encode(photo).decode()))
    assert answer.json() == steady.client.post(PREDICT, content=photo).json()


@pytest.mark.parametrize(
    ("image", "complaint"),
    [
        (f"{BASE64[:-5]}!{BASE64[-4:]}", "'image' is not base64"),
        (BASE64[:21], "breaks off"),
        (f"{BASE64[:8]}===={BASE64[8:]}", "put together"),
        (BASE64 + "=====", "put together"),
        ("köttbullar", "beyond ASCII"),
        (f"data:image/jpeg,{BASE64}", "';base64,'"),
        ("data:image/jpeg;base64", "';base64,'"),
        ("https://host/photo.jpg", "'image' is not base64"),
        ("", "the upload is empty"),
        ("=", "the upload is empty"),
        ("data:image/jpeg;base64,", "the upload is empty"),
        (None, "the JSON body cannot be used"),
        (5, "the JSON body cannot be used"),
        ([BASE64], "the JSON body cannot be used"),
    ],
)
def test_what_is_no_base64_is_told_why(steady: Running, image: object, complaint: str) -> None:
    answer = steady.client.post(PREDICT, **encoded(image))
    assert is_problem(answer, 400)
    assert complaint in answer.json()["detail"]
    assert BASE64[:20] not in answer.text


def test_a_flaw_deep_in_the_text_is_found_and_placed(steady: Running) -> None:
    text = base64.b64encode(bytes(1_000_000)).decode()
    answer = steady.client.post(PREDICT, **encoded(f"{text[:900_000]}*{text[900_001:]}"))
    assert is_problem(answer, 400)
    assert "from character 786432 on" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("content", "kind", "complaint"),
    [
        (b'{"image": "', "application/json", "damaged JSON"),
        (b'{"image": "\xff"}', "application/json", "damaged JSON"),
        (b'{"photo": "x"}', "application/json", "the JSON body cannot be used"),
        (b"{}", "application/json", "the JSON body cannot be used"),
        (b'{"image": "', "image/jpeg", NOT_AN_IMAGE),
        (b"{ not json", "text/plain", NOT_AN_IMAGE),
        (b"[1]", "application/json", NOT_AN_IMAGE),
        (b"null", "application/json", NOT_AN_IMAGE),
        (b"{" * 100_000, "application/json", "damaged JSON"),
        (b'{"a":' * 50_000, "application/json", "damaged JSON"),
    ],
)
def test_json_without_a_photo_is_told_why(steady: Running, content: bytes, kind: str, complaint: str) -> None:
    answer = steady.client.post(PREDICT, content=content, headers={"Content-Type": kind})
    assert is_problem(answer, 400)
    assert complaint in answer.json()["detail"]


@pytest.fixture
def small(studio: Studio, serve: Callable[..., Running]) -> Running:
    """An API that takes small photos only."""
    pointer = studio.publish(1)
    running = serve(max_bytes=SMALL, batch_photos=3)
    running.wait_for(pointer.release_id)
    return running


def padded(size: int) -> bytes:
    """A photo of exactly so many bytes."""
    return RED + bytes(size - len(RED))


def test_the_cap_counts_the_bytes_of_the_photo_not_of_its_wrapping(small: Running) -> None:
    def ways(photo: bytes) -> list[dict[str, object]]:
        text = base64.b64encode(photo).decode()
        return [
            {"content": photo},
            {"content": iter([photo])},
            {"files": {"file": ("a.jpg", photo)}},
            encoded(text),
            encoded(f"data:image/jpeg;base64,{text}"),
            encoded("\n".join(text[at : at + 76] for at in range(0, len(text), 76))),
        ]

    for upload in ways(padded(SMALL)):
        assert small.client.post(PREDICT, **upload).status_code == 200
    for upload in ways(padded(SMALL + 1)):
        answer = small.client.post(PREDICT, **upload)
        assert is_problem(answer, 413)
        assert str(SMALL) in answer.json()["detail"]
    assert small.client.post(PREDICT, content=RED).status_code == 200


def test_a_form_of_many_other_fields_is_too_large(small: Running) -> None:
    parts = [part('name="note"', bytes(200_000)) for _ in range(6)]
    assert is_problem(small.client.post(PREDICT, **form(*parts, part('name="file"'))), 413)
    many = [part(f'name="note{number}"', b"x") for number in range(16)]
    assert is_problem(small.client.post(PREDICT, **form(*many, part('name="file"'))), 413)
    assert small.client.post(PREDICT, **form(*many[:15], part('name="file"'))).status_code == 200


def test_a_body_that_is_announced_too_large_is_refused_before_it_is_sent(small: Running) -> None:
    with socket.create_connection(small.listener.getsockname()) as client:
        client.settimeout(10)
        client.sendall(f"POST {PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: 900000000\r\n\r\n".encode())
        assert client.recv(1 << 16).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("length", ["-1", "abc", "99999999999999999999999999"])
def test_a_senseless_length_is_refused(small: Running, length: str) -> None:
    with socket.create_connection(small.listener.getsockname()) as client:
        client.settimeout(10)
        client.sendall(f"POST {PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode())
        assert client.recv(1 << 16)[9:12] in (b"400", b"413")
    assert small.client.post(PREDICT, content=RED).status_code == 200


def test_nothing_is_read_while_there_is_no_release(serve: Callable[..., Running]) -> None:
    running = serve()
    with socket.create_connection(running.listener.getsockname()) as client:
        client.settimeout(10)
        client.sendall(f"POST {PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n".encode())
        answer = client.recv(1 << 16)
    assert answer.startswith(b"HTTP/1.1 503")
    assert b"retry-after" in answer.lower()

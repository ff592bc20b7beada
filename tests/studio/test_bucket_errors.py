"""Every way in which a bucket can be out of reach: an error in one line, and never an empty studio."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from moto.core.authorization import enable_iam_authentication

from recipe_assets.errors import StudioError
from recipe_assets.studio.shoots import Studio, StudioFile, open_studio
from tests.s3 import s3_client
from tests.studio.places import BucketPlace

Lists = Callable[[Studio], object]
LISTS: dict[str, Lists] = {
    "shoots": lambda studio: studio.shoots(),
    "shoot": lambda studio: studio.shoot("W43"),
    "read": lambda studio: studio.read("W43", StudioFile("a.jpg", 1, '"etag"')),
}
"""Every way to ask a studio something."""


@pytest.fixture(params=LISTS)
def ask(request: pytest.FixtureRequest) -> Lists:
    return LISTS[request.param]


def refused(ask: Lists, studio: Studio) -> str:
    """The one line that says why the studio cannot be read."""
    with pytest.raises(StudioError) as raised:
        ask(studio)
    line = str(raised.value)
    assert line.startswith(f"the studio {studio.location} cannot be re")
    assert "\n" not in line
    return line


def test_a_missing_bucket_is_an_error_and_no_empty_studio(bucket: BucketPlace, ask: Lists) -> None:
    line = refused(ask, bucket.open("s3://no-such-bucket/shoots"))
    assert "(NoSuchBucket): check that the bucket exists" in line


def test_wrong_credentials_are_an_error_and_no_empty_studio(bucket: BucketPlace, ask: Lists) -> None:
    bucket.put({"W43/a.jpg": b"a"})
    with enable_iam_authentication():
        line = refused(ask, bucket.open())
    assert "(InvalidAccessKeyId): check that the bucket exists and that the credentials" in line


def test_missing_credentials_are_one_line(
    bucket: BucketPlace, ask: Lists, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", bucket.endpoint)
    assert "Unable to locate credentials" in refused(ask, open_studio(bucket.location))


def test_a_closed_port_is_an_error_within_seconds(ask: Lists, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    started = time.monotonic()
    assert "check AWS_ENDPOINT_URL" in refused(ask, open_studio("s3://bucket/shoots"))
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("endpoint", ["nonsense", "http://", "http://[::1"])
def test_an_endpoint_that_is_no_address_is_one_line(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with pytest.raises(StudioError, match=r"^the studio s3://bucket/shoots cannot be reached .*AWS_ENDPOINT_URL"):
        open_studio("s3://bucket/shoots").shoots()


@pytest.mark.parametrize("name", ["my bucket", "b#", "ö"])
def test_a_bucket_of_an_impossible_name_is_one_line(bucket: BucketPlace, name: str) -> None:
    line = refused(LISTS["shoots"], bucket.open(f"s3://{name}/shoots"))
    assert "Invalid bucket name" in line


def test_an_archived_photo_holds_its_shoot_up_with_the_cure(bucket: BucketPlace) -> None:
    """As a reject it would stay one after it was restored: nothing in the listing changes then."""
    bucket.client.put_object(
        Bucket=bucket.bucket, Key=bucket.prefix + "W43/a.jpg", Body=b"a", StorageClass="GLACIER"
    )
    studio = bucket.open()
    with pytest.raises(StudioError, match=r"^W43/a\.jpg is archived .*: restore it"):
        studio.read("W43", studio.shoot("W43").files[0])


@pytest.fixture
def cut_short() -> Iterator[str]:
    """A server that promises ten bytes, sends three, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        answer = b'HTTP/1.1 200 OK\r\nETag: "etag"\r\nContent-Length: 10\r\n\r\nabc'

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def test_a_download_that_is_cut_short_is_an_error_and_no_shorter_photo(cut_short: str) -> None:
    client = s3_client(cut_short)
    studio = open_studio("s3://bucket/shoots", client)
    assert "cannot be reached" in refused(LISTS["read"], studio)
    client.close()

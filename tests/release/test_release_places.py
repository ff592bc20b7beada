"""What can be wrong with the place itself: each a line that names the thing and the cure."""

import socket
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from recipe_assets.errors import ReleaseError
from recipe_assets.release.store import open_store
from tests.release import factory
from tests.release.conftest import S3Place
from tests.s3 import s3_client


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize("url", ["", "http://host/x", "s3://", "file://host/x"])
def test_a_url_that_is_no_store_names_the_setting(url: str) -> None:
    with pytest.raises(ReleaseError, match="RECIPE_RELEASES"):
        open_store(url)


def test_a_folder_may_be_given_as_url_or_path(tmp_path: Path) -> None:
    spaced = tmp_path / "my releases"
    assert open_store(spaced.as_uri()).store_url == spaced.as_uri()
    assert open_store(str(spaced)).store_url == spaced.as_uri()


def test_a_folder_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")
    manifest = factory.build(tmp_path / "1")
    store = open_store(str(tmp_path / "store"))
    with pytest.raises(ReleaseError, match=r"cannot be used .*RECIPE_RELEASES"):
        store.read_pointer()
    with pytest.raises(ReleaseError, match=r"cannot be used .*RECIPE_RELEASES"):
        store.publish(tmp_path / "1", manifest, None)


def test_an_unreachable_s3_is_one_line() -> None:
    client = s3_client(f"http://127.0.0.1:{free_port()}")
    store = open_store("s3://bucket/prefix", client)
    for call in (store.read_pointer, store.list_releases, store.rollback):
        with pytest.raises(ReleaseError, match=r"s3://bucket/prefix cannot be reached .*AWS_ENDPOINT_URL$"):
            call()
    client.close()


def test_a_missing_bucket_is_one_line(s3_endpoint: str, tmp_path: Path) -> None:
    client = s3_client(s3_endpoint)
    store = open_store("s3://no-such-bucket/prefix", client)
    with pytest.raises(ReleaseError, match=r"bucket of .*s3://no-such-bucket/prefix does not exist: create it"):
        store.read_pointer()
    with pytest.raises(ReleaseError, match="does not exist: create it"):
        store.publish(tmp_path / "1", factory.build(tmp_path / "1"), None)
    client.close()


def test_missing_credentials_are_one_line(
    s3_endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)
    with pytest.raises(ReleaseError, match="needs credentials: set AWS_ACCESS_KEY_ID"):
        open_store("s3://bucket/prefix").read_pointer()


@pytest.mark.parametrize("code", ["InvalidAccessKeyId", "AccessDenied", "SignatureDoesNotMatch", "403"])
def test_refused_credentials_are_one_line(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    client = s3_client("http://127.0.0.1:1")

    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "GetObject")

    monkeypatch.setattr(client, "get_object", refuse)
    with pytest.raises(ReleaseError, match=rf"s3://bucket refuses the credentials \({code}\): check them"):
        open_store("s3://bucket", client).read_pointer()


@pytest.mark.parametrize("place", ["s3"], indirect=True)
def test_the_default_client_takes_its_endpoint_from_the_environment(
    place: S3Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in place.environ.items():
        monkeypatch.setenv(name, value)
    store = open_store(place.url)
    store.publish(tmp_path / "1", factory.build(tmp_path / "1"), None)
    assert place.open().read_pointer() == store.read_pointer()


@pytest.mark.parametrize("place", ["s3"], indirect=True)
def test_a_write_whose_answer_was_lost_is_no_conflict(
    place: S3Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """S3 took the pointer, the answer did not arrive, and the client's own retry met its own write."""
    put_object = place.client.put_object

    def put_twice(**arguments: object) -> object:
        if "IfMatch" in arguments or str(arguments["Key"]).endswith("latest.json"):
            put_object(**arguments)
        return put_object(**arguments)

    monkeypatch.setattr(place.client, "put_object", put_twice)
    pointer = place.open().publish(tmp_path / "1", factory.build(tmp_path / "1"), None)
    assert place.open().read_pointer().pointer == pointer

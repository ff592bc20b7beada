"""Which errors are worth another try, on real clients and a real closed port."""

import socket
from collections.abc import Callable
from pathlib import Path

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from recipe_assets.errors import RecipeError, ReleaseError
from recipe_assets.outages import passes_by_itself
from recipe_assets.release.fleet import confirm_served
from recipe_assets.release.store import open_store

PATIENCE = Config(connect_timeout=60, read_timeout=60, retries={"total_max_attempts": 1})


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def raised(act: Callable[[], object]) -> RecipeError:
    with pytest.raises(RecipeError) as caught:
        act()
    return caught.value


def test_a_bucket_that_is_away_comes_back_and_one_that_does_not_exist_does_not(
    closed_port: int, s3_endpoint: str
) -> None:
    def store(endpoint: str) -> Callable[[], object]:
        keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1"}
        client = boto3.client("s3", endpoint_url=endpoint, config=PATIENCE, **keys)
        return open_store("s3://nobody-made-this/prefix", client).list_releases

    assert passes_by_itself(raised(store(f"http://127.0.0.1:{closed_port}")))
    assert not passes_by_itself(raised(store(s3_endpoint)))


def test_an_api_that_restarts_comes_back(closed_port: int) -> None:
    url = f"http://127.0.0.1:{closed_port}"
    assert passes_by_itself(raised(lambda: confirm_served(url, "release")))


def test_a_damaged_store_has_to_be_mended(tmp_path: Path) -> None:
    (tmp_path / "latest.json").write_text("{")
    assert not passes_by_itself(raised(lambda: open_store(tmp_path.as_uri()).read_pointer()))


@pytest.mark.parametrize(
    ("status", "code", "passes"),
    [(503, "SlowDown", True), (500, "InternalError", True), (429, "x", True), (403, "AccessDenied", False)],
)
def test_a_server_that_is_busy_is_tried_again_and_one_that_refuses_is_not(
    status: int, code: str, passes: bool
) -> None:
    answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    assert passes_by_itself(ClientError(answer, "PutObject")) is passes


def test_causes_are_followed_but_not_those_that_were_set_aside() -> None:
    for cause, context, passes in ((httpx.ReadTimeout("slow"), None, True), (None, TimeoutError(), False)):
        error = ReleaseError("no answer")
        error.__cause__, error.__context__ = cause, context
        error.__suppress_context__ = True
        assert passes_by_itself(error) is passes


def test_a_loop_of_causes_ends() -> None:
    one, other = ReleaseError("a"), ReleaseError("b")
    one.__cause__, other.__cause__ = other, one
    assert not passes_by_itself(one)

"""Photos that are stored with their keyword, in real folders and in a real bucket over HTTP."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname
from uuid import uuid4

import pytest

from api.contract.results import FolderResults, open_results
from recipe_assets.errors import SettingsError
from recipe_assets.studio.metadata import image_data_sha256, read_keywords
from tests.api.conftest import ROOT, Running
from tests.api.explained import PREDICT, ask, explaining, is_problem, stored_bytes
from tests.release import factory
from tests.s3 import CREDENTIALS, s3_client
from tests.studio.pictures import encode, picture


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with explaining(tmp_path_factory.mktemp("explained")) as running:
        yield running


def test_results_are_stored_beside_the_releases_unless_told_otherwise(explained: Running) -> None:
    answer = ask(explained, factory.photo("red"), "s3_url")
    assert answer.headers["content-type"] == "application/json"
    url = answer.json()["s3_url"]
    assert url.startswith(f"{explained.health()['store']}/results/")
    assert url.endswith(".jpg")
    assert read_keywords(stored_bytes(answer)).iptc == ("red-pan",)
    assert ask(explained, factory.photo("red"), "s3_url").json()["s3_url"] == url
    assert ask(explained, factory.photo("lime"), "s3_url").json()["s3_url"] != url
    assert ask(explained, factory.photo("red"), "s3_url", min_confidence=100).json()["s3_url"] != url


def test_many_that_store_the_same_photo_at_once_find_it_whole(explained: Running) -> None:
    photo = encode(picture(9, (900, 700)), quality=95)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ask(explained, photo, "s3_url"), range(16)))
    assert len({answer.json()["s3_url"] for answer in answers}) == 1
    assert image_data_sha256(stored_bytes(answers[0])) == image_data_sha256(photo)
    folder = Path(url2pathname(urlsplit(answers[0].json()["s3_url"]).path)).parent
    assert not list(folder.glob(".*"))


@pytest.fixture
def bucket(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty bucket that this process reaches by its environment, as an API would."""
    name = f"results-{uuid4().hex}"
    client = s3_client(s3_endpoint)
    client.create_bucket(Bucket=name)
    client.close()
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", CREDENTIALS["aws_access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CREDENTIALS["aws_secret_access_key"])
    monkeypatch.setenv("AWS_DEFAULT_REGION", CREDENTIALS["region_name"])
    return name


@pytest.mark.parametrize("prefix", ["", "/photos/of the day"])
def test_results_go_to_a_bucket_once(s3_endpoint: str, bucket: str, tmp_path: Path, prefix: str) -> None:
    photo = factory.photo("red")
    with explaining(tmp_path, results=f"s3://{bucket}{prefix}") as running:
        first = ask(running, photo, "s3_url")
        url = first.json()["s3_url"]
        assert url.startswith(f"s3://{bucket}{prefix}/results/")
        client = s3_client(s3_endpoint)
        key = url.removeprefix(f"s3://{bucket}/")
        stored = client.get_object(Bucket=bucket, Key=key)
        content = stored["Body"].read()
        assert ask(running, photo, "s3_url").json()["s3_url"] == url
        assert client.get_object(Bucket=bucket, Key=key)["LastModified"] == stored["LastModified"]
        client.close()
    assert stored["ContentType"] == "image/jpeg"
    assert read_keywords(content).iptc == ("red-pan",)
    assert first.headers["X-Image-Data-Unchanged"] == f"sha256={image_data_sha256(content)}"


def test_a_bucket_that_is_not_there_is_a_bad_gateway(bucket: str, tmp_path: Path) -> None:
    with explaining(tmp_path, results=f"s3://{bucket}-nowhere") as running:
        answer = running.client.post(PREDICT, content=factory.photo("red"), params={"output": "s3_url"})
        assert is_problem(answer, 502)
        assert f"s3://{bucket}-nowhere/results" in answer.json()["detail"]
        assert "RECIPE_API_RESULTS" in answer.json()["detail"]
        assert running.client.post(PREDICT, content=factory.photo("red")).status_code == 200


def test_a_folder_that_cannot_be_written_is_a_bad_gateway(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    with explaining(tmp_path, results=(tmp_path / "taken").as_uri()) as running:
        answer = running.client.post(PREDICT, content=factory.photo("red"), params={"output": "s3_url"})
        assert is_problem(answer, 502)
        assert "cannot be stored" in answer.json()["detail"]


def test_what_a_killed_process_left_half_written_is_removed_in_time(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    for name, age in ((".old.part", 2 * 24 * 3600), (".young.part", 60)):
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (time.time() - age,) * 2)
    assert FolderResults(folder).put("a.jpg", b"whole", "image/jpeg") == (folder / "a.jpg").as_uri()
    assert sorted(path.name for path in folder.iterdir()) == [".young.part", "a.jpg"]


def test_a_result_never_changes(tmp_path: Path) -> None:
    results = FolderResults(tmp_path)
    assert results.put("a.jpg", b"first", "image/jpeg") == results.put("a.jpg", b"second", "image/jpeg")
    assert (tmp_path / "a.jpg").read_bytes() == b"first"


WITHOUT_ROOM = """
import pathlib, resource, sys
from api.errors import ResultsError
from api.contract.results import FolderResults
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    FolderResults(pathlib.Path(sys.argv[1])).put("a.jpg", bytes(5000), "image/jpeg")
except ResultsError as error:
    print(error)
"""
"""A process whose files may not grow beyond 1,000 bytes, as on a full disk."""


def test_a_photo_that_there_is_no_room_for_is_told_and_leaves_nothing_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_ROOM, str(tmp_path)]
    told = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    assert "cannot be stored in" in told
    assert "File too large" in told
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["", "https://host/results", "s3://", "ftp://host/a", "file://other-host/a"])
def test_a_place_that_results_cannot_go_to_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(SettingsError, match="RECIPE_API_RESULTS"):
        open_results(url)

"""Resources as the definitions wire them: stores over a real S3 server, tables apart by studio."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import dagster as dg
import pytest
from dagster_aws.s3 import S3Resource
from moto.server import ThreadedMotoServer

from recipe_assets.defs.release import release_is_complete
from recipe_assets.defs.resources import ReleaseStoreResource, StorageResource
from recipe_assets.defs.wiring import studio_root
from tests.release import factory


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Resource]:
    """A bucket "studio" on an S3 server that speaks HTTP."""
    for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}.items():
        monkeypatch.setenv(name, value)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1").create_bucket(Bucket="studio")
    yield S3Resource(endpoint_url=endpoint, region_name="us-east-1")
    server.stop()


def test_a_release_goes_through_dagsters_s3_resource_and_reads_back_whole(s3: S3Resource, tmp_path: Path) -> None:
    releases = ReleaseStoreResource(url="s3://studio/models", s3=s3)
    with dg.build_resources({"releases": releases}) as live:
        manifest = factory.build(tmp_path / "release")
        live.releases.open().publish(tmp_path / "release", manifest, None)
        storage = StorageResource(root=str(tmp_path / "data"))
        result = release_is_complete(releases=live.releases, storage=storage)
    assert result.passed
    assert result.metadata["release_id"].value == manifest.release_id


def test_two_studios_of_one_name_never_share_tables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    first, second = studio_root("/a/shoots"), studio_root("/b/shoots")
    assert first != second
    assert first.parent == second.parent == tmp_path / "data"

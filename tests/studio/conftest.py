"""Places where shoots arrive, each the real thing: a folder, and a bucket over HTTP as moto's server speaks S3."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from moto.server import ThreadedMotoServer

from recipe_assets.storage import TableStore
from tests.studio.places import BucketPlace, FolderPlace, Place, s3_client


@pytest.fixture
def tables(tmp_path: Path) -> TableStore:
    """Tables beside the studio."""
    return TableStore(tmp_path / "tables")


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """A real HTTP server that speaks S3."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_endpoint: str) -> Iterator[BucketPlace]:
    """A studio below a prefix of an empty bucket."""
    client = s3_client(s3_endpoint)
    name = f"studio-{uuid4().hex}"
    client.create_bucket(Bucket=name)
    yield BucketPlace(client, s3_endpoint, name, "photos/shoots")
    client.close()


@pytest.fixture
def folder(tmp_path: Path) -> FolderPlace:
    """A studio in an empty folder."""
    return FolderPlace(tmp_path / "shoots")


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest) -> Place:
    """An empty studio of each kind."""
    made: Place = request.getfixturevalue(request.param)
    return made

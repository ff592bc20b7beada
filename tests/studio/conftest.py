"""Places where shoots arrive, each the real thing: a folder, and a bucket over HTTP as moto's server speaks S3."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from recipe_assets.storage import TableStore
from tests.s3 import s3_client
from tests.studio.places import BucketPlace, FolderPlace, Place


@pytest.fixture
def tables(tmp_path: Path) -> TableStore:
    """Tables beside the studio."""
    return TableStore(tmp_path / "tables")


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

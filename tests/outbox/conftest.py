"""Outboxes of both kinds, each the real thing: a folder, and a bucket over HTTP as moto's server speaks S3."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.outbox.shop import Shop, usual_photos
from tests.s3 import s3_client

OpenShop = Callable[[Path], Shop]


@pytest.fixture(scope="session")
def open_shop(tmp_path_factory: pytest.TempPathFactory) -> OpenShop:
    """Makes shops in new folders: a shoot of one photo of every kind, a release, and an empty outbox."""
    pattern = Shop(tmp_path_factory.mktemp("pattern"), "")
    pattern.put(usual_photos())
    pattern.publish()
    return lambda root: pattern.copy_to(root, str(root / "outbox"))


@pytest.fixture
def folder_shop(tmp_path: Path, open_shop: OpenShop) -> Shop:
    """One with its outbox in a folder."""
    return open_shop(tmp_path / "shop")


@pytest.fixture
def bucket_shop(tmp_path: Path, open_shop: OpenShop, s3_endpoint: str) -> Iterator[Shop]:
    """One with its outbox below a prefix of a bucket."""
    shop, bucket = open_shop(tmp_path / "shop"), f"outbox-{uuid4().hex}"
    shop.client = s3_client(s3_endpoint)
    shop.client.create_bucket(Bucket=bucket)
    shop.outbox_at = f"s3://{bucket}/for/photoshop"
    yield shop
    shop.client.close()


@pytest.fixture(params=["folder", "bucket"])
def shop(request: pytest.FixtureRequest) -> Shop:
    """Each of them in turn."""
    made: Shop = request.getfixturevalue(f"{request.param}_shop")
    return made

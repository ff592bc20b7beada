"""The two kinds of store, each over the real thing: a folder, and S3 over HTTP as moto's server speaks it."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from recipe_assets.release.manifest import Manifest
from recipe_assets.release.pointer import Pointer
from recipe_assets.release.store import ReleaseStore, open_store
from tests.release import factory
from tests.s3 import s3_client

ROOT = Path(__file__).parents[2]


class FolderPlace:
    """A store in a folder, and ways to damage it behind the store's back."""

    kind = "folder"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = folder.as_uri()
        self.environ: dict[str, str] = {}

    def open(self) -> ReleaseStore:
        return open_store(self.url)

    def read(self, key: str) -> bytes:
        return (self.folder / key).read_bytes()

    def write(self, key: str, data: bytes) -> None:
        (self.folder / key).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / key).write_bytes(data)

    def delete(self, key: str) -> None:
        (self.folder / key).unlink()

    def contents(self) -> dict[str, bytes]:
        """Every file of the store's releases."""
        files = [path for path in (self.folder / "releases").rglob("*") if path.is_file()]
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in files}


class S3Place:
    """A store in a bucket, and ways to damage it behind the store's back."""

    kind = "s3"

    def __init__(self, endpoint: str, bucket: str) -> None:
        self.bucket = bucket
        self.url = f"s3://{bucket}/studio/releases-of-test"
        self.prefix = "studio/releases-of-test/"
        self.client = s3_client(endpoint)
        self.client.create_bucket(Bucket=bucket)
        self.environ = {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def open(self) -> ReleaseStore:
        return open_store(self.url, self.client)

    def read(self, key: str) -> bytes:
        with self.client.get_object(Bucket=self.bucket, Key=self.prefix + key)["Body"] as body:
            return body.read()

    def write(self, key: str, data: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=self.prefix + key, Body=data)

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=self.prefix + key)

    def contents(self) -> dict[str, bytes]:
        """Every file of the store's releases."""
        listing = self.client.list_objects_v2(Bucket=self.bucket, Prefix=f"{self.prefix}releases/")
        keys = [entry["Key"].removeprefix(self.prefix) for entry in listing.get("Contents", [])]
        return {key: self.read(key) for key in keys}


Place = FolderPlace | S3Place


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty store of each kind."""
    if request.param == "folder":
        yield FolderPlace(tmp_path / "store")
        return
    made = S3Place(request.getfixturevalue("s3_endpoint"), f"test-{uuid4().hex}")
    yield made
    made.client.close()


class Studio:
    """Builds and publishes numbered releases."""

    def __init__(self, place: Place, folder: Path) -> None:
        self.place = place
        self.store = place.open()
        self.folder = folder

    def build(self, number: int) -> tuple[Path, Manifest]:
        folder = self.folder / f"built-{number}"
        if not folder.exists():
            factory.write_files(folder, bias=float(number))
        return folder, factory.manifest_of(folder, number)

    def token(self) -> str | None:
        found = self.store.read_pointer()
        return found.token if found else None

    def publish(self, number: int) -> Pointer:
        return self.store.publish(*self.build(number), self.token())


@pytest.fixture
def studio(place: Place, tmp_path: Path) -> Studio:
    return Studio(place, tmp_path)

"""Studios of both kinds, seen from the side of the photographer: files are put into them and taken out."""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from moto.s3.models import s3_backends

from recipe_assets.studio.bucket import BucketStudio
from recipe_assets.studio.folder import FolderStudio
from recipe_assets.studio.shoots import Studio, open_studio

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class FolderPlace:
    """A studio in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.root.mkdir()
        self.location = str(root)

    def put(self, files: dict[str, bytes]) -> None:
        """Files by `shoot/name`; one that is there is replaced, and is younger than before."""
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            before = path.stat().st_mtime_ns if path.exists() else None
            path.write_bytes(content)
            if before is not None:
                # Two writes within one tick of the kernel's clock have one time.
                os.utime(path, ns=(before + 1_000_000,) * 2)

    def delete(self, name: str) -> None:
        """Take a file away."""
        (self.root / name).unlink()

    def clear(self) -> None:
        """Take all shoots away."""
        for shoot in self.root.iterdir():
            shutil.rmtree(shoot)

    def open(self) -> Studio:
        """The studio as it is opened by its location."""
        studio = open_studio(self.location)
        assert isinstance(studio, FolderStudio)
        return studio


class BucketPlace:
    """A studio below a prefix of a bucket."""

    def __init__(self, client: "S3Client", endpoint: str, bucket: str, prefix: str) -> None:
        self.client = client
        self.endpoint = endpoint
        self.bucket = bucket
        self.prefix = f"{prefix}/"
        self.location = f"s3://{bucket}/{prefix}"

    def put(self, files: dict[str, bytes]) -> None:
        """Files by `shoot/name`, over HTTP."""
        for name, content in files.items():
            self.client.put_object(Bucket=self.bucket, Key=self.prefix + name, Body=content)

    def fill(self, names: list[str]) -> None:
        """Many empty files at once, behind the server's back; thousands of requests would take a minute."""
        backend = s3_backends["123456789012"]["aws"]
        for name in names:
            backend.put_object(self.bucket, self.prefix + name, b"")

    def delete(self, name: str) -> None:
        """Take a file away."""
        self.client.delete_object(Bucket=self.bucket, Key=self.prefix + name)

    def clear(self) -> None:
        """Take all shoots away."""
        for item in self.client.list_objects_v2(Bucket=self.bucket).get("Contents", []):
            self.client.delete_object(Bucket=self.bucket, Key=item["Key"])

    def open(self, location: str | None = None) -> Studio:
        """The studio as it is opened by its location."""
        studio = open_studio(location or self.location, self.client)
        assert isinstance(studio, BucketStudio)
        return studio


Place = FolderPlace | BucketPlace

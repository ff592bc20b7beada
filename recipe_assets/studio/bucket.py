"""A studio in a bucket: `s3://bucket/prefix/<shoot>/<photo>`, on AWS or any server that speaks S3."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, NamedTuple, Self

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from recipe_assets.errors import StudioError
from recipe_assets.studio.shoots import Shoot, StudioFile, is_litter, is_shoot_name, warn_of_names

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CHANGED = {"NoSuchKey", "404", "PreconditionFailed", "412"}


def studio_client(endpoint_url: str | None = None, region_name: str | None = None) -> "S3Client":
    """A client from the environment that gives up on a silent server well within a sensor's 60 seconds."""
    import boto3

    config = Config(connect_timeout=5, read_timeout=12, retries={"mode": "standard", "total_max_attempts": 3})
    session = boto3.session.Session()
    client: S3Client = session.client("s3", endpoint_url=endpoint_url, region_name=region_name, config=config)
    return client


class BucketStudio:
    """A studio below one prefix of a bucket."""

    def __init__(self, client: "S3Client", bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""

    @classmethod
    def open(cls, location: str, client: "S3Client | None" = None) -> Self:
        """The studio at `s3://bucket/prefix`.

        Raises:
            StudioError: if the URL names no bucket.
        """
        # Not as an address, in which "#" and "?" would end the prefix.
        bucket, _, prefix = location.partition("://")[2].partition("/")
        if not bucket:
            raise StudioError(f"RECIPE_STUDIO={location} names no bucket: write s3://bucket/prefix")
        with _plain(location):
            return cls(client or studio_client(), bucket, prefix.strip("/"))

    @property
    def location(self) -> str:
        """Bucket and prefix as an s3:// URL."""
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def shoots(self) -> dict[str, Shoot]:
        """All shoots by name, sorted, from one listing of the bucket (a request for every thousand keys)."""
        found: dict[str, list[_Entry]] = {}
        for entry in self._list(self._prefix):
            name, slash, file = entry.file.partition("/")
            if slash:
                found.setdefault(name, []).append(entry._replace(file=file))
        warn_of_names(self.location, found)
        shoots = {name: _shoot(name, found[name]) for name in sorted(found) if is_shoot_name(name)}
        return {name: shoot for name, shoot in shoots.items() if shoot.files}

    def shoot(self, name: str) -> Shoot:
        """One shoot as it is now.

        Raises:
            StudioError: if there is no such shoot, or the bucket cannot be read.
        """
        shoot = _shoot(name, list(self._list(f"{self._prefix}{name}/")))
        if not shoot.files:
            raise StudioError(f"shoot '{name}' in {self.location} cannot be read: there is no file below it")
        return shoot

    def read(self, shoot: str, file: StudioFile) -> bytes:
        """The bytes of one object as it was listed.

        Raises:
            StudioError: if it changed since, or the bucket is out of reach.
        """
        key = f"{self._prefix}{shoot}/{file.name}"
        with _plain(self.location):
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=key, IfMatch=file.version)
            except ClientError as error:
                if _code(error) in _CHANGED:
                    raise StudioError(f"{shoot}/{file.name} changed while its shoot was read") from None
                if _code(error) == "InvalidObjectState":
                    raise StudioError(f"{shoot}/{file.name} is archived in the bucket: restore it") from None
                raise
            with closing(answer["Body"]) as body:
                return body.read()

    def _list(self, prefix: str) -> Iterator["_Entry"]:
        """Every object below the prefix, folder markers left out."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        with _plain(self.location):
            for page in pages:
                for item in page.get("Contents", []):
                    if not item["Key"].endswith("/"):
                        file, changed = item["Key"].removeprefix(prefix), item["LastModified"].timestamp()
                        yield _Entry(file, item["Size"], item["ETag"], changed)


class _Entry(NamedTuple):
    file: str
    bytes: int
    version: str
    changed: float


def _shoot(name: str, entries: list[_Entry]) -> Shoot:
    # Hidden files count as activity, as in a folder: they may be on their way to their real names.
    changed = max((entry.changed for entry in entries), default=0.0)
    files = [StudioFile(*entry[:3]) for entry in entries if not is_litter(entry.file)]
    return Shoot(name, tuple(sorted(files, key=lambda file: file.name)), changed)


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "unknown"))


@contextmanager
def _plain(location: str) -> Iterator[None]:
    """Say which studio failed, and what to look at."""
    try:
        yield
    except ClientError as error:
        cure = "check that the bucket exists and that the credentials may list and read it"
        raise StudioError(f"the studio {location} cannot be read ({_code(error)}): {cure}") from error
    except (BotoCoreError, ValueError) as error:
        cause = re.sub(r"\s+", " ", str(error))
        cure = "check AWS_ENDPOINT_URL, the region and the credentials"
        raise StudioError(f"the studio {location} cannot be reached ({cause}): {cure}") from error

"""Where `output=s3_url` stores photos: below `results/` of a bucket or a folder.

A result is stored once under its name and never changes. All of it blocks: `outputs` runs it in threads, and
chooses the names.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname
from uuid import uuid4

from api.errors import ResultsError
from recipe_assets.errors import SettingsError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FOLDER = "results"
_LEFTOVER_SECONDS = 24 * 3600
"""What a killed process left half-written is removed after this; a younger file may be another process's."""


class Results(Protocol):
    """A place for results."""

    def put(self, name: str, photo: bytes, media_type: str) -> str:
        """Store a photo, unless there is one of this name; returns its URL.

        Raises:
            ResultsError: if that fails.
        """
        ...


def open_results(url: str) -> Results:
    """The results at "s3://bucket/prefix", "file:///folder" or a plain path. Nothing is read or written yet.

    Raises:
        SettingsError: if the URL is of another kind.
    """
    parts = urlsplit(url)
    if parts.scheme == "s3" and parts.netloc:
        return BucketResults(parts.netloc, "/".join(filter(None, (parts.path.strip("/"), FOLDER))))
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path:
        return FolderResults(Path(url2pathname(parts.path)) / FOLDER)
    if url and "://" not in url:
        return FolderResults(Path(url) / FOLDER)
    raise SettingsError(f"RECIPE_API_RESULTS='{url}' cannot be used: say s3://bucket/prefix or file:///folder")


class FolderResults:
    """Results in a folder, which comes into being with the first one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()

    def put(self, name: str, photo: bytes, media_type: str) -> str:
        """See `Results.put`; a photo is there whole or not at all, also after a power cut."""
        target = self._folder / name
        try:
            if not target.exists():
                self._write(target, photo)
        except OSError as error:
            raise ResultsError(
                f"the photo cannot be stored in {self._folder} ({error.strerror or error}): make room there or "
                "change RECIPE_API_RESULTS"
            ) from error
        return target.as_uri()

    def _write(self, target: Path, photo: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._remove_leftovers()
        part = self._folder / f".{uuid4().hex}.part"
        try:
            with part.open("xb") as stream:
                stream.write(photo)
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)

    def _remove_leftovers(self) -> None:
        for part in self._folder.glob(".*.part"):
            with suppress(OSError):  # another process may have finished it meanwhile
                if time.time() - part.stat().st_mtime > _LEFTOVER_SECONDS:
                    part.unlink()


class BucketResults:
    """Results below a prefix of a bucket, reached as the release store is (AWS_ENDPOINT_URL and credentials)."""

    def __init__(self, bucket: str, prefix: str) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._opening = Lock()

    def put(self, name: str, photo: bytes, media_type: str) -> str:
        """See `Results.put`; the bucket checks what arrives."""
        from botocore.exceptions import ClientError

        key = f"{self._prefix}/{name}"
        with self._errors():
            try:
                self._upload(key, photo, media_type, IfNoneMatch="*")
            except ClientError as error:
                status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
                if status in (409, 501):  # another upload of it is under way, or the server knows no conditions
                    self._upload(key, photo, media_type)
                elif status != 412:  # it is there already
                    raise
        return f"s3://{self._bucket}/{key}"

    def _upload(self, key: str, photo: bytes, media_type: str, **condition: str) -> None:
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=photo, ContentType=media_type, **condition)  # type: ignore[arg-type]

    @property
    def _s3(self) -> "S3Client":
        with self._opening:  # a client may be shared between threads, but not made by two at once
            return self._client

    @cached_property
    def _client(self) -> "S3Client":
        from recipe_assets.release.s3_store import default_client

        return default_client()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (BotoCoreError, ClientError) as error:
            reason = " ".join(str(error).split())
            raise ResultsError(
                f"the photo cannot be stored in s3://{self._bucket}/{self._prefix} ({reason}): check the "
                "bucket, its credentials, AWS_ENDPOINT_URL and RECIPE_API_RESULTS"
            ) from error

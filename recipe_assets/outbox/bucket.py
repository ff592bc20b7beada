"""An outbox in a bucket, on AWS or any server that speaks S3 with conditional writes."""

import base64
import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from recipe_assets.outbox.errors import OutboxChangedError, OutboxError, OutboxPathError
from recipe_assets.outbox.places import State, Stored, checked_path
from recipe_assets.release.s3_store import default_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MISSING = {"NoSuchKey", "404"}
_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}


class BucketOutbox:
    """Files below one prefix of a bucket."""

    def __init__(self, client: "S3Client", bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""

    @classmethod
    def open(cls, bucket: str, prefix: str, client: "S3Client | None" = None) -> Self:
        """The outbox at this place; by default reached by a client from the environment."""
        try:
            return cls(client if client is not None else default_client(), bucket, prefix)
        except (BotoCoreError, ValueError) as error:
            raise OutboxError(f"the outbox s3://{bucket} cannot be reached ({_line(error)}): {_CURE}") from error

    @property
    def location(self) -> str:
        """Bucket and prefix as an s3:// URL."""
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def fetch(self, path: str) -> Stored | None:
        """An object with its state, or None if there is none."""
        with self._errors(path):
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=self._key(path))
            except ClientError as error:
                if _code(error) in _MISSING:
                    return None
                raise
            with closing(answer["Body"]) as body:
                data = body.read()
            return Stored(data, State(len(data), answer["ETag"]))

    def read(self, path: str) -> bytes:
        """The bytes of an object."""
        found = self.fetch(path)
        if found is None:
            raise OutboxError(f"{path} is not in the outbox {self.location}: it was moved or removed")
        return found.data

    def write(self, path: str, data: bytes, over: str | None = "anything") -> State:
        """Put an object; S3 checks its hash on arrival, and shows it whole or not at all."""
        checksum = base64.b64encode(hashlib.sha256(data).digest()).decode()
        condition: dict[str, Any] = {} if over == "anything" else {"IfMatch": over}
        if over is None:
            condition = {"IfNoneMatch": "*"}
        with self._errors(path):
            try:
                answer = self._client.put_object(
                    Bucket=self._bucket,
                    Key=self._key(path),
                    Body=data,
                    ChecksumAlgorithm="SHA256",
                    ChecksumSHA256=checksum,
                    **condition,
                )
            except ClientError as error:
                if _code(error) not in _TAKEN and ("IfMatch" not in condition or _code(error) not in _MISSING):
                    raise
            else:
                return State(len(data), answer["ETag"])
        # If only the answer was lost and the request sent again, our own file stands there. Where nothing was to
        # stand, the same bytes may be another's, and the caller judges.
        found = self.fetch(path) if over is not None else None
        if found is None or found.data != data:
            raise self._changed(path)
        return found.state

    def remove(self, path: str, over: str = "anything") -> None:
        """Delete an object."""
        if over != "anything" and (now := self.describe(path)) is not None and now.version != over:
            raise self._changed(path)
        with self._errors(path):
            self._client.delete_object(Bucket=self._bucket, Key=self._key(path))

    def describe(self, path: str) -> State | None:
        """The state of an object, or None if there is none."""
        with self._errors(path):
            try:
                head = self._client.head_object(Bucket=self._bucket, Key=self._key(path))
            except ClientError as error:
                if _code(error) in _MISSING:
                    return None
                raise
            return State(head["ContentLength"], head["ETag"])

    def listing(self, prefix: str = "") -> dict[str, State]:
        """All objects below a folder by path, sorted; a request for every thousand."""
        below = self._prefix + (f"{checked_path(prefix)}/" if prefix else "")
        found = {}
        with self._errors(prefix):
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=below):
                for entry in page.get("Contents", []):
                    if not entry["Key"].endswith("/"):
                        found[entry["Key"].removeprefix(self._prefix)] = State(entry["Size"], entry["ETag"])
        return dict(sorted(found.items()))

    def url(self, path: str) -> str:
        """The object as an s3:// URL."""
        return f"s3://{self._bucket}/{self._key(path)}"

    def _key(self, path: str) -> str:
        return self._prefix + checked_path(path)

    def _changed(self, path: str) -> OutboxChangedError:
        return OutboxChangedError(
            f"{path} in the outbox is not the file that was expected there: it is left as it is"
        )

    @contextmanager
    def _errors(self, path: str) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            if _code(error) == "KeyTooLongError":
                raise OutboxPathError(f"{path[:200]} cannot be a path in the outbox (too long)") from error
            raise OutboxError(
                f"{path or 'a listing'} in the outbox {self.location} failed ({_code(error)}): check that the "
                "bucket exists, that the credentials may list, read, write and delete in it, and RECIPE_OUTBOX"
            ) from error
        except BotoCoreError as error:
            raise OutboxError(f"the outbox {self.location} cannot be reached ({_line(error)}): {_CURE}") from error


_CURE = "check the network, AWS_ENDPOINT_URL and the credentials"


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "unknown"))


def _line(error: Exception) -> str:
    return " ".join(str(error).split())

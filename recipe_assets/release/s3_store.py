"""Release files in an S3 bucket, or in any store that speaks S3 with conditional writes.

The rules of releases are `store`'s.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from recipe_assets.errors import ReleaseError
from recipe_assets.release.manifest import MANIFEST, ReleaseFile
from recipe_assets.release.objects import RELEASES, Content, missing

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MISSING = {"NoSuchKey", "404"}
_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
_DENIED = {
    "403",
    "401",
    "AccessDenied",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "InvalidToken",
}
_CHUNK = 1 << 20


def default_client() -> "S3Client":
    """A client from the environment that gives up within half a minute instead of boto3's several."""
    import boto3

    config = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3})
    # A session of its own: boto3's default one keeps the first credentials that a process ever found.
    client: S3Client = boto3.session.Session().client("s3", config=config)
    return client


class S3Objects:
    """The files of a store below one prefix of a bucket."""

    def __init__(self, client: "S3Client", bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""

    @property
    def url(self) -> str:
        """The bucket and prefix as an s3:// URL."""
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def read(self, key: str) -> Content | None:
        """A small object with its ETag as token, or None."""
        with self._errors():
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)
            except ClientError as error:
                if _code(error) in _MISSING:
                    return None
                raise
            with closing(answer["Body"]) as body:
                return Content(body.read(), answer["ETag"])

    def download(self, key: str, target: Path) -> None:
        """Stream an object into a file."""
        with self._errors():
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)
            except ClientError as error:
                if _code(error) in _MISSING:
                    raise missing(self.url, key) from None
                raise
            with closing(answer["Body"]) as body, target.open("wb") as stream:
                for chunk in body.iter_chunks(_CHUNK):
                    stream.write(chunk)

    def describe(self, key: str) -> ReleaseFile | None:
        """Size and hash as S3 computed them on arrival; where it keeps no hash, the object is read back."""
        with self._errors():
            try:
                head = self._client.head_object(
                    Bucket=self._bucket, Key=self._prefix + key, ChecksumMode="ENABLED"
                )
            except ClientError as error:
                if _code(error) in _MISSING:
                    return None
                raise
            if checksum := head.get("ChecksumSHA256"):
                return ReleaseFile(head["ContentLength"], base64.b64decode(checksum).hex())
            return self._read_back(key)

    def sizes(self, prefix: str) -> Mapping[str, int]:
        """Every object below a prefix with its size."""
        with self._errors():
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix
            )
            found = [entry for page in pages for entry in page.get("Contents", [])]
            return {entry["Key"].removeprefix(self._prefix): entry["Size"] for entry in found}

    def upload(self, release_id: str, folder: Path, files: Mapping[str, ReleaseFile], manifest: bytes) -> None:
        """Put each file that is not there yet, the manifest last; S3 checks each hash on arrival."""
        prefix = f"{RELEASES}/{release_id}"
        stored = self.sizes(f"{prefix}/")
        with self._errors():
            for name, file in files.items():
                if f"{prefix}/{name}" not in stored:
                    self._put_new(f"{prefix}/{name}", folder / name, file.sha256)
            self._put(f"{prefix}/{MANIFEST}", manifest, None)

    def swap(self, key: str, data: bytes, expected: str | None) -> bool:
        """Replace a small object if its ETag is still the expected one."""
        with self._errors():
            return self._put(key, data, expected)

    def _put(self, key: str, data: bytes, expected: str | None) -> bool:
        place = self._prefix + key
        try:
            if expected is None:
                self._client.put_object(Bucket=self._bucket, Key=place, Body=data, IfNoneMatch="*")
            else:
                self._client.put_object(Bucket=self._bucket, Key=place, Body=data, IfMatch=expected)
        except ClientError as error:
            if _code(error) in _TAKEN or (expected is not None and _code(error) in _MISSING):
                return False
            raise
        return True

    def _put_new(self, key: str, path: Path, sha256: str) -> None:
        checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
        try:
            with path.open("rb") as stream:
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=self._prefix + key,
                    Body=stream,
                    ChecksumAlgorithm="SHA256",
                    ChecksumSHA256=checksum,
                    IfNoneMatch="*",
                )
        except ClientError as error:
            if _code(error) not in _TAKEN:  # taken: another try stored it first; verifying tells if it is the same
                raise

    def _read_back(self, key: str) -> ReleaseFile:
        digest, size = hashlib.sha256(), 0
        answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)
        with closing(answer["Body"]) as body:
            for chunk in body.iter_chunks(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
        return ReleaseFile(size, digest.hexdigest())

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            self._explain(error)
        except (NoCredentialsError, PartialCredentialsError) as error:
            raise ReleaseError(
                f"the release store {self.url} needs credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            ) from error
        except BotoCoreError as error:
            reason = " ".join(str(error).split())
            raise ReleaseError(
                f"the release store {self.url} cannot be reached ({reason}): check network and AWS_ENDPOINT_URL"
            ) from error

    def _explain(self, error: ClientError) -> NoReturn:
        code = _code(error)
        if code == "NoSuchBucket":
            message = (
                f"the bucket of the release store {self.url} does not exist: create it or change RECIPE_RELEASES"
            )
        elif code in _DENIED:
            message = f"the release store {self.url} refuses the credentials ({code}): check them and their rights"
        else:
            reason = " ".join(str(error).split())
            message = f"the release store {self.url} failed ({reason}): try again, then ask whoever runs it"
        raise ReleaseError(message) from error


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))

"""Where keyworded photos go: files under relative paths, in a folder or a bucket, behind one small interface.

Which file goes where is `layout`'s subject. The two kinds of outbox are `folder` and `bucket`.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname

from recipe_assets.outbox.errors import OutboxError, OutboxPathError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Anything = Literal["anything"]
"""Write or remove whatever stands there."""
MAX_PATH = 1024
"""Bytes of a path: S3's limit for a whole key."""
_CONTROL = re.compile("[\x00-\x1f\x7f]")


class State(NamedTuple):
    """Size in bytes of a file, and a token that changes with its content: time and size in a folder, or the ETag.

    A program that gives a changed file its old size and its old time back goes unseen, as with rsync: whoever is
    about to destroy something compares hashes instead.
    """

    bytes: int
    version: str


class Stored(NamedTuple):
    """The bytes of a file, and its state when they were read."""

    data: bytes
    state: State


class Outbox(Protocol):
    """Files of post-production. Safe to share between threads.

    Every method raises OutboxError with one line for a person if the place cannot be used or a path cannot be one.
    """

    @property
    def location(self) -> str:
        """Where this is: an absolute folder, or s3://bucket/prefix."""

    def fetch(self, path: str) -> Stored | None:
        """A file with its state, or None if there is none."""

    def read(self, path: str) -> bytes:
        """The bytes of a file; an OutboxError if there is none."""

    def write(self, path: str, data: bytes, over: str | None = "anything") -> State:
        """Write a whole file at once, so that nobody ever sees a part of it.

        Args:
            path: relative to the outbox.
            data: the content; it is verified as stored.
            over: what may stand there now: "anything", None for nothing, or the version of a state.

        Returns:
            The state of the new file.

        Raises:
            OutboxChangedError: if something else stands there; it is left as it is.
        """

    def remove(self, path: str, over: str = "anything") -> None:
        """Remove a file, and folders that it leaves empty; one that is gone already is no error.

        Raises:
            OutboxChangedError: if it is not the version `over`; it is left as it is.
        """

    def describe(self, path: str) -> State | None:
        """The state of a file, or None if there is none."""

    def listing(self, prefix: str = "") -> dict[str, State]:
        """All files below a folder ("oven/shoot-1") by path, sorted; half-written ones are left out."""

    def url(self, path: str) -> str:
        """The address of a file: file:///... or s3://..."""


def open_outbox(location: str, s3_client: "S3Client | None" = None) -> Outbox:
    """The outbox at a folder, "file:///..." or "s3://bucket/prefix". Nothing is read or written yet.

    Args:
        location: where it is.
        s3_client: the client for a bucket; by default one from the environment (AWS_ENDPOINT_URL counts).

    Raises:
        OutboxError: if the location is of another kind.
    """
    from recipe_assets.outbox.bucket import BucketOutbox
    from recipe_assets.outbox.folder import FolderOutbox

    if location.startswith("s3://"):
        # Not as an address, in which "#" and "?" would end the prefix.
        bucket, _, prefix = location.removeprefix("s3://").partition("/")
        if bucket:
            return BucketOutbox.open(bucket, prefix.strip("/"), s3_client)
    elif location.startswith("file://"):
        parts = urlsplit(location)
        if parts.netloc in ("", "localhost") and parts.path:
            return FolderOutbox(Path(url2pathname(parts.path)))
    elif location and "://" not in location:
        return FolderOutbox(Path(location))
    raise OutboxError(f"RECIPE_OUTBOX={location} is no place for an outbox: set a folder, or s3://bucket/prefix")


def checked_path(path: str) -> str:
    """The path if it stays inside of the outbox and names one file everywhere.

    Raises:
        OutboxPathError: if it is empty, absolute, climbs, or holds what no file system can name.
    """
    parts = path.split("/")
    fits = len(path.encode("utf-8", "surrogateescape")) <= MAX_PATH and not _CONTROL.search(path)
    if not fits or any(part in ("", ".", "..") for part in parts):
        raise OutboxPathError(f"{path[:200]!r} cannot be a path in the outbox: rename the file")
    return path


def require_apart(outbox: str, studio: str) -> None:
    """Refuse an outbox inside of the studio, whose copies would arrive as new shoots for ever, and the reverse.

    Args:
        outbox: its location.
        studio: likewise.

    Raises:
        OutboxError: if one lies in the other.
    """
    mine, theirs = _normal(outbox), _normal(studio)
    if mine.startswith(theirs) or theirs.startswith(mine):
        raise OutboxError(
            f"the outbox {outbox} and the studio {studio} lie in each other, so that copies would arrive as new "
            "shoots: set RECIPE_OUTBOX to a place of its own"
        )


def _normal(location: str) -> str:
    if "://" not in location:
        location = str(Path(location).resolve())
    return location.rstrip("/") + "/"

"""What a studio is: shoots of files, in a folder or in a bucket, behind one small interface. Opens no photo.

The two kinds of studio are `folder` and `bucket`; what a file's name says is `names`' subject.
"""

import hashlib
import logging
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol
from urllib.parse import unquote

import msgspec

from recipe_assets.errors import StudioError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)

IGNORED_FILES = frozenset({"thumbs.db", "desktop.ini"})
"""What operating systems leave in folders; everything else is reported, usable or not."""
IGNORED_FOLDERS = frozenset(
    {"__macosx", "@eadir", "#recycle", "#snapshot", "$recycle.bin", "lost+found", "system volume information"}
)
"""What zip tools, operating systems and network drives keep beside photos: previews, snapshots, deleted files."""
MAX_FILE_BYTES = 1 << 30
"""Larger files are not read: a 16-bit TIFF of 150 megapixels has 900 MB."""


class StudioFile(msgspec.Struct, frozen=True):
    """One file of a shoot: its path below the shoot, size in bytes, and what changes with its content.

    `version` is the time of last change in nanoseconds (folder) or the ETag (bucket).
    """

    name: str
    bytes: int
    version: str


class Shoot(NamedTuple):
    """All files of a shoot, sorted by name, and when anything in it last changed, in seconds since 1970."""

    name: str
    files: tuple[StudioFile, ...]
    changed: float

    @property
    def fingerprint(self) -> str:
        """Hash of names, sizes and versions: changes when a file is added, changed or removed."""
        listing = [(printable(file.name), file.bytes, file.version) for file in self.files]
        return hashlib.sha256(msgspec.json.encode(listing)).hexdigest()[:16]

    def is_settling(self, seconds: float) -> bool:
        """Whether anything changed less than `seconds` ago, so that the shoot may still be on its way."""
        # A file server's clock may be ahead: what changed "tomorrow" is not fresh, or it would wait for ever.
        return abs(time.time() - self.changed) < seconds


class Studio(Protocol):
    """Where shoots arrive. Every method raises StudioError if the studio cannot be read."""

    @property
    def location(self) -> str:
        """The folder or URL, for people."""

    def shoots(self) -> dict[str, Shoot]:
        """All shoots by name, sorted, from one pass over the studio."""

    def shoot(self, name: str) -> Shoot:
        """One shoot as it is now."""

    def read(self, shoot: str, file: StudioFile) -> bytes:
        """The bytes of one file as it was listed.

        Raises:
            StudioError: if it changed since, or the studio is out of reach.
            OSError: if this one file cannot be read.
        """


def open_studio(location: str, s3_client: "S3Client | None" = None) -> Studio:
    """The studio at a folder path, a `file://` URL, or `s3://bucket/prefix`.

    Raises:
        StudioError: for any other kind of URL.
    """
    from recipe_assets.studio.bucket import BucketStudio
    from recipe_assets.studio.folder import FolderStudio

    scheme = location.partition(":")[0].lower()
    if scheme == "s3":
        return BucketStudio.open(location, s3_client)
    if scheme == "file":
        return FolderStudio(_path_of(location))
    if "://" in location or not location:
        raise _no_place(location)
    return FolderStudio(Path(location))


def _path_of(location: str) -> Path:
    """The folder of a file URL, in which "#" and "?" are letters like any other."""
    path = location.partition(":")[2]
    for start in ("//localhost/", "///"):
        path = f"/{path[len(start) :]}" if path.startswith(start) else path
    if not path.startswith("/") or path.startswith("//"):
        raise _no_place(location)
    return Path(unquote(path))


def _no_place(location: str) -> StudioError:
    return StudioError(f"RECIPE_STUDIO={location} is no place for a studio: set a folder, or s3://bucket/prefix")


def is_litter(name: str) -> bool:
    """Whether a path is hidden, or left by a zip tool, an operating system or a network drive."""
    parts = name.split("/")  # as it is written: a path library would take "./" for nothing
    litter = any(part.startswith(".") or part.lower() in IGNORED_FOLDERS for part in parts)
    return litter or parts[-1].lower() in IGNORED_FILES


def is_shoot_name(name: str) -> bool:
    """Whether a folder's name can name a shoot: no litter, plain text, and fit to name a partition and a table."""
    plain = bool(name) and printable(name) == name and name.isprintable()
    # Three dots are a range of partitions to Dagster; a file name has at most 255 bytes.
    return plain and "..." not in name and not is_litter(name) and len(os.fsencode(name)) <= 200


def warn_of_names(location: str, names: Iterable[str]) -> None:
    """Tell which folders cannot name a shoot; about litter nobody wants to know."""
    for name in names:
        if not is_shoot_name(name) and not is_litter(name):
            log.warning("%s: folder %r cannot name a shoot: rename it", location, printable(name))


def printable(name: str) -> str:
    r"""A file name that can be stored as text: bytes that are not UTF-8 (old zip tools) are written as "\xf6"."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")

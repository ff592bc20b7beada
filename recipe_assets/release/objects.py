"""What a store needs from the place it keeps its files in: the one interface of folder and S3.

The rules of releases (immutable, verified, compare-and-swap) are `store`'s; here are only the moves they need.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from recipe_assets.errors import ReleaseError
from recipe_assets.release.manifest import ReleaseFile

RELEASES = "releases"


def missing(url: str, key: str) -> ReleaseError:
    """The error for a file that a manifest lists and the place does not have."""
    return ReleaseError(f"{url}/{key} is missing: the release was only half uploaded; publish it again")


class Content(NamedTuple):
    """The bytes of a small object with the token of this version of it."""

    data: bytes
    token: str


class Objects(Protocol):
    """A place for files under keys such as "releases/<id>/manifest.json".

    Every method raises ReleaseError with one line for a person if the place cannot be used.
    """

    @property
    def url(self) -> str:
        """Where this is, for people."""

    def read(self, key: str) -> Content | None:
        """A small object, or None if there is none."""

    def download(self, key: str, target: Path) -> None:
        """Copy an object into a local file; missing objects are a ReleaseError."""

    def describe(self, key: str) -> ReleaseFile | None:
        """Size and hash of the object as it is stored, or None if there is none."""

    def sizes(self, prefix: str) -> Mapping[str, int]:
        """Every key below a prefix with its size in bytes."""

    def upload(self, release_id: str, folder: Path, files: Mapping[str, ReleaseFile], manifest: bytes) -> None:
        """Store what is not stored yet of a release, the manifest last; never overwrite anything."""

    def swap(self, key: str, data: bytes, expected: str | None) -> bool:
        """Write a small object if its version is still the expected one (None: no object); False if it is not."""

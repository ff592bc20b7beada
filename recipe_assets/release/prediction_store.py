"""Files of predictions in a release store: `predictions/date=YYYY-MM-DD/<api instance>-<number>.parquet`.

Bytes in, bytes out: what a file holds is `prediction_record`'s and `production.parquet`'s subject. A file never
changes and never overwrites another one.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from recipe_assets.errors import ReleaseError
from recipe_assets.release.objects import Objects
from recipe_assets.release.places import open_objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREDICTIONS = "predictions"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_KEY = re.compile(rf"{PREDICTIONS}/date=(\d{{4}}-\d\d-\d\d)/({_NAME.pattern})\.parquet")


class PredictionFile(NamedTuple):
    """One stored file."""

    key: str
    day: date
    bytes: int


class PredictionStore:
    """The predictions of one release store."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    @property
    def url(self) -> str:
        """Where the files are, for people."""
        return f"{self._objects.url}/{PREDICTIONS}"

    def put(self, day: date, name: str, content: bytes) -> str:
        """Store a file, unless it is stored already; returns its key.

        Repeating a call changes nothing. If the name is taken by other content (the same rows written by another
        version of the program, say), the file is stored under a second name: readers drop rows that they know.

        Args:
            day: of all rows of the file, UTC.
            name: without extension; letters, digits, "_" and "-".
            content: the file.

        Raises:
            ReleaseError: if the store cannot be reached or refuses, or the name cannot be one.
        """
        if not _NAME.fullmatch(name):
            raise ReleaseError(f"'{name}' cannot name a file of predictions: use letters, digits, '_' and '-'")
        for candidate in (name, f"{name}-{hashlib.sha256(content).hexdigest()[:12]}"):
            key = f"{PREDICTIONS}/date={day.isoformat()}/{candidate}.parquet"
            if self._objects.swap(key, content, None) or self._holds(key, content):
                return key
        raise ReleaseError(f"{self._objects.url}/{key} is taken and cannot be read back: look at the store")

    def files(self, first: date, last: date) -> list[PredictionFile]:
        """The files of these days, both included, by key; anything else that lies there is left out.

        Raises:
            ReleaseError: if the store cannot be reached.
        """
        return sorted(file for day in _days(first, last) for file in self._of_day(day))

    def read(self, file: PredictionFile) -> bytes:
        """The content of a file.

        Raises:
            ReleaseError: if it is gone, or the store cannot be reached.
        """
        found = self._objects.read(file.key)
        if found is None:
            raise ReleaseError(f"{self._objects.url}/{file.key} is gone: somebody removed it just now")
        return found.data

    def _holds(self, key: str, content: bytes) -> bool:
        found = self._objects.read(key)
        return found is not None and found.data == content

    def _of_day(self, day: date) -> Iterator[PredictionFile]:
        for key, size in self._objects.sizes(f"{PREDICTIONS}/date={day.isoformat()}/").items():
            if _KEY.fullmatch(key):
                yield PredictionFile(key, day, size)


def open_predictions(url: str, s3_client: "S3Client | None" = None) -> PredictionStore:
    """The predictions of the release store at a URL; arguments and errors are those of `places.open_objects`."""
    return PredictionStore(open_objects(url, s3_client))


def _days(first: date, last: date) -> Iterator[date]:
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)

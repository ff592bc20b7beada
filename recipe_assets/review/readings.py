"""The table of what files in the outbox were found to say, a row a photo: only changed ones are read again.

What is read, and when, is `outbox_reading`'s subject.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import msgspec
import pandas as pd

from recipe_assets.cells import plain
from recipe_assets.review.journal import Photo
from recipe_assets.review.statements import Words
from recipe_assets.storage import StorageError, TableStore

NAME = "outbox_readings"
"""The table's name in storage."""
FileState = Literal["written", "edited", "missing", "unreadable"]
_LISTS = ("iptc", "xmp", "sidecar", "ours")


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What one photo's file in the outbox was found to be.

    Attributes:
        shoot: the photo's.
        file: its path inside the shoot.
        sha256: of the original.
        path: where the file lies now, also where a person moved it to.
        state: exactly as we wrote it, changed since, gone, or not to be read this time.
        moved: whether it lies elsewhere than where we wrote it.
        version: of file and sidecar as they were read; None where nothing had to be read.
        written: hash of file and sidecar as we wrote them.
        found: the same of what is there; None for a file that is gone.
        iptc: keywords in the file; xmp, and sidecar for the file beside it, likewise.
        xmp: see `iptc`.
        sidecar: see `iptc`.
        ours: those of them that the file says we wrote.
        release_id: whose model wrote them, as the file says.
        confidence: likewise, 0-100.
        changed_at: when the file was changed, UTC; of a bucket, when that was noticed.
    """

    shoot: str
    file: str
    sha256: str
    path: str
    state: FileState
    moved: bool = False
    version: str | None = None
    written: str | None = None
    found: str | None = None
    iptc: tuple[str, ...] = ()
    xmp: tuple[str, ...] = ()
    sidecar: tuple[str, ...] = ()
    ours: tuple[str, ...] = ()
    release_id: str | None = None
    confidence: float | None = None
    changed_at: datetime | None = None

    @property
    def photo(self) -> Photo:
        """Which photo it is."""
        return Photo(self.shoot, self.file, self.sha256)

    @property
    def words(self) -> Words:
        """All words of the file."""
        return Words(self.iptc, self.xmp, self.sidecar)


_TYPES = {
    **dict.fromkeys(Reading.__struct_fields__, "string"),
    **dict.fromkeys(_LISTS, "object"),
    "moved": "boolean",
    "confidence": "Float64",
    "changed_at": "datetime64[us, UTC]",
}


def stored_readings(tables: TableStore) -> dict[Photo, Reading]:
    """What was read before, by photo; nothing before the first time.

    A damaged table is none: all changed files are read again then.
    """
    try:
        records = tables.read(NAME).to_dict("records")
        found = [
            msgspec.convert({str(name): _plain(str(name), cell) for name, cell in record.items()}, Reading)
            for record in records
        ]
    except (StorageError, msgspec.ValidationError):
        return {}
    return {reading.photo: reading for reading in found}


def store_readings(tables: TableStore, readings: Iterable[Reading]) -> None:
    """Replace the table."""
    records = [msgspec.structs.asdict(reading) for reading in readings]
    for record in records:
        record.update({name: list(record[name]) for name in _LISTS})
    columns = {name: pd.Series([one[name] for one in records], dtype=kind) for name, kind in _TYPES.items()}
    tables.write(pd.DataFrame(columns), NAME)


def readings_sha256(readings: Iterable[Reading]) -> str:
    """A hash that changes with what files were found to be: which of them were judged is told by it."""
    facts = sorted((*one.photo, one.path, one.state, one.version or "", one.written or "") for one in readings)
    return hashlib.sha256(msgspec.json.encode(facts)).hexdigest()


def _plain(name: str, cell: object) -> object:
    if name in _LISTS:
        return tuple(str(word) for word in (cell if isinstance(cell, Iterable) else ()))
    return plain(cell)

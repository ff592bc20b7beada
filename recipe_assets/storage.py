"""Where assets keep what they hand over: Parquet tables and folders of files under one root. Knows no Dagster.

Writes are atomic, so a killed run leaves the last good state; reads name what is missing.
"""

import json
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from recipe_assets.errors import RecipeError
from recipe_assets.release.files import describe_files
from recipe_assets.release.manifest import ReleaseFile

ATTRIBUTES = b"recipe_classifier"
"""The key of the Parquet file metadata that holds a table's attributes."""


class StorageError(RecipeError):
    """Something that an asset should have stored is missing or damaged."""


@dataclass(frozen=True)
class TableStore:
    """Parquet tables `<root>/<name>.parquet`, or `<root>/<name>/<partition>.parquet`."""

    root: Path

    def path(self, name: str, partition: str | None = None) -> Path:
        """Where a table is kept, whether it exists or not."""
        return self.root / f"{name}.parquet" if partition is None else self.root / name / f"{partition}.parquet"

    def write(
        self,
        table: pd.DataFrame,
        name: str,
        partition: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> Path:
        """Replace a table at once; `attributes` say what it was made from."""
        path = self.path(name, partition)
        path.parent.mkdir(parents=True, exist_ok=True)
        arrow = pa.Table.from_pandas(table, preserve_index=False)
        metadata = {**(arrow.schema.metadata or {}), ATTRIBUTES: json.dumps(dict(attributes or {})).encode()}
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".part", delete=False) as part:
            pq.write_table(arrow.replace_schema_metadata(metadata), part)
        Path(part.name).replace(path)
        return path

    def read(self, name: str, partition: str | None = None, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Read a table, or some of its columns.

        Raises:
            StorageError: if it was never written or is damaged.
        """
        path = self.path(name, partition)
        what = name if partition is None else f"{name} of shoot '{partition}'"
        if not path.is_file():
            raise StorageError(f"{what} is not there ({path}): materialize {name} first")
        try:
            return pd.read_parquet(path, columns=list(columns) if columns else None)
        except (pa.ArrowInvalid, OSError) as error:
            raise StorageError(f"{what} is damaged ({path}: {error}): materialize {name} again") from error

    def attributes(self, name: str, partition: str | None = None) -> dict[str, str] | None:
        """What a table was made from, read from its footer alone; None if there is no readable table."""
        try:
            metadata = pq.read_schema(self.path(name, partition)).metadata or {}
        except (pa.ArrowInvalid, OSError):
            return None
        attributes: dict[str, str] = json.loads(metadata.get(ATTRIBUTES, b"{}"))
        return attributes

    def partitions(self, name: str) -> list[str]:
        """The partitions of a table that exist, sorted."""
        return sorted(path.stem for path in (self.root / name).glob("*.parquet"))


LEFTOVER_SECONDS = 24 * 3600


class _FolderRecord(msgspec.Struct, frozen=True):
    folder: str
    files: dict[str, ReleaseFile]


@dataclass(frozen=True)
class FolderStore:
    """Folders of files, one version a run: `<root>/<name>/<version>/`, with `<root>/<name>.json` as the record."""

    root: Path

    def new(self, name: str, version: str) -> Path:
        """An empty folder to fill; it counts only once it is recorded."""
        folder = self.root / name / version
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def record(self, name: str, folder: Path) -> None:
        """Make a filled folder the current one; drop the one before it, and what killed runs left a day ago."""
        before = self._recorded(name)
        record = _FolderRecord(folder.name, describe_files(folder))
        part = self.root / f".{name}.part"
        part.write_bytes(msgspec.json.encode(record))
        part.replace(self.root / f"{name}.json")
        for other in folder.parent.iterdir():
            # A younger folder may be another run's, still being filled.
            stale = time.time() - other.stat().st_mtime > LEFTOVER_SECONDS
            if other != folder and (stale or (before is not None and other.name == before.folder)):
                shutil.rmtree(other, ignore_errors=True)

    def current(self, name: str) -> Path:
        """The current folder, its files verified.

        Raises:
            StorageError: if there is none, or a file is missing or changed.
        """
        record_path = self.root / f"{name}.json"
        if not record_path.is_file():
            raise StorageError(f"{name} is not there ({record_path}): materialize {name} first")
        try:
            record = msgspec.json.decode(record_path.read_bytes(), type=_FolderRecord)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise StorageError(f"{name} is damaged ({record_path}: {error}): materialize {name} again") from error
        folder = self.root / name / record.folder
        if not folder.is_dir() or describe_files(folder) != record.files:
            raise StorageError(f"{name} is damaged ({folder}): materialize {name} again")
        return folder

    def _recorded(self, name: str) -> _FolderRecord | None:
        path = self.root / f"{name}.json"
        try:
            return msgspec.json.decode(path.read_bytes(), type=_FolderRecord) if path.is_file() else None
        except msgspec.DecodeError:
            return None

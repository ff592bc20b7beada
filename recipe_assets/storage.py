"""Where assets keep the tables that they hand over: Parquet files under one root. Knows no Dagster.

Writes are atomic, so a killed run leaves the last good state; reads name what is missing.
"""

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from uuid import uuid4

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from recipe_assets.errors import RecipeError

ATTRIBUTES = b"recipe_classifier"
"""The key of the Parquet file metadata that holds a table's attributes."""
LEFTOVER_SECONDS = 24 * 3600
"""What a killed run left half-written is removed after this; a younger file may be another run's."""
_DAMAGE = (pa.ArrowException, OSError, ValueError, LookupError, TypeError)
"""What Arrow and pandas raise over a file with a few bytes flipped, found by flipping them."""


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
        return self.write_batches([table], name, partition, attributes)

    def write_batches(
        self,
        batches: Iterable[pd.DataFrame],
        name: str,
        partition: str | None = None,
        attributes: Mapping[str, str] | None = None,
        schema: pa.Schema | None = None,
    ) -> Path:
        """Replace a table by batches of rows, so that it never has to fit into memory; each is a row group.

        The old table stays until the last batch is written, and for good if one cannot be made.

        Args:
            batches: one after the other; at least one, or none where `schema` is given.
            name: of the table.
            partition: of the table.
            attributes: what the table was made from.
            schema: the columns' types, where a first batch of nothing but missing values may not tell them.

        Raises:
            ValueError: without any batch and without a schema.
        """
        path = self.path(name, partition)
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path.parent)
        part = path.with_name(f".{uuid4().hex}.part")
        try:
            with part.open("xb") as stream:
                _write_parquet(stream, batches, dict(attributes or {}), schema)
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        return path

    def read(self, name: str, partition: str | None = None, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Read a table, or some of its columns.

        Raises:
            StorageError: if it was never written, is damaged, or lacks a column.
        """
        with self._reading(name, partition) as path:
            wanted = list(pq.read_schema(path).names if columns is None else columns)
            return _whole(pd.read_parquet(path, columns=wanted, page_checksum_verification=True), wanted)

    def read_batches(
        self, name: str, partition: str | None, columns: Sequence[str], holding: AbstractSet[str] | None = None
    ) -> Iterator[pd.DataFrame]:
        """Read a table row group by row group, in little memory.

        Args:
            name: of the table.
            partition: of the table.
            columns: to read; the first one is the key.
            holding: read only row groups in which the key has one of these values.

        Raises:
            StorageError: if it was never written, is damaged, or lacks a column.
        """
        with (
            self._reading(name, partition) as path,
            pq.ParquetFile(path, page_checksum_verification=True) as file,
        ):
            for number in range(file.num_row_groups):
                if holding is not None:
                    keys = file.read_row_group(number, columns=[columns[0]]).to_pandas()[columns[0]]
                    if holding.isdisjoint(keys):
                        continue
                yield _whole(file.read_row_group(number, columns=list(columns)).to_pandas(), columns)

    @contextmanager
    def _reading(self, name: str, partition: str | None) -> Iterator[Path]:
        path = self.path(name, partition)
        what = name if partition is None else f"{name} of shoot '{partition}'"
        if not path.is_file():
            raise StorageError(f"{what} is not there ({path}): materialize {name} first")
        try:
            yield path
        except _DAMAGE as error:
            reason = " ".join(str(error).split())
            raise StorageError(f"{what} is damaged ({path}: {reason}): materialize {name} again") from error

    def columns(self, name: str, partition: str | None = None) -> list[str]:
        """The columns of a table.

        Raises:
            StorageError: if it was never written or is damaged.
        """
        with self._reading(name, partition) as path:
            return list(pq.read_schema(path).names)

    def count(self, name: str) -> int:
        """Rows of a table over all its partitions, read from the footers alone."""
        return sum(pq.read_metadata(self.path(name, partition)).num_rows for partition in self.partitions(name))

    def attributes(self, name: str, partition: str | None = None) -> dict[str, str] | None:
        """What a table was made from, read from its footer alone; None if there is no readable table."""
        try:
            metadata = pq.read_schema(self.path(name, partition)).metadata or {}
            attributes: dict[str, str] = json.loads(metadata.get(ATTRIBUTES, b"{}"))
        except _DAMAGE:
            return None
        return attributes

    def partitions(self, name: str) -> list[str]:
        """The partitions of a table that exist, sorted."""
        return sorted(path.stem for path in (self.root / name).glob("*.parquet"))


def _write_parquet(
    stream: IO[bytes], batches: Iterable[pd.DataFrame], attributes: dict[str, str], schema: pa.Schema | None
) -> None:
    frames = iter(batches)
    first = next(frames, None)
    if first is not None:
        arrow = _arrow(first, schema)
    elif schema is not None:
        arrow = schema.empty_table()
    else:
        raise ValueError("a table without a schema needs at least one batch of rows")
    metadata = {**(arrow.schema.metadata or {}), ATTRIBUTES: json.dumps(attributes).encode()}
    schema = arrow.schema.with_metadata(metadata)
    # Parquet notices damage to a page's frame only; with a checksum no value is ever read wrong.
    with pq.ParquetWriter(stream, schema, write_page_checksum=True) as writer:
        writer.write_table(arrow.replace_schema_metadata(metadata))
        for frame in frames:
            writer.write_table(_arrow(frame, schema).replace_schema_metadata(metadata))


def _arrow(frame: pd.DataFrame, schema: pa.Schema | None) -> pa.Table:
    return pa.Table.from_pandas(frame, schema=schema, preserve_index=False)


def _whole(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The frame, if it has all columns: row groups are read without a word about one that is not there."""
    if missing := sorted(set(columns) - set(frame.columns)):
        raise LookupError(f"no column {', '.join(missing)}")
    return frame


def _remove_leftovers(folder: Path) -> None:
    for part in folder.glob(".*.part"):
        with suppress(OSError):  # another run may have finished it meanwhile; if it stays, it harms nobody
            if time.time() - part.stat().st_mtime > LEFTOVER_SECONDS:
                part.unlink()

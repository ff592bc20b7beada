"""Where a shoot stands before a run: the table of last time, and what a run that was killed since then has done.

Reads, and finishes at most one move per photo. New work is `delivering`'s subject.
"""

import io

import msgspec
import pandas as pd
import pyarrow as pa

from recipe_assets.outbox.copies import sha256_of
from recipe_assets.outbox.errors import OutboxError
from recipe_assets.outbox.journal import Entry, Journal
from recipe_assets.outbox.layout import PARQUET, table_path
from recipe_assets.outbox.places import Outbox
from recipe_assets.outbox.putting import Files
from recipe_assets.outbox.rows import NAME, Row, rows_of
from recipe_assets.storage import StorageError, TableStore


def rows_before(tables: TableStore, outbox: Outbox, shoot: str, journal: Journal) -> dict[str, Row]:
    """The rows of a shoot by file, true of the outbox as runs left it; none before the first run.

    Args:
        tables: where the table is; where it was lost, its copy in the outbox counts.
        outbox: the outbox.
        shoot: which one.
        journal: of the run before, if that was killed.

    Raises:
        OutboxError: if there is a table that cannot be read, since without it nobody knows what is ours.
    """
    frame = _table(tables, outbox, shoot)
    try:
        rows = {row.file: row for row in rows_of(frame)} if frame is not None else {}
    except msgspec.ValidationError as error:
        raise OutboxError(f"{NAME} of shoot '{shoot}' is not as it should be ({error}): {_CURE}") from error
    files = Files(outbox)
    for file, entry in journal.entries().items():
        # What was begun and is not there has left things as they were: as that run knew them.
        row = entry.row if entry.state == "done" else _finished(files, entry) or entry.before
        if row is not None:
            rows[file] = row
    return rows


_CURE = "restore it from a backup, or move the shoot's folders out of the outbox and start anew"


def _table(tables: TableStore, outbox: Outbox, shoot: str) -> pd.DataFrame | None:
    if not tables.path(NAME, shoot).is_file():
        return _copy_in(outbox, shoot)
    try:
        return tables.read(NAME, shoot)
    except StorageError:
        found = _copy_in(outbox, shoot)
        if found is None:
            raise
        return found


def _copy_in(outbox: Outbox, shoot: str) -> pd.DataFrame | None:
    """The table as it stands in the outbox: another machine may have written it."""
    path = table_path(shoot, PARQUET)
    found = outbox.fetch(path)
    if found is None:
        return None
    try:
        return pd.read_parquet(io.BytesIO(found.data))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise OutboxError(f"{path} in the outbox {outbox.location} is damaged: {_CURE}") from error


def _finished(files: Files, entry: Entry) -> Row | None:
    """The row of a file that was begun, if it stands there whole: its move is brought to an end, else undone."""
    row, before = entry.row, entry.before
    held = files.held(row)
    if held.file is not None and held.left is None:
        if before is not None and before.path != row.path:
            old = files.held(before)
            if old.file is not None and old.left is None:
                files.take_out(before, old.file.state)
        return msgspec.structs.replace(row, written_version=held.file.state.version)
    if row.sidecar is not None and (before is None or before.sidecar != row.sidecar):
        beside = files.outbox.fetch(row.sidecar)
        if beside is not None and sha256_of(beside.data) == row.sidecar_sha256:
            files.outbox.remove(row.sidecar, beside.state.version)
    return None

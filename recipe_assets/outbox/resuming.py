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
        row = entry.row if entry.state == "done" else _settled(files, entry)
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


def _settled(files: Files, entry: Entry) -> Row | None:
    """The row that is true of a file that was begun: its move is brought to an end if it stands there whole.

    Else it is undone, and the row is that of before; None if there was none.
    """
    row, before = entry.row, entry.before
    if row.path is None:
        return _taken_out(files, row, before)
    held = files.held(row)
    if held.file is not None and held.left is None:
        if before is not None:
            _clear(files, before, row)
        return msgspec.structs.replace(row, written_version=held.file.state.version)
    if before is not None and before.sidecar == row.sidecar:
        return _beside(files, row, before)
    files.take_out_sidecar(row)
    return before


def _taken_out(files: Files, row: Row, before: Row | None) -> Row | None:
    """The photo goes first: where it still stands, nothing has happened yet."""
    if before is None or files.outbox.describe(before.path or "") is not None:
        return before
    files.take_out_sidecar(before)
    return row


def _clear(files: Files, before: Row, row: Row) -> None:
    """Remove what the row's files replaced, if it is still there and exactly ours."""
    if before.path == row.path:
        if before.sidecar != row.sidecar:
            files.take_out_sidecar(before)
        return
    old = files.held(before)
    if old.file is None:
        files.take_out_sidecar(before)
    elif old.left is None:
        files.take_out(before, old)


def _beside(files: Files, row: Row, before: Row) -> Row:
    """The row of before, with the new sidecar where that was written already: it is ours, not a person's."""
    found = files.outbox.fetch(row.sidecar) if row.sidecar else None
    if found is None or sha256_of(found.data) != row.sidecar_sha256:
        return before
    return msgspec.structs.replace(before, sidecar_sha256=row.sidecar_sha256)

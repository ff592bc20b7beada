"""The moves that a photo with its sidecar makes in the outbox: put, replaced, moved, taken out, looked after.

Every move says what it expects to find and leaves anything else as it is. When to move is `delivering`'s subject.
"""

from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from recipe_assets.outbox.copies import Copy, Original, is_same_copy, sha256_of
from recipe_assets.outbox.deciding import Decision
from recipe_assets.outbox.errors import OutboxChangedError
from recipe_assets.outbox.places import Outbox, State, Stored
from recipe_assets.outbox.rows import Row

TOUCHED = "a person changed the file in the outbox: it is left as it is"
MISSING = "the file is no longer where it was written: it was taken on or moved, and is not written again"
"""Why a file may not be changed."""


class Made(NamedTuple):
    """What is about to be written, with its row and what it was made from."""

    row: Row
    copy: Copy
    original: Original
    decision: Decision


class Held(NamedTuple):
    """A row's file as it stands now, or None; and why it may not be changed, or None if it is exactly ours."""

    file: Stored | None
    left: str | None


@dataclass(frozen=True)
class Files:
    """Photos with their sidecars in one outbox; a photo's row says where, and what they were when written."""

    outbox: Outbox

    def held(self, row: Row) -> Held:
        """Look at a row's file, byte for byte: times and sizes can be set back."""
        found = self.outbox.fetch(row.path or "")
        if found is None:
            return Held(None, MISSING)
        same = sha256_of(found.data) == row.written_sha256 and self._sidecar_is_ours(row)
        return Held(found, None if same else TOUCHED)

    def put(self, made: Made) -> Row:
        """Write where nothing stands; the sidecar first, since a hot folder takes a photo as soon as it is there.

        Returns:
            The row as it is now.

        Raises:
            OutboxChangedError: if another file stands there.
        """
        beside = self._put_sidecar(made)
        path = made.row.path or ""
        try:
            return _written(made.row, self.outbox.write(path, made.copy.photo, over=None))
        except OutboxChangedError:
            stored = self.outbox.fetch(path)
            if stored is not None and is_same_copy(stored.data, made.original, made.decision):
                sha256 = sha256_of(stored.data)
                return _written(msgspec.structs.replace(made.row, written_sha256=sha256), stored.state)
            if beside is not None:
                self.outbox.remove(made.row.sidecar or "", beside.version)
            raise

    def put_over(self, made: Made, before: Row, now: State) -> Row:
        """Replace a row's file, which was just found to be ours; raises as `put` does."""
        if made.row.sidecar == before.sidecar and made.copy.sidecar is not None:
            self.outbox.write(made.row.sidecar or "", made.copy.sidecar)
        else:
            self._put_sidecar(made)
        row = _written(made.row, self.outbox.write(made.row.path or "", made.copy.photo, over=now.version))
        if before.sidecar is not None and made.row.sidecar != before.sidecar:
            self.outbox.remove(before.sidecar)
        return row

    def move(self, made: Made, before: Row, now: State) -> Row:
        """Write a photo at its new place, and only then remove the old file; raises as `put` does."""
        row = self.put(made)
        try:
            self.take_out(before, now)
        except OutboxChangedError:
            # A person changed the old one this very moment: that is the one to keep.
            self.take_out(row, State(0, row.written_version or ""))
            raise
        return row

    def take_out(self, row: Row, now: State) -> None:
        """Remove a row's files, which were just found to be ours."""
        self.outbox.remove(row.path or "", now.version)
        if row.sidecar is not None:
            self.outbox.remove(row.sidecar)

    def _put_sidecar(self, made: Made) -> State | None:
        """The state of a sidecar that was written; None if there is none, or the very same one stands there."""
        path, data = made.row.sidecar, made.copy.sidecar
        if path is None or data is None:
            return None
        try:
            return self.outbox.write(path, data, over=None)
        except OutboxChangedError:
            stored = self.outbox.fetch(path)
            if stored is None or stored.data != data:
                raise
            return None

    def _sidecar_is_ours(self, row: Row) -> bool:
        found = self.outbox.fetch(row.sidecar) if row.sidecar else None
        return (sha256_of(found.data) if found else None) == row.sidecar_sha256


def _written(row: Row, state: State) -> Row:
    return msgspec.structs.replace(row, written_version=state.version)
